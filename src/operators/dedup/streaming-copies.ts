import { type Column, type NumberColumn, stringAt, type Utf8Column } from '../../streams/batch/columns.ts';
import type { BarrierDecision, BarrierSplit } from '../../streams/flow/barrier.ts';
import { readSpill } from '../../streams/flow/spill-file.ts';
import { heldSets, jaccard, type ShingleSet } from './minhash/shingle-sets.ts';
import type { Held } from './tables/held.ts';
import { SpilledTexts } from './tables/spilled-texts.ts';

export interface StreamingOptions {
  readonly bands: number;
  /** Least Jaccard similarity; null: a shared band key is enough. */
  readonly threshold: number | null;
  /** Documents in the index at most; the one that came first goes first. */
  readonly remembered: number;
  readonly shingles: (text: Uint8Array) => ShingleSet;
  /** Files that hold the texts. */
  readonly spills: readonly string[];
}

/** Survivors that a document is compared with at most. */
const COMPARED = 32;

/** A decision on rows, whatever split they are of. */
export type Decided = Omit<BarrierDecision, 'split'>;

/**
 * Keep-first in input order with a bounded index: a document is dropped when its normalised text is that of one
 * remembered, or its true similarity to a remembered one that shares a band key is at least `threshold`; else it is
 * kept and remembered. Chained hashing in typed arrays: about 400 bytes a document with 14 bands, label included.
 */
export class StreamingCopies {
  #o: StreamingOptions;
  #texts: SpilledTexts;
  #sets: Held<ShingleSet>;
  /** First node of each chain; node = slot * (bands + 1) + band, the last band being the normalised text. */
  #heads: Int32Array;
  #next: Int32Array;
  #keys: Uint32Array;
  #high: Uint32Array;
  #file: Int32Array;
  #start: Float64Array;
  #bytes: Int32Array;
  #labels: string[] = [];
  #shared: Int32Array;
  /** Documents remembered so far; number n lies in slot n modulo `remembered`. */
  #count = 0;

