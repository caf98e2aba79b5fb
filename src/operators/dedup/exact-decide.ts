import type { BarrierDecision, BarrierSplit } from '../../streams/flow/barrier.ts';
import { countBuckets, EVERY, eachHash, type HashRange, hashRanges, noBuckets } from './tables/hash-columns.ts';
import { Held } from './tables/held.ts';
import { KeyNumbers, withRoom } from './tables/key-numbers.ts';
import { KeyTables } from './tables/key-tables.ts';
import { DocumentSet, openLabels } from './tables/labels.ts';
import { OUT_OF_SCOPE } from './tables/scope.ts';
import { SpilledTexts } from './tables/spilled-texts.ts';
import { TextPlaces } from './tables/text-places.ts';
import { TwiceFilter } from './tables/twice-filter.ts';

/** Of a different text in a partition: its hash and the table, where it lies, and its best document. */
const BYTES_PER_TEXT = 60;
/** Texts of first documents that are held for the next comparison. */
const HELD_BYTES = 16e6;

/**
 * Survivors and twins over all splits, in partitions by hash. Equal hashes are compared by bytes before they count as
 * equal. Memory: 4 bytes a document, 12 for each that stands for others, and partitions that fit `memoryBytes`.
 */
export async function* decideExact(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(splits);
  const survivor = survivorsOf(tables, memoryBytes);
  const wanted = new DocumentSet(tables.documents);
  for (const d of survivor) if (d >= 0) wanted.add(d);
  const labels = openLabels(tables, wanted);
  try {
    for (let s = 0; s < splits.length; s++) {
      const heads = survivor.subarray(tables.first[s], tables.first[s + 1]);
      yield {
        split: splits[s].split,
        keep: Uint8Array.from(heads, (d) => (d < 0 ? 1 : 0)),
        duplicateOf: Array.from(heads, (d) => (d < 0 ? null : labels.label(d))),
        similarity: Float64Array.from(heads, (d) => (d < 0 ? Number.NaN : 1)),
      };
    }
  } finally {
    labels.close();
  }
}

/**
 * Where the texts lie that `decideExact` may compare: of each split, from and to, of those whose hash came before or
 * comes again (and of one in some hundred others). Memory: 8 bytes a document, and an eighth of `memoryBytes`.
 */
export async function comparedTexts(splits: readonly BarrierSplit[], memoryBytes: number): Promise<Float64Array[]> {
  const tables = new KeyTables(splits);
  const [few, fewer] = [new TwiceFilter(tables.documents), new TwiceFilter(tables.documents)];
  const found = new TextPlaces(splits.length, memoryBytes / 8);
  const each = (visit: (hash: Uint32Array, document: number, start: number, bytes: number) => unknown): void =>
    eachHash(tables, ['lo', 'hi'], EVERY, ['start', 'bytes'], ([starts, lengths], rows) => {
      const [start, bytes] = [new Float64Array(starts, 0, rows), new Int32Array(lengths, 0, rows)];
      return (hash, document, row) => {
        if (bytes[row] !== OUT_OF_SCOPE) visit(hash, document, start[row], bytes[row]);
      };
    });
  const first = (hash: Uint32Array): boolean => few.twice(hash[0], hash[2]);
  each((hash) => few.add(hash[0], hash[2]));
  // What the first took for more is looked at again by the other words.
  each((hash) => first(hash) && fewer.add(hash[1], hash[3]));
  each((hash, document, start, bytes) => {
    if (first(hash) && fewer.twice(hash[1], hash[3])) found.add(tables.splitOf(document), start, start + bytes);
  });
  return found.all();
}

/** The document that stands for each, or -1. */
function survivorsOf(tables: KeyTables, memoryBytes: number): Int32Array {
  const survivor = new Int32Array(tables.documents).fill(-1);
  const texts = new SpilledTexts(tables.splits.map((s) => s.spill));
  const sizes = noBuckets();
  countBuckets(tables, 'lo', sizes);
  const most = memoryBytes / BYTES_PER_TEXT;
  try {
    for (const range of hashRanges(sizes, most))
      clusterRange(tables, range, Math.min(range.count, most), Math.min(HELD_BYTES, memoryBytes / 8), texts, survivor);
  } finally {
    texts.close();
  }
  // A first document that is not the best of its text points to the best, which comes later: so do its copies.
  for (let d = 0; d < survivor.length; d++) {
    const first = survivor[d];
    if (first < 0 || first > d) continue;
    const best = survivor[first] < 0 ? first : survivor[first];
    survivor[d] = best === d ? -1 : best;
  }
  return survivor;
}

/** Points each document of a range to the first of its text, and that to the best one where it is another. */
function clusterRange(
  tables: KeyTables,
  range: HashRange,
  room: number,
  heldBytes: number,
  texts: SpilledTexts,
  survivor: Int32Array,
): void {
  const seen = new KeyNumbers(4, room);
  /** Of each text: its first document and where it lies, its best document and rank. */
  let first = new Int32Array(Math.ceil(room));
  let at = new Float64Array(first.length);
  let length = new Int32Array(first.length);
  let best = new Int32Array(first.length);
  let most = new Float64Array(first.length);
  const read = (document: number, start: number, bytes: number): Uint8Array =>
    texts.text(tables.splitOf(document), start, bytes);
  const held = new Held(
    (n) => read(first[n], at[n], length[n]).slice(),
    (text) => text.length,
    heldBytes,
  );
  eachHash(tables, ['lo', 'hi'], range, ['start', 'bytes', 'rank'], (columns, rows) => {
    const [start, rank] = [new Float64Array(columns[0], 0, rows), new Float64Array(columns[2], 0, rows)];
    const bytes = new Int32Array(columns[1], 0, rows);
    return (hash, document, row) => {
      if (bytes[row] === OUT_OF_SCOPE) return;
      const known = seen.count;
      const same = (n: number): boolean =>
        length[n] === bytes[row] && Buffer.compare(held.of(n), read(document, start[row], bytes[row])) === 0;
      const n = seen.number(hash, 0, same);
      if (n < known) {
        survivor[document] = first[n];
        if (rank[row] > most[n]) [best[n], most[n]] = [document, rank[row]];
        return;
      }
      [first, at, length] = [withRoom(first, n + 1), withRoom(at, n + 1), withRoom(length, n + 1)];
      [best, most] = [withRoom(best, n + 1), withRoom(most, n + 1)];
      [first[n], at[n], length[n]] = [document, start[row], bytes[row]];
      [best[n], most[n]] = [document, rank[row]];
    };
  });
  for (let n = 0; n < seen.count; n++) if (best[n] !== first[n]) survivor[first[n]] = best[n];
}
