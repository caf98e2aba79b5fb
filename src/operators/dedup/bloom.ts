import type * as z from 'zod';
import { blocksFor } from '../../kernels/bloom.ts';
import { type Kernel, loadKernel } from '../../kernels/kernel.ts';
import { parseOptions } from '../../options.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import type { Column, Utf8Column } from '../../streams/batch/columns.ts';
import type { Barrier, BarrierOutputs, BarrierSplit } from '../../streams/flow/barrier.ts';
import { parallel } from '../../streams/flow/parallel.ts';
import { readSpill } from '../../streams/flow/spill-file.ts';
import { drained, streamOf, withOpen } from '../../streams/flow/stream-of.ts';
import type { Json, Operator, Scope, StepDescriptor } from '../../streams/operator.ts';
import { withDecision } from '../verdicts.ts';
import { bloomDecision, bloomParameters, openSeenKeys } from './bloom-filter.ts';
import { type BloomKeys, bloomKeysOf } from './bloom-keys.ts';
import { bloomOptions } from './bloom-options.ts';
import { changedOption, copyRule, dedupDescriptor, withIndexes } from './dedup-step.ts';
import { writeIndex } from './tables/index-files.ts';

/**
 * Deduplication of a stream of any length with a Bloom filter: of texts, addresses or paragraphs, the first in input
 * order stays. Memory is fixed: 65 bits a key at the default rate of 1e-6, 26 at 1e-4 (split-block filter, Putze et al.
 * 2007), 2 GiB at most. It never keeps a copy; it drops something new with a chance of at most `falsePositiveRate`.
 *
 * In a run: a barrier whose decision goes through the splits in order, so that workers do not matter. In a plain pipe:
 * at once, batch by batch; there `saveIndex` has no place to go and is left out. `saveIndex` leaves the filter in the
 * run directory, `against` begins with those of earlier runs: a chain of runs with the same options keeps what one run
 * over everything would. Drops: rule `bloom_duplicate` (for paragraphs: nothing but seen ones; else they are cut, rule
 * `bloom_paragraph`). Who was first is not known: `duplicate_of` is null. A document without an address passes. Errors:
 * ConfigError for a filter of more than 2 GiB, more keys than expected, or an index of another kind, version or other
 * parameters.
 */
export function bloom({
  step = 'bloom_dedup',
  where,
  ...rest
}: z.input<typeof bloomOptions> & { step?: string; where?: Scope } = {}): Operator {
  const options = parseOptions(bloomOptions, rest, 'dedup.bloom()');
  blocksFor(options.expectedKeys, options.falsePositiveRate);
  const wanted = { kind: 'bloom', version: 1, parameters: bloomParameters(options) } as const;
  const descriptor = dedupDescriptor(options, {
    step,
    module: 'sluice:dedup-bloom',
    export: 'bloomBarrier',
    versions: ['bloom_duplicate@1'],
    options: withIndexes(options, wanted, step),
    where,
    rules: [copyRule('bloom_duplicate')],
    ...(options.key === 'paragraphs' && { rewrites: true }),
  });
  const set = (option: string, value: Json): Operator =>
    bloom({ ...changedOption(options, step, option, value), step, where });
  const online = (source: Parameters<Operator>[0]): ReturnType<Operator> =>
    streamOf(step, ({ next, signal }) =>
      withOpen(
        onlineFilter(descriptor),
        (filter) => {
          const judged = parallel(step, async (batch) => (await filter)(batch), { concurrency: 1 });
          return drained(source.pipe(judged), signal, next);
        },
        () => {},
      ),
    );
  return Object.assign(online, { descriptor, set, bind: () => online });
}

async function onlineFilter(descriptor: StepDescriptor): Promise<(batch: DocumentBatch) => DocumentBatch> {
  const [seen, kernel] = [await openSeenKeys(descriptor), await loadKernel()];
  return (batch) => {
    const keys = bloomKeysOf(batch, descriptor, kernel);
    return withDecision(batch, descriptor, bloomDecision(batch.split, keys, seen.add(keys.key)));
  };
}

/** The barrier behind `dedup.bloom()`. */
export function bloomBarrier(descriptor: StepDescriptor, kernel: Kernel): Barrier {
  return {
    keys: (batch) => packed(bloomKeysOf(batch, descriptor, kernel)),
    async *decide(splits: readonly BarrierSplit[], _memory: number, outputs?: BarrierOutputs) {
      const seen = await openSeenKeys(descriptor);
      for (const { split, keys } of splits) {
        const all: BloomKeys[] = [];
        for await (const frame of readSpill(keys)) all.push(unpacked(frame));
        const joined = joinedKeys(all);
        yield bloomDecision(split, joined, seen.add(joined.key));
      }
      if (descriptor.options.saveIndex !== true || !outputs) return;
      const name = `${descriptor.step}.bloom`;
      await writeIndex(`${outputs.folder}/${name}.tmp`, seen.header(), [seen.bits()]);
      outputs.names.push(name);
    },
  };
}

/** Keys as side columns, a row a document: 16 bytes a key (hash, start, end), as the bytes of a utf8 column. */
function packed({ offsets, key, start, end, solid }: BloomKeys): Map<string, Column> {
  const rows = offsets.length - 1;
  const values = new Uint8Array(key.length * 16);
  const words = new Uint32Array(values.buffer);
  const pairs = new BigUint64Array(values.buffer);
  for (let k = 0; k < key.length; k++) {
    pairs[2 * k] = key[k];
    words[4 * k + 2] = start[k];
    words[4 * k + 3] = end[k];
  }
  const columns = new Map<string, Column>([
    ['keys', { type: 'utf8', offsets: offsets.map((o) => o * 16), values, valid: null }],
  ]);
  if (solid) columns.set('solid', { type: 'int32', values: solid.slice(0, rows), valid: null });
  return columns;
}

function unpacked(frame: DocumentBatch): BloomKeys {
  const { offsets, values } = frame.utf8('keys') as Utf8Column;
  const bytes = values.slice(offsets[0], offsets[frame.rows]);
  const pairs = new BigUint64Array(bytes.buffer, 0, bytes.length >> 3);
  const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
  const count = bytes.length >> 4;
  const key = new BigUint64Array(count);
  for (let k = 0; k < count; k++) key[k] = pairs[2 * k];
  return {
    offsets: Int32Array.from(offsets.subarray(0, frame.rows + 1), (o) => (o - offsets[0]) >> 4),
    key,
    start: Int32Array.from(key, (_, k) => words[4 * k + 2]),
    end: Int32Array.from(key, (_, k) => words[4 * k + 3]),
    solid: frame.columns.has('solid') ? (frame.number('solid').values as Int32Array) : null,
  };
}

function joinedKeys(parts: readonly BloomKeys[]): BloomKeys {
  const rows = parts.reduce((n, p) => n + p.offsets.length - 1, 0);
  const count = parts.reduce((n, p) => n + p.key.length, 0);
  const out = {
    offsets: new Int32Array(rows + 1),
    key: new BigUint64Array(count),
    start: new Int32Array(count),
    end: new Int32Array(count),
    solid: parts.some((p) => p.solid) ? new Int32Array(rows) : null,
  };
  let row = 0;
  let at = 0;
  for (const { offsets, key, start, end, solid } of parts) {
    out.offsets.set(
      offsets.map((o) => o + at),
      row,
    );
    out.key.set(key, at);
    out.start.set(start, at);
    out.end.set(end, at);
    if (solid) out.solid?.set(solid, row);
    row += offsets.length - 1;
    at += key.length;
  }
  return out;
}
