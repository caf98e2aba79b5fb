import { ConfigError } from '../../errors.ts';
import { type BloomFilter, blocksFor, openBloom } from '../../kernels/bloom.ts';
import type { BarrierDecision } from '../../streams/flow/barrier.ts';
import type { Json, StepDescriptor } from '../../streams/operator.ts';
import type { BloomKeys } from './bloom-keys.ts';
import type { BloomOptions } from './bloom-options.ts';
import { type IndexHeader, type IndexReference, readIndex } from './tables/index-files.ts';

/** What must be equal for the keys of two filters to mean the same. */
export function bloomParameters({ key, minParagraphBytes, url }: BloomOptions): { readonly [key: string]: Json } {
  return {
    key,
    hash: 'content_hash@1',
    ...(key === 'paragraphs' && { minParagraphBytes }),
    ...(key === 'url' && { url }),
  };
}

/**
 * The filter of a step: its own, begun as a copy of an earlier one of the same size, and earlier ones of other sizes
 * beside it.
 */
export interface SeenKeys {
  /**
   * 1 where a key was seen before; adds the others. Errors: ConfigError when there are more keys than the filter is
   * made for.
   */
  add(keys: BigUint64Array): Uint8Array;
  header(): IndexHeader;
  bits(): Uint8Array;
}

export async function openSeenKeys(descriptor: StepDescriptor): Promise<SeenKeys> {
  const options = descriptor.options as unknown as BloomOptions & { readonly indexes: readonly IndexReference[] };
  const { expectedKeys, falsePositiveRate } = options;
  const blocks = blocksFor(expectedKeys, falsePositiveRate);
  const own = await openBloom(blocks);
  const others: BloomFilter[] = [];
  let count = 0;
  for (const reference of options.indexes) {
    const { header, payload } = await readIndex(reference);
    if (header.layout.blocks === blocks) {
      const bits = own.bits();
      for (let i = 0; i < bits.length; i++) bits[i] |= payload[i];
      count += header.keys;
      continue;
    }
    const other = await openBloom(Number(header.layout.blocks));
    other.bits().set(payload);
    others.push(other);
  }
  return {
    add(keys) {
      const old = others.map((o) => o.has(keys));
      const fresh = Uint8Array.from(keys, (_, i) => (old.some((o) => o[i] === 1) ? 0 : 1));
      const seen = own.add(keys, fresh);
      for (let i = 0; i < seen.length; i++) {
        if (fresh[i] === 0) seen[i] = 1;
        else if (seen[i] === 0) count++;
      }
      if (count > expectedKeys) throw tooMany(descriptor.step, expectedKeys);
      return seen;
    },
    header: () => ({
      kind: 'bloom',
      version: 1,
      parameters: bloomParameters(options),
      layout: { blocks, expectedKeys, falsePositiveRate },
      keys: count,
    }),
    bits: () => own.bits(),
  };
}

const tooMany = (step: string, expected: number): ConfigError =>
  new ConfigError({
    expected: `at most ${expected} different keys, which the filter is made for`,
    got: 'more: the false-positive rate would not hold',
    where: `step ${step}`,
    fix: `Set ${step}.expectedKeys higher; filters of earlier runs in \`against\` count too.`,
  });

/**
 * The decision on rows by what was seen of their keys. A text is dropped with its key; with paragraphs, when nothing
 * but space is left.
 */
export function bloomDecision(
  split: number,
  { offsets, start, end, solid }: BloomKeys,
  seen: Uint8Array,
): BarrierDecision {
  const rows = offsets.length - 1;
  const keep = new Uint8Array(rows).fill(1);
  const value = new Float64Array(rows).fill(Number.NaN);
  const cutOffsets = new Int32Array(rows + 1);
  const cutStart: number[] = [];
  const cutEnd: number[] = [];
  for (let row = 0; row < rows; row++) {
    let bytes = 0;
    const firstCut = cutStart.length;
    for (let k = offsets[row]; k < offsets[row + 1]; k++) {
      if (seen[k] === 0) continue;
      if (solid === null) keep[row] = 0;
      bytes += end[k] - start[k];
      // Neighbours are one cut.
      if (cutStart.length > firstCut && cutEnd[cutEnd.length - 1] === start[k]) cutEnd[cutEnd.length - 1] = end[k];
      else if (solid !== null) {
        cutStart.push(start[k]);
        cutEnd.push(end[k]);
      }
    }
    if (solid !== null && bytes > 0) {
      value[row] = bytes / solid[row];
      if (bytes === solid[row]) {
        keep[row] = 0;
        cutStart.length = cutEnd.length = firstCut;
      }
    } else if (keep[row] === 0) value[row] = 1;
    cutOffsets[row + 1] = cutStart.length;
  }
  const cuts = {
    offsets: cutOffsets,
    start: Int32Array.from(cutStart),
    end: Int32Array.from(cutEnd),
    rule: new Uint16Array(cutStart.length),
    rules: ['bloom_paragraph'],
  };
  return {
    split,
    keep,
    duplicateOf: new Array(rows).fill(null),
    similarity: new Float64Array(rows).fill(Number.NaN),
    value,
    ...(solid !== null && { cuts }),
  };
}
