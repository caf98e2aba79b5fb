import { join } from 'node:path';
import { tokens } from 'sluice';
import { publish } from '../../src/files/publish.ts';
import type { TableBatch } from '../../src/sinks/table.ts';
import { openSegmentWriter } from '../../src/sinks/writers.ts';
import { type Column, utf8Column } from '../../src/streams/batch/columns.ts';
import type { TokenSplit } from '../../src/streams/tokens/split-index.ts';

export interface StoredDocument {
  readonly domain: string;
  readonly text: string;
  /** Default: its place in a batch of three. */
  readonly id?: string;
}

const table = (documents: readonly StoredDocument[]): TableBatch => {
  const rows = documents.length;
  const utf8 = (of: (d: StoredDocument, i: number) => string): Column => utf8Column(documents.map(of));
  const int64 = (): Column => ({ type: 'int64', values: new BigInt64Array(rows), valid: null });
  return {
    rows,
    columns: new Map<string, Column>([
      ['id', utf8((d, i) => d.id ?? `d${i}`)],
      ['text', utf8((d) => d.text)],
      ['domain', utf8((d) => d.domain)],
      ['file', utf8(() => 'a.jsonl')],
      ['block', int64()],
      ['offset', int64()],
      ['row', { type: 'uint32', values: Uint32Array.from(documents, (_, i) => i), valid: null }],
    ]),
  };
};

/** Writes one split of a store of bytes, in batches of three documents; null when it has none. */
export async function storeSplit(
  folder: string,
  split: number,
  documents: readonly StoredDocument[],
  endOfText: number | null = 256,
): Promise<TokenSplit | null> {
  const sink = tokens({ tokenizer: 'bytes', endOfText });
  const writer = await openSegmentWriter(sink, { runDirectory: folder, path: `split-${split}` });
  for (let i = 0; i < documents.length; i += 3) await writer.write(table(documents.slice(i, i + 3)));
  const file = await writer.finish();
  if (file === null) return null;
  const index = writer.beside!.index;
  await publish(folder, [file, index]);
  return {
    bin: join(folder, file.path),
    index: join(folder, index.path),
    tokens: new Map(Object.entries(file.tokens!).map(([domain, t]) => [domain, t.tokens])),
    documents: file.rows,
  };
}
