import { type FileHandle, open } from 'node:fs/promises';
import type { BarrierDecision, BarrierSplit } from '../../streams/flow/barrier.ts';
import { readSpan, readSpill } from '../../streams/flow/spill-file.ts';
import { KeyTables } from './tables/key-tables.ts';
import { DocumentSet, type Labels, openLabels } from './tables/labels.ts';

/** Stands in the column `bytes` of a document that the step does not look at. */
export const OUT_OF_SCOPE = -1;
/** Measured: table, typed columns and JS overhead of one document in a partition. */
const BYTES_PER_DOCUMENT = 96;

interface Entries {
  lo: BigInt64Array;
  hi: BigInt64Array;
  split: Int32Array;
  ordinal: Int32Array;
  start: Float64Array;
  bytes: Int32Array;
  rank: Float64Array;
  count: number;
}

/** Survivors and twins over all splits; partitions by hash, so that each fits the memory given. */
export async function* decideExact(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
): AsyncGenerator<BarrierDecision> {
  const rows: number[] = [];
  for (const s of splits) rows.push(await countRows(s.keys));
  const total = rows.reduce((a, b) => a + b, 0);
  const partitions = Math.max(1, Math.ceil((total * BYTES_PER_DOCUMENT) / memoryBytes));
  /** survivor of each dropped document: [split index, ordinal] packed as split * 2^32 + ordinal; -1 = kept */
  const survivor = rows.map((n) => new Float64Array(n).fill(-1));
  const files = new TextFiles(splits);
  let labels: Labels | null = null;
  try {
    for (let p = 0; p < partitions; p++) {
      const entries = await loadPartition(splits, p, partitions, Math.ceil(total / partitions));
      await clusterPartition(entries, files, survivor);
    }
    const tables = new KeyTables(splits);
    /** Number over all splits of a packed key. */
    const numberOf = (key: number): number => tables.first[Math.floor(key / 2 ** 32)] + (key % 2 ** 32);
    const wanted = new DocumentSet(tables.documents);
    for (const column of survivor) for (const key of column) if (key >= 0) wanted.add(numberOf(key));
    labels = openLabels(tables, wanted);
    for (let s = 0; s < splits.length; s++) {
      const keep = new Uint8Array(rows[s]);
      const duplicateOf: (string | null)[] = [];
      const similarity = new Float64Array(rows[s]).fill(Number.NaN);
      for (let i = 0; i < rows[s]; i++) {
        const key = survivor[s][i];
        keep[i] = key < 0 ? 1 : 0;
        duplicateOf.push(key < 0 ? null : labels.label(numberOf(key)));
        if (key >= 0) similarity[i] = 1;
      }
      yield { split: splits[s].split, keep, duplicateOf, similarity };
    }
  } finally {
    labels?.close();
    await files.close();
  }
}

async function countRows(keys: string): Promise<number> {
  let rows = 0;
  for await (const batch of readSpill(keys)) rows += batch.rows;
  return rows;
}

async function loadPartition(
  splits: readonly BarrierSplit[],
  partition: number,
  partitions: number,
  expected: number,
): Promise<Entries> {
  let e = makeEntries(Math.max(1024, Math.ceil(expected * 1.2)));
  for (let s = 0; s < splits.length; s++) {
    let ordinal = 0;
    for await (const batch of readSpill(splits[s].keys)) {
      const [lo, hi] = [batch.number('lo').values as BigInt64Array, batch.number('hi').values as BigInt64Array];
      const [start, bytes] = [batch.number('start').values as Float64Array, batch.number('bytes').values as Int32Array];
      const rank = batch.number('rank').values as Float64Array;
      for (let i = 0; i < batch.rows; i++, ordinal++) {
        if (bytes[i] === OUT_OF_SCOPE) continue;
        if (partitions > 1 && Number(BigInt.asUintN(32, hi[i])) % partitions !== partition) continue;
        if (e.count === e.lo.length) e = grown(e);
        const k = e.count++;
        e.lo[k] = lo[i];
        e.hi[k] = hi[i];
        e.split[k] = s;
        e.ordinal[k] = ordinal;
        e.start[k] = start[i];
        e.bytes[k] = bytes[i];
        e.rank[k] = rank[i];
      }
    }
  }
  return e;
}

