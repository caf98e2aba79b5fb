import { readFile } from 'node:fs/promises';
import { InputError } from '../../errors.ts';
import { writeWhole } from '../../files/whole.ts';

/** 'SLTO' and the version of the format. */
const MAGIC = 0x4f_54_4c_53;
const VERSION = 1;

/**
 * Hashes of the groups and texts that a model was trained on, ascending: header of 16 bytes (magic, version, count),
 * then u64 each.
 */
export async function writeTrainedOn(path: string, hashes: HashList): Promise<void> {
  const sorted = hashes.sorted();
  const bytes = new Uint8Array(16 + sorted.byteLength);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, MAGIC, true);
  head.setUint32(4, VERSION, true);
  head.setBigUint64(8, BigInt(sorted.length), true);
  bytes.set(new Uint8Array(sorted.buffer), 16);
  await writeWhole(path, bytes);
}

/** Names in the folder of a model: the list, and how the documents on it were grouped. */
export const TRAINED_ON = { list: 'trained-on.bin', about: 'trained-on.json' } as const;

/** Contents of trained-on.json, beside the list of a model that has no sluice.json. */
export interface TrainedOnAbout {
  readonly format: 1;
  readonly groupBy: string;
  /** Hashes that came along with the model it was trained on from. */
  readonly ofBase: number;
  /** Texts of the training. */
  readonly texts: number;
}

/** Tells whether a group or a text was trained on. */
export interface TrainedOn {
  readonly count: number;
  /** Ascending. */
  readonly hashes: BigUint64Array;
  has(hash: bigint): boolean;
}

/** Throws InputError when the file is not what `writeTrainedOn` wrote. */
export async function readTrainedOn(path: string): Promise<TrainedOn> {
  const file = await readFile(path);
  const bytes = Uint8Array.from(file);
  const head = new DataView(bytes.buffer);
  const known = bytes.length >= 16 && head.getUint32(0, true) === MAGIC && head.getUint32(4, true) === VERSION;
  if (!known || Number(head.getBigUint64(8, true)) * 8 !== bytes.length - 16)
    throw new InputError({
      expected: 'the list of what a model was trained on',
      got: `${bytes.length} other bytes`,
      where: path,
    });
  return trainedOn(new BigUint64Array(bytes.buffer, 16));
}

/** @param hashes ascending */
export function trainedOn(hashes: BigUint64Array): TrainedOn {
  return {
    count: hashes.length,
    hashes,
    has(hash) {
      let [low, high] = [0, hashes.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (hashes[middle] < hash) low = middle + 1;
        else high = middle;
      }
      return low < hashes.length && hashes[low] === hash;
    },
  };
}

/** Collects hashes in 8 bytes each. */
export class HashList {
  #hashes = new BigUint64Array(1024);
  #count = 0;

  add(...hashes: readonly bigint[]): void {
    for (const hash of hashes) this.#append(hash);
  }

  #append(hash: bigint): void {
    if (this.#count === this.#hashes.length) {
      const larger = new BigUint64Array(2 * this.#count);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#count++] = hash;
  }

  /** Ascending, each once. */
  sorted(): BigUint64Array {
    const all = this.#hashes.slice(0, this.#count).sort();
    return all.filter((h, i) => i === 0 || h !== all[i - 1]);
  }
}
