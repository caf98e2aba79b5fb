import { Held } from './held.ts';
import type { KeyTables } from './key-tables.ts';
import { SpilledTexts } from './spilled-texts.ts';

/** Stretches of spilled documents, in any order. */
export interface DocumentTexts {
  /** @param document number over all splits */
  stretch(document: number, start: number, end: number): Uint8Array;
  close(): void;
}

/** @param limitBytes of the texts last asked for, which are held */
export function documentTexts(tables: KeyTables, limitBytes: number): DocumentTexts {
  const texts = new SpilledTexts(tables.splits.map((s) => s.spill));
  const read = (document: number): Uint8Array => {
    let text = new Uint8Array(0);
    tables.scan(
      ['start', 'bytes'],
      ([starts, lengths], from, rows) => {
        const start = new Float64Array(starts, 0, rows)[document - from];
        const bytes = new Int32Array(lengths, 0, rows)[document - from];
        text = texts.text(tables.splitOf(document), start, bytes).slice();
      },
      (from, to) => document >= from && document < to,
    );
    return text;
  };
  const held = new Held(read, (text) => text.length, limitBytes);
  return {
    stretch: (document, start, end) => held.of(document).subarray(start, end),
    close: () => texts.close(),
  };
}