  constructor(options: StreamingOptions) {
    this.#o = options;
    const { remembered, bands } = options;
    const nodes = remembered * (bands + 1);
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(16, nodes)))).fill(-1);
    this.#next = new Int32Array(nodes);
    this.#keys = new Uint32Array(nodes * 2);
    this.#high = new Uint32Array(remembered * 2);
    this.#file = new Int32Array(remembered);
    this.#start = new Float64Array(remembered);
    this.#bytes = new Int32Array(remembered);
    this.#shared = new Int32Array(remembered);
    this.#texts = new SpilledTexts(options.spills);
    this.#sets = heldSets((n) => {
      const slot = n % remembered;
      return options.shingles(this.#texts.text(this.#file[slot], this.#start[slot], this.#bytes[slot]));
    });
  }

  /** Decides on the rows of a batch of side columns, in order. */
  judge(columns: ReadonlyMap<string, Column>, rows: number, file: number): Decided {
    const keep = new Uint8Array(rows).fill(1);
    const rule = new Uint8Array(rows);
    const duplicateOf: (string | null)[] = new Array(rows).fill(null);
    const similarity = new Float64Array(rows).fill(Number.NaN);
    const words = (name: string): Uint32Array => {
      const { values } = columns.get(name) as NumberColumn;
      return new Uint32Array(values.buffer, values.byteOffset, rows * 2);
    };
    const { bands } = this.#o;
    const keys = [...Array.from({ length: bands }, (_, b) => words(`band_${b}`)), words('norm_lo')];
    const high = words('norm_hi');
    const shingles = columns.get('shingles')!.values as Int32Array;
    const start = columns.get('start')!.values as Float64Array;
    const bytes = columns.get('bytes')!.values as Int32Array;
    const labels = columns.get('label') as Utf8Column;
    for (let i = 0; i < rows; i++) {
      if (shingles[i] < 0) continue;
      let twin = this.#equal(keys[bands], high, i);
      let j = 1;
      if (twin < 0 && shingles[i] > 0) [twin, j] = this.#near(keys, i, file, start[i], bytes[i]);
      if (twin >= 0) {
        keep[i] = 0;
        rule[i] = shingles[i] === 0 ? 1 : 0;
        duplicateOf[i] = this.#labels[twin];
        similarity[i] = j;
        continue;
      }
      this.#remember(keys, high, i, shingles[i] > 0);
      const slot = (this.#count - 1) % this.#o.remembered;
      this.#file[slot] = file;
      this.#start[slot] = start[i];
      this.#bytes[slot] = bytes[i];
      this.#labels[slot] = stringAt(labels, i) ?? '';
    }
    return { keep, rule, duplicateOf, similarity };
  }

  #chain(band: number, low: number, high: number): number {
    const h = Math.imul(low ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(band + 1, 0x9e3779b1), 0xc2b2ae35);
    return (h ^ (h >>> 15)) & (this.#heads.length - 1);
  }

  /** Slot of a document with this normalised text, or -1. */
  #equal(low: Uint32Array, high: Uint32Array, row: number): number {
    const { bands } = this.#o;
    const [a, b] = [low[2 * row], low[2 * row + 1]];
    for (let node = this.#heads[this.#chain(bands, a, b)]; node >= 0; node = this.#next[node]) {
      if (node % (bands + 1) !== bands || this.#keys[2 * node] !== a || this.#keys[2 * node + 1] !== b) continue;
      const slot = Math.floor(node / (bands + 1));
      if (this.#high[2 * slot] === high[2 * row] && this.#high[2 * slot + 1] === high[2 * row + 1]) return slot;
    }
    return -1;
  }

  /**
   * Slot of the most similar document above the threshold (equal: the one that came first), and the similarity; or -1.
   */
  #near(keys: readonly Uint32Array[], row: number, file: number, start: number, bytes: number): [number, number] {
    const { bands, threshold, remembered } = this.#o;
    const found: number[] = [];
    for (let band = 0; band < bands; band++) {
      const [a, b] = [keys[band][2 * row], keys[band][2 * row + 1]];
      let hits = 0;
      for (let node = this.#heads[this.#chain(band, a, b)]; node >= 0 && hits < COMPARED; node = this.#next[node]) {
        if (node % (bands + 1) !== band || this.#keys[2 * node] !== a || this.#keys[2 * node + 1] !== b) continue;
        hits++;
        const slot = Math.floor(node / (bands + 1));
        if (this.#shared[slot]++ === 0) found.push(slot);
      }
    }
    const numberOf = (slot: number): number => slot + remembered * Math.floor((this.#count - 1 - slot) / remembered);
    found.sort((x, y) => this.#shared[y] - this.#shared[x] || numberOf(x) - numberOf(y));
    for (const slot of found) this.#shared[slot] = 0;
    if (found.length === 0) return [-1, 0];
    if (threshold === null) return [found[0], Number.NaN];
    const own = this.#o.shingles(this.#texts.text(file, start, bytes));
    let [best, most] = [-1, threshold];
    for (const slot of found.slice(0, COMPARED)) {
      const j = jaccard(this.#sets.of(numberOf(slot)), own);
      if (j < most || (best >= 0 && j === most && numberOf(slot) > numberOf(best))) continue;
      [best, most] = [slot, j];
    }
    return [best, most];
  }

  #remember(keys: readonly Uint32Array[], high: Uint32Array, row: number, long: boolean): void {
    const { bands, remembered } = this.#o;
    const slot = this.#count % remembered;
    if (this.#count >= remembered) this.#forget(slot);
    this.#count++;
    for (let band = 0; band <= bands; band++) {
      const node = slot * (bands + 1) + band;
      // Without a shingle there is nothing in the bands: a node that no look-up meets.
      this.#next[node] = -2;
      if (band < bands && !long) continue;
      const [a, b] = [keys[band][2 * row], keys[band][2 * row + 1]];
      this.#keys[2 * node] = a;
      this.#keys[2 * node + 1] = b;
      const chain = this.#chain(band, a, b);
      this.#next[node] = this.#heads[chain];
      this.#heads[chain] = node;
    }
    this.#high[2 * slot] = high[2 * row];
    this.#high[2 * slot + 1] = high[2 * row + 1];
  }

  #forget(slot: number): void {
    const { bands } = this.#o;
    for (let band = 0; band <= bands; band++) {
      const node = slot * (bands + 1) + band;
      if (this.#next[node] === -2) continue;
      const chain = this.#chain(band, this.#keys[2 * node], this.#keys[2 * node + 1]);
      if (this.#heads[chain] === node) {
        this.#heads[chain] = this.#next[node];
        continue;
      }
      let at = this.#heads[chain];
      while (this.#next[at] !== node) at = this.#next[at];
      this.#next[at] = this.#next[node];
    }
  }

  close(): void {
    this.#texts.close();
  }
}

/** The streaming decision over what pass 1 of a run left: the same as online, in split order. */
export async function* decideStreaming(
  splits: readonly BarrierSplit[],
  copies: StreamingCopies,
): AsyncGenerator<BarrierDecision> {
  try {
    for (const [file, { split, keys }] of splits.entries()) {
      const parts: Decided[] = [];
      for await (const frame of readSpill(keys)) parts.push(copies.judge(frame.columns, frame.rows, file));
      yield {
        split,
        keep: Uint8Array.from(parts.flatMap((p) => [...p.keep])),
        rule: Uint8Array.from(parts.flatMap((p) => [...p.rule!])),
        duplicateOf: parts.flatMap((p) => p.duplicateOf),
        similarity: Float64Array.from(parts.flatMap((p) => [...p.similarity])),
      };
    }
  } finally {
    copies.close();
  }
}
