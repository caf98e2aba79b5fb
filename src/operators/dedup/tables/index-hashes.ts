import type { BarrierDecision, BarrierOutputs, BarrierSplit } from '../../../streams/flow/barrier.ts';
import { readSpill } from '../../../streams/flow/spill-file.ts';
import { type IndexHeader, type IndexReference, readIndex, writeIndex } from './index-files.ts';

/** What an index of whole texts must be. */
export const TEXT_HASHES = {
  kind: 'hashes',
  version: 1,
  parameters: { key: 'text', hash: 'content_hash@1' },
} as const satisfies Partial<IndexHeader>;

/** A set of 128-bit hashes in the order of adding, 16 bytes each and a table of 4 to 8 bytes. */
export class HashSet {
  #pairs = new BigInt64Array(2048);
  #slots = new Int32Array(2048);
  size = 0;

  #slotOf(high: bigint, low: bigint): number {
    const mask = this.#slots.length - 1;
    let slot = Number(BigInt.asUintN(32, low)) & mask;
    for (let k = this.#slots[slot]; k > 0; k = this.#slots[slot]) {
      if (this.#pairs[2 * k - 2] === high && this.#pairs[2 * k - 1] === low) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  has(high: bigint, low: bigint): boolean {
    return this.#slots[this.#slotOf(high, low)] > 0;
  }

  add(high: bigint, low: bigint): void {
    const slot = this.#slotOf(high, low);
    if (this.#slots[slot] > 0) return;
    this.#pairs[2 * this.size] = high;
    this.#pairs[2 * this.size + 1] = low;
    this.#slots[slot] = ++this.size;
    if (2 * this.size === this.#slots.length) this.#grow();
  }

  #grow(): void {
    const pairs = new BigInt64Array(2 * this.#pairs.length);
    pairs.set(this.#pairs);
    this.#pairs = pairs;
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let k = 1; k <= this.size; k++) this.#slots[this.#slotOf(pairs[2 * k - 2], pairs[2 * k - 1])] = k;
  }

  /** All hashes, high half before low half, in the order in which they came. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#pairs.buffer, 0, 16 * this.size);
  }

  addAll(payload: Uint8Array): void {
    const pairs = new BigInt64Array(payload.slice().buffer);
    for (let k = 0; k + 1 < pairs.length; k += 2) this.add(pairs[k], pairs[k + 1]);
  }
}

/**
 * Decisions with those of earlier runs over them: what stands in one of `indexes` is dropped, its copies here with it.
 * Leaves the hashes of all texts, old and new, when `saveAs` names a file. Memory: some 40 bytes a text. Earlier texts
 * are gone: here the 128-bit hash decides alone.
 */
export async function* againstEarlier(
  decisions: AsyncIterable<BarrierDecision>,
  splits: readonly BarrierSplit[],
  indexes: readonly IndexReference[],
  saveAs: string | null,
  outputs: BarrierOutputs | undefined,
): AsyncGenerator<BarrierDecision> {
  const earlier = new HashSet();
  for (const reference of indexes) earlier.addAll((await readIndex(reference)).payload);
  const fresh = new HashSet();
  const keysOf = new Map(splits.map((s) => [s.split, s.keys]));
  for await (const decision of decisions) {
    const keep = decision.keep.slice();
    const duplicateOf = [...decision.duplicateOf];
    const similarity = decision.similarity.slice();
    let row = 0;
    for await (const frame of readSpill(keysOf.get(decision.split)!)) {
      const [high, low] = ['lo', 'hi'].map((name) => frame.number(name).values as BigInt64Array);
      const bytes = frame.number('bytes').values;
      for (let i = 0; i < frame.rows; i++, row++) {
        // Not looked at by the step.
        if (Number(bytes[i]) < 0) continue;
        if (earlier.has(high[i], low[i])) {
          keep[row] = 0;
          duplicateOf[row] = null;
          similarity[row] = 1;
        } else if (saveAs !== null) fresh.add(high[i], low[i]);
      }
    }
    yield { ...decision, keep, duplicateOf, similarity };
  }
  if (saveAs === null || !outputs) return;
  const header: IndexHeader = { ...TEXT_HASHES, layout: {}, keys: earlier.size + fresh.size };
  await writeIndex(`${outputs.folder}/${saveAs}.tmp`, header, [earlier.bytes(), fresh.bytes()]);
  outputs.names.push(saveAs);
}
