import type { DocumentBatch } from '../../../streams/batch/batch.ts';
import { type Column, isValid, type Utf8Column } from '../../../streams/batch/columns.ts';
import { DERIVED, LINEAGE } from '../../../streams/batch/lineage.ts';
import type { KeyTables } from '../tables/key-tables.ts';

/** Side column: hash of the document of the input that a row comes of, and in the sign whether a generator wrote it. */
export const KIN = 'kin';
const HASH = 0x7fffffff;
const GENERATED = -0x80000000;

/** @param labels positions of the rows */
export function kinColumn(batch: DocumentBatch, { values, offsets }: Utf8Column): Column {
  const derived = batch.columns.get(DERIVED) as Utf8Column | undefined;
  const generator = batch.columns.get(LINEAGE.generator);
  const out = new Int32Array(batch.rows);
  for (let row = 0; row < batch.rows; row++) {
    const own = derived && isValid(derived, row) ? 1 + derived.offsets[row + 1] - derived.offsets[row] : 0;
    // FNV-1a over the label of the document of the input.
    let hash = 0x811c9dc5;
    for (let i = offsets[row]; i < offsets[row + 1] - own; i++) hash = Math.imul(hash ^ values[i], 0x01000193);
    out[row] = (hash & HASH) | (generator && isValid(generator, row) ? GENERATED : 0);
  }
  return { type: 'int32', values: out, valid: null };
}

/** Tells of two members, by their numbers, whether a generator made one of them of what the other comes of too. */
export function kinOf(tables: KeyTables, documents: Int32Array): (a: number, b: number) => boolean {
  const kin = new Int32Array(documents.length);
  let next = documents.findIndex((d) => d >= tables.earlier);
  if (next < 0) return () => false;
  tables.scan(
    [KIN],
    ([buffer], from, rows) => {
      const values = new Int32Array(buffer, 0, rows);
      for (; next < documents.length && documents[next] < from + rows; next++)
        kin[next] = values[documents[next] - from];
    },
    (from, to) => next < documents.length && documents[next] >= from && documents[next] < to,
  );
  // They lie in one split, where hashes of 31 bits are not equal by chance.
  const split = documents.map((d) => (d < tables.earlier ? -1 : tables.splitOf(d)));
  return (a, b) => split[a] === split[b] && split[a] >= 0 && areKin(kin[a], kin[b]);
}

/** Whether a generator made one of what the other comes of too, by their side columns; of documents of one split. */
export const areKin = (a: number, b: number): boolean => (a | b) < 0 && (a & HASH) === (b & HASH);
