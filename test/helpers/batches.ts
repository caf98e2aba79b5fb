import { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { type Column, utf8Column } from '../../src/streams/batch/columns.ts';

export interface TestDocument {
  readonly text: string;
  readonly id?: string;
  readonly domain?: string;
}

/** A batch of literal documents as a reader would make it, at byte offsets 0, 100, 200 ... of file `test.jsonl`. */
export function batchOf(
  documents: readonly (string | TestDocument)[],
  { split = 0, sequence = 0, annotations = {} as Record<string, readonly (number | null)[]> } = {},
): DocumentBatch {
  const rows = documents.map((d) => (typeof d === 'string' ? { text: d } : d));
  const columns = new Map<string, Column>([
    ['file', utf8Column(rows.map(() => 'test.jsonl'))],
    ['block', { type: 'int64', values: new BigInt64Array(rows.length), valid: null }],
    [
      'offset',
      { type: 'int64', values: BigInt64Array.from(rows, (_, i) => BigInt(100 * (i + 1000 * sequence))), valid: null },
    ],
    ['row', { type: 'uint32', values: Uint32Array.from(rows, (_, i) => i), valid: null }],
    ['id', utf8Column(rows.map((d, i) => d.id ?? `d${i}`))],
    ['text', utf8Column(rows.map((d) => d.text))],
    ['domain', utf8Column(rows.map((d) => d.domain ?? 'test'))],
    ['metadata', utf8Column(rows.map(() => '{}'))],
  ]);
  for (const [name, values] of Object.entries(annotations)) columns.set(name, numbers(values));
  return new DocumentBatch({ rows: rows.length, columns, split, sequence });
}

/** A float64 column of literals; null is null. */
export function numbers(values: readonly (number | null)[]): Column {
  const valid = new Uint8Array((values.length + 7) >> 3);
  values.forEach((v, i) => {
    if (v !== null) valid[i >> 3] |= 1 << (i & 7);
  });
  return {
    type: 'float64',
    values: Float64Array.from(values, (v) => v ?? 0),
    valid: values.includes(null) ? valid : null,
  };
}
