import { blocksFor } from '../../kernels/bloom.ts';
import { loadKernel } from '../../kernels/kernel.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { parallel } from '../../streams/flow/parallel.ts';
import { drained, streamOf, withOpen } from '../../streams/flow/stream-of.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { operator, type Pipe } from '../operator.ts';
import { withDecision } from '../verdicts.ts';
import { bloomDecision, bloomParameters, openSeenKeys } from './bloom-filter.ts';
import { bloomKeysOf } from './bloom-keys.ts';
import { bloomOptions } from './bloom-options.ts';
import { copyRule, withIndexes } from './earlier-indexes.ts';

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
export const bloom = operator({
  call: 'dedup.bloom()',
  name: 'bloom_dedup',
  stage: 'dedup/bloom',
  options: bloomOptions,
  versions: ['bloom_duplicate@1'],
  effects: ({ key }) => ({ drops: 'copies', barrier: true, ...(key === 'paragraphs' && { rewrites: true }) }),
  describe(options, step) {
    blocksFor(options.expectedKeys, options.falsePositiveRate);
    const wanted = { kind: 'bloom', version: 1, parameters: bloomParameters(options) } as const;
    return { options: withIndexes(options, wanted, step), rules: [copyRule('bloom_duplicate')] };
  },
  pipe: online,
});

function online(descriptor: StepDescriptor): Pipe {
  const { step } = descriptor;
  return (source) =>
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
}

async function onlineFilter(descriptor: StepDescriptor): Promise<(batch: DocumentBatch) => DocumentBatch> {
  const [seen, kernel] = [await openSeenKeys(descriptor), await loadKernel()];
  return (batch) => {
    const keys = bloomKeysOf(batch, descriptor, kernel);
    return withDecision(batch, descriptor, bloomDecision(batch.split, keys, seen.add(keys.key)));
  };
}
