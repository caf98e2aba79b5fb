import { closeSync, openSync, statSync } from 'node:fs';
import type { NumberColumn } from '../../../streams/batch/columns.ts';
import type { BarrierSplit } from '../../../streams/flow/barrier.ts';
import { readSpill } from '../../../streams/flow/spill-file.ts';
import {
  bucketOf,
  countBuckets,
  EVERY,
  HASH_BYTES,
  HASH_WORDS,
  type Halves,
  type HashRange,
  hashRanges,
  noBuckets,
} from './hash-columns.ts';
import { checkIndex, type IndexReference } from './index-files.ts';
import { type KeyTables, readFully } from './key-tables.ts';

/** Hashes that are read at once. */
const PIECE = 1 << 16;

/** The hashes of earlier runs: index after index, each in the order of adding. */
export interface EarlierHashes {
  readonly count: number;
  /** A piece at a time; the words are used again for the next piece. @returns the place of its first hash among all */
  pieces(): Generator<{ readonly words: Uint32Array; readonly hashes: number; readonly place: number }>;
}

/** Checks indexes and says what hashes they hold. Errors: InputError for a damaged or changed one. */
export async function openHashes(indexes: readonly IndexReference[]): Promise<EarlierHashes> {
  const files: { path: string; from: number; count: number }[] = [];
  for (const reference of indexes) {
    const { payloadAt } = await checkIndex(reference);
    const count = Math.floor((statSync(reference.path).size - payloadAt) / HASH_BYTES);
    files.push({ path: reference.path, from: payloadAt, count });
  }
  return {
    count: files.reduce((n, f) => n + f.count, 0),
    *pieces() {
      const buffer = new ArrayBuffer(PIECE * HASH_BYTES);
      let place = 0;
      for (const { path, from, count } of files) {
        const file = openSync(path, 'r');
        try {
          for (let done = 0; done < count; done += PIECE) {
            const hashes = Math.min(PIECE, count - done);
            readFully(file, buffer, hashes * HASH_BYTES, from + done * HASH_BYTES, path);
            yield { words: new Uint32Array(buffer), hashes, place };
            place += hashes;
          }
        } finally {
          closeSync(file);
        }
      }
    },
  };
}

/** Those of a range of buckets. @param visit takes the words, where the hash begins in them, and its place among all */
export function eachEarlier(
  earlier: EarlierHashes,
  range: Pick<HashRange, 'from' | 'to'>,
  visit: (words: Uint32Array, at: number, place: number) => void,
): void {
  for (const { words, hashes, place } of earlier.pieces())
    for (let k = 0; k < hashes; k++) {
      const bucket = bucketOf(words[HASH_WORDS * k + 1]);
      if (bucket >= range.from && bucket < range.to) visit(words, HASH_WORDS * k, place + k);
    }
}

/**
 * Ranges of buckets with at most `most` hashes of earlier runs and documents together.
 * @param half side column of the first half @returns each with a bound of its different hashes, but for a bucket that
 *   has more of them
 */
export function rangesWith(
  tables: KeyTables,
  half: string,
  earlier: EarlierHashes,
  most: number,
): { range: HashRange; room: number }[] {
  const sizes = noBuckets();
  eachEarlier(earlier, EVERY, (words, at) => {
    sizes[bucketOf(words[at + 1])]++;
  });
  countBuckets(tables, half, sizes);
  return hashRanges(sizes, most).map((range) => ({ range, room: Math.min(range.count, most) }));
}

/** What an index is to hold: bytes of the hashes chosen of earlier runs, then of the documents; in order, in pieces. */
export async function* chosenHashes(
  splits: readonly BarrierSplit[],
  halves: Halves,
  earlier: EarlierHashes,
  ofEarlier: (place: number) => boolean,
  ofDocuments: (document: number) => boolean,
): AsyncGenerator<Uint8Array> {
  for (const { words, hashes, place } of earlier.pieces()) {
    const out = new Uint32Array(hashes * HASH_WORDS);
    let to = 0;
    for (let k = 0; k < hashes; k++)
      if (ofEarlier(place + k)) for (let w = 0; w < HASH_WORDS; w++) out[to++] = words[HASH_WORDS * k + w];
    yield new Uint8Array(out.buffer, 0, to * 4);
  }
  let document = 0;
  for (const { keys } of splits)
    for await (const frame of readSpill(keys)) {
      const [a, b] = halves.map((name) => wordsOf(frame.number(name)));
      const out = new Uint32Array(frame.rows * HASH_WORDS);
      let to = 0;
      for (let i = 0; i < frame.rows; i++, document++) {
        if (!ofDocuments(document)) continue;
        out[to++] = a[2 * i];
        out[to++] = a[2 * i + 1];
        out[to++] = b[2 * i];
        out[to++] = b[2 * i + 1];
      }
      yield new Uint8Array(out.buffer, 0, to * 4);
    }
}

/** The 32-bit halves of an int64 column, low before high. */
const wordsOf = ({ values }: NumberColumn): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
