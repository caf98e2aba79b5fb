import { SpilledTexts } from '../minhash/shingle-sets.ts';
import type { KeyTables } from './key-tables.ts';

/** Stretches of spilled documents, in any order: the texts last asked for are held, up to a number of bytes. */
export class DocumentTexts {
  #tables: KeyTables;
  #texts: SpilledTexts;
  #limit: number;
  #held = new Map<number, Uint8Array>();
  #bytes = 0;

  constructor(tables: KeyTables, limitBytes: number) {
    this.#tables = tables;
    this.#texts = new SpilledTexts(tables.splits.map((s) => s.spill));
    this.#limit = limitBytes;
  }

  /** @param document number over all splits */
  stretch(document: number, start: number, end: number): Uint8Array {
    return this.#text(document).subarray(start, end);
  }

  close(): void {
    this.#texts.close();
  }

  #text(document: number): Uint8Array {
    const known = this.#held.get(document);
    if (known) {
      this.#held.delete(document);
      this.#held.set(document, known);
      return known;
    }
    const text = this.#read(document);
    this.#held.set(document, text);
    this.#bytes += text.length;
    for (const [other, held] of this.#held) {
      if (this.#bytes <= this.#limit || other === document) break;
      this.#held.delete(other);
      this.#bytes -= held.length;
    }
    return text;
  }

  #read(document: number): Uint8Array {
    let text = new Uint8Array(0);
    this.#tables.scan(
      ['start', 'bytes'],
      ([starts, lengths], from, rows) => {
        const start = new Float64Array(starts, 0, rows)[document - from];
        const bytes = new Int32Array(lengths, 0, rows)[document - from];
        text = this.#texts.text(this.#tables.splitOf(document), start, bytes).slice();
      },
      (from, to) => document >= from && document < to,
    );
    return text;
  }
}
