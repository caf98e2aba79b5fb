import { concatColumns, type Utf8Column } from '../../streams/batch/columns.ts';
import { type BarrierDecision, type BarrierSplit, readKeys } from '../../streams/flow/barrier.ts';
import { chosenHashes, type EarlierHashes, eachEarlier, rangesWith } from './tables/earlier-hashes.ts';
import { EVERY, eachHash, type Halves, isNone } from './tables/hash-columns.ts';
import { KeyNumbers, withRoom } from './tables/key-numbers.ts';
import { KeyTables } from './tables/key-tables.ts';
import { DocumentSet, openLabels } from './tables/labels.ts';

/** Of a different address in a partition: its hash and the table, and its first document. */
const BYTES_PER_ADDRESS = 36;
/** In place of the first document: there is none before, or it is one of an earlier run. */
const NONE = -1;
const EARLIER = -2;

/** Names of the side columns. */
export const HALVES: Halves = ['high', 'low'];

/**
 * The first document of each address stays. Memory: 4 bytes a document, 12 for each that stands for others, and
 * partitions by hash that fit `memoryBytes`.
 * @param earlier hashes of earlier runs @param save takes those and the new ones, in input order
 */
export async function* decideUrls(
  splits: readonly BarrierSplit[],
  memoryBytes: number,
  earlier: EarlierHashes,
  save: ((payload: AsyncIterable<Uint8Array>, keys: number) => Promise<void>) | null,
): AsyncGenerator<BarrierDecision> {
  const tables = new KeyTables(splits);
  const first = firstsOf(tables, memoryBytes, earlier);
  const wanted = new DocumentSet(tables.documents);
  for (const d of first) if (d >= 0) wanted.add(d);
  const labels = openLabels(tables, wanted);
  try {
    for (let s = 0; s < splits.length; s++) {
      const heads = first.subarray(tables.first[s], tables.first[s + 1]);
      const urls = await urlsOf(splits[s]);
      yield {
        split: splits[s].split,
        keep: Uint8Array.from(heads, (d) => (d === NONE ? 1 : 0)),
        duplicateOf: Array.from(heads, (d) => (d < 0 ? null : labels.label(d))),
        similarity: Float64Array.from(heads, (d) => (d === NONE ? Number.NaN : 1)),
        ...(urls && { columns: new Map([['url_normal', urls]]) }),
      };
    }
  } finally {
    labels.close();
  }
  if (!save) return;
  const fresh = freshOf(tables, first);
  const payload = chosenHashes(
    splits,
    HALVES,
    earlier,
    () => true,
    (document) => fresh.has(document),
  );
  await save(payload, earlier.count + fresh.count());
}

/** The normal addresses of a split; null: it has no documents. */
async function urlsOf(split: BarrierSplit): Promise<Utf8Column | null> {
  const urls: Utf8Column[] = [];
  const rows: number[] = [];
  for await (const frame of readKeys(split)) {
    urls.push(frame.utf8('url'));
    rows.push(frame.rows);
  }
  return urls.length > 0 ? (concatColumns(urls, rows) as Utf8Column) : null;
}

/** The first document with the same address, NONE or EARLIER. */
function firstsOf(tables: KeyTables, memoryBytes: number, earlier: EarlierHashes): Int32Array {
  const first = new Int32Array(tables.documents).fill(NONE);
  for (const { range, room } of rangesWith(tables, HALVES[0], earlier, memoryBytes / BYTES_PER_ADDRESS)) {
    const numbers = new KeyNumbers(4, room);
    eachEarlier(earlier, range, (words, at) => {
      numbers.number(words, at);
    });
    const old = numbers.count;
    let heads = new Int32Array(Math.ceil(room));
    eachHash(tables, HALVES, range, [], () => (hash, document) => {
      if (isNone(hash)) return;
      const known = numbers.count;
      const n = numbers.number(hash, 0);
      if (n < old) first[document] = EARLIER;
      else if (n < known) first[document] = heads[n - old];
      else {
        heads = withRoom(heads, n - old + 1);
        heads[n - old] = document;
      }
    });
  }
  return first;
}

/** Documents whose address came for the first time. */
function freshOf(tables: KeyTables, first: Int32Array): DocumentSet {
  const fresh = new DocumentSet(tables.documents);
  eachHash(tables, HALVES, EVERY, [], () => (hash, document) => {
    if (!isNone(hash) && first[document] === NONE) fresh.add(document);
  });
  return fresh;
}
