import { unpublished } from '../../../files/publish.ts';
import type { MinhashKeys } from '../../../kernels/minhash.ts';
import { DocumentBatch } from '../../../streams/batch/batch.ts';
import { type Column, concatColumns, takeRows } from '../../../streams/batch/columns.ts';
import type { BarrierOutputs, BarrierSplit } from '../../../streams/flow/barrier.ts';
import { encodeFrame } from '../../../streams/flow/spill.ts';
import { readSpill } from '../../../streams/flow/spill-file.ts';
import { checkIndex, type IndexHeader, type IndexReference, writeIndex } from '../tables/index-files.ts';
import type { EarlierKeys } from '../tables/key-tables.ts';

/** Bytes of a signature value in an index: the low half (b-bit minwise hashing, Li and König 2010, with b = 16). */
const VALUE_BYTES = 2;

/** Rows of a frame: whatever the splits were, an index of the same survivors has the same bytes. */
const FRAME_ROWS = 8192;

/** Bytes of a signature of so many values. */
export const signatureBytes = (values: number): number => values * VALUE_BYTES;

/** Low halves of signatures as a side column: the bytes of a utf8 column, equally many a row. */
export function signatureColumn(
  { signatures, signatureLength }: Pick<MinhashKeys, 'signatures' | 'signatureLength'>,
  rows: number,
  length: number,
): Column {
  const halves = new Uint16Array(rows * length);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < length; k++) halves[i * length + k] = signatures![i * signatureLength + k];
  const offsets = Int32Array.from({ length: rows + 1 }, (_, i) => i * signatureBytes(length));
  return { type: 'utf8', offsets, values: new Uint8Array(halves.buffer), valid: null };
}

/**
 * Share of equal values: an estimate of the Jaccard similarity J without bias, standard error sqrt(J (1 - J) / values).
 * Values that differ have equal low halves once in 65,536.
 */
export function estimatedJaccard(a: Uint16Array, b: Uint16Array): number {
  let equal = 0;
  for (let k = 0; k < a.length; k++) if (a[k] === b[k]) equal++;
  return equal / a.length;
}

/** Checks indexes of earlier runs and says where their frames begin. */
export async function openEarlier(indexes: readonly IndexReference[]): Promise<EarlierKeys[]> {
  const out: EarlierKeys[] = [];
  for (const reference of indexes) out.push({ path: reference.path, from: (await checkIndex(reference)).payloadAt });
  return out;
}

/**
 * Leaves the side columns of all documents that were kept, those of earlier runs first, in frames of 8,192 rows;
 * `label` is the id.
 * @param kept by number over all. Memory: a frame.
 */
export async function saveMinhash(
  outputs: BarrierOutputs,
  name: string,
  header: Omit<IndexHeader, 'layout' | 'keys'>,
  earlier: readonly EarlierKeys[],
  splits: readonly BarrierSplit[],
  columns: readonly string[],
  kept: { readonly count: number; has(document: number): boolean },
): Promise<void> {
  async function* survivors(): AsyncGenerator<{ columns: Column[]; rows: number }> {
    let document = 0;
    const sources = [
      ...earlier.map((e) => ({ ...e, id: 'label' })),
      ...splits.map((s) => ({ path: s.keys, from: 0, id: 'id' })),
    ];
    for (const { path, from, id } of sources)
      for await (const frame of readSpill(path, from)) {
        const rows: number[] = [];
        for (let i = 0; i < frame.rows; i++) if (kept.has(document + i)) rows.push(i);
        document += frame.rows;
        const of = (column: string): Column => takeRows(frame.columns.get(column === 'label' ? id : column)!, rows);
        if (rows.length > 0) yield { columns: columns.map(of), rows: rows.length };
      }
  }
  let sequence = 0;
  const encoded = (parts: readonly { columns: Column[]; rows: number }[]): Uint8Array[] => {
    const rows = parts.reduce((n, p) => n + p.rows, 0);
    const sizes = parts.map((p) => p.rows);
    const joined = columns.map((c, k): [string, Column] => [
      c,
      concatColumns(
        parts.map((p) => p.columns[k]),
        sizes,
      ),
    ]);
    return encodeFrame(new DocumentBatch({ rows, split: 0, sequence: sequence++, columns: new Map(joined) }));
  };
  async function* frames(): AsyncGenerator<Uint8Array> {
    let parts: { columns: Column[]; rows: number }[] = [];
    let rows = 0;
    for await (const part of survivors()) {
      for (let from = 0; from < part.rows; ) {
        const to = Math.min(part.rows, from + FRAME_ROWS - rows);
        const range = Int32Array.from({ length: to - from }, (_, i) => from + i);
        parts.push({ columns: part.columns.map((c) => takeRows(c, range)), rows: range.length });
        rows += range.length;
        from = to;
        if (rows < FRAME_ROWS) continue;
        yield* encoded(parts);
        [parts, rows] = [[], 0];
      }
    }
    if (rows > 0) yield* encoded(parts);
  }
  await writeIndex(
    unpublished(`${outputs.folder}/${name}`),
    { ...header, layout: { frameRows: FRAME_ROWS }, keys: kept.count },
    frames(),
  );
  outputs.names.push(name);
}