function makeEntries(capacity: number): Entries {
  return {
    lo: new BigInt64Array(capacity),
    hi: new BigInt64Array(capacity),
    split: new Int32Array(capacity),
    ordinal: new Int32Array(capacity),
    start: new Float64Array(capacity),
    bytes: new Int32Array(capacity),
    rank: new Float64Array(capacity),
    count: 0,
  };
}

function grown(e: Entries): Entries {
  const next = makeEntries(e.lo.length * 2);
  for (const k of ['lo', 'hi', 'split', 'ordinal', 'start', 'bytes', 'rank'] as const)
    (next[k] as Float64Array).set(e[k] as Float64Array);
  next.count = e.count;
  return next;
}

/** Open addressing over the entries of a partition; equal hashes are compared by bytes before they count as equal. */
async function clusterPartition(e: Entries, files: TextFiles, survivor: readonly Float64Array[]): Promise<void> {
  let size = 16;
  while (size < e.count * 2) size *= 2;
  const table = new Int32Array(size).fill(-1);
  const mask = BigInt(size - 1);
  /** first member of the cluster of each entry, and the best member of each cluster */
  const root = new Int32Array(e.count);
  const best = new Int32Array(e.count);
  for (let k = 0; k < e.count; k++) {
    root[k] = best[k] = k;
    for (let slot = Number(e.lo[k] & mask); ; slot = (slot + 1) & (size - 1)) {
      const other = table[slot];
      if (other < 0) {
        table[slot] = k;
        break;
      }
      if (e.lo[other] !== e.lo[k] || e.hi[other] !== e.hi[k] || !(await sameText(e, other, k, files))) continue;
      root[k] = other;
      if (e.rank[k] > e.rank[best[other]]) best[other] = k;
      break;
    }
  }
  for (let k = 0; k < e.count; k++) {
    const keep = best[root[k]];
    if (keep !== k) survivor[e.split[k]][e.ordinal[k]] = e.split[keep] * 2 ** 32 + e.ordinal[keep];
  }
}

async function sameText(e: Entries, a: number, b: number, files: TextFiles): Promise<boolean> {
  if (e.bytes[a] !== e.bytes[b]) return false;
  const [x, y] = [
    await files.text(e.split[a], e.start[a], e.bytes[a], true),
    await files.text(e.split[b], e.start[b], e.bytes[b], false),
  ];
  return Buffer.compare(x, y) === 0;
}

/** Reads texts back from the spills; keeps few files open and the last texts of cluster heads in memory. */
class TextFiles {
  #splits: readonly BarrierSplit[];
  #open = new Map<number, FileHandle>();
  #heads = new Map<string, Uint8Array>();
  #headBytes = 0;

  constructor(splits: readonly BarrierSplit[]) {
    this.#splits = splits;
  }

  async text(split: number, start: number, bytes: number, head: boolean): Promise<Uint8Array> {
    const key = `${split}:${start}`;
    const known = head ? this.#heads.get(key) : undefined;
    if (known) return known;
    const text = await readSpan(await this.#handle(split), start, bytes, this.#splits[split].spill);
    if (head) this.#remember(key, text);
    return text;
  }

  #remember(key: string, text: Uint8Array): void {
    this.#heads.set(key, text);
    this.#headBytes += text.length;
    for (const [k, t] of this.#heads) {
      if (this.#headBytes <= 16e6) break;
      this.#heads.delete(k);
      this.#headBytes -= t.length;
    }
  }

  async #handle(split: number): Promise<FileHandle> {
    const known = this.#open.get(split);
    if (known) return known;
    if (this.#open.size >= 64) await this.close();
    const handle = await open(this.#splits[split].spill, 'r');
    this.#open.set(split, handle);
    return handle;
  }

  async close(): Promise<void> {
    for (const handle of this.#open.values()) await handle.close();
    this.#open.clear();
  }
}
