// Sequences of domains that are held in memory, drawn by a mixture scheduler.
import { applyLosses, drawStep, type MixState, mixOf, startMix } from '../../../src/mixture/mix.ts';
import type { Scheduler } from '../../../src/mixture/scheduler.ts';
import { START } from '../../../src/models/tokenizers/train-bpe.ts';
import { blockOrder, sequenceOf } from '../../../src/training/blocks.ts';
import type { TrainingSource } from '../../../src/training/sequences.ts';
import type { DomainText } from './texts.ts';

/** Losses of step s act from step s + 2 on: the loop reads one step ahead. */
const LAG = 2;

export interface MixedOptions {
  readonly scheduler: Scheduler;
  readonly steps: number;
  readonly rows: number;
  readonly context: number;
  readonly seed: number;
  /** Held-out losses by domain, where the scheduler is to hear them and not those of training. */
  readonly losses?: (step: number) => readonly (number | null)[] | null;
}

/** Steps must be asked for in order. */
export function mixedSource(domains: readonly DomainText[], options: MixedOptions): TrainingSource {
  const { scheduler, steps, rows, context, seed } = options;
  const blocks = domains.map(({ ids }) => Math.floor((ids.length - 1) / context));
  const orders = domains.map(({ name }, i) => blockOrder(blocks[i], seed * 1009 + name.length * 31 + i));
  const facts = domains.map(({ name, ids }, i) => ({ name, tokens: ids.length, sequences: blocks[i] }));
  const mix = mixOf(scheduler, { domains: facts, contextLength: context, sequencesPerStep: rows, steps });
  const posted = new Map<number, readonly (number | null)[]>();
  let state: MixState = startMix(mix);
  const names = domains.map((d) => d.name);
  return {
    domains: names,
    contextLength: context,
    sequencesPerStep: rows,
    async pull(step) {
      const losses = posted.get(step - LAG);
      if (losses) state = applyLosses(mix, state, step - LAG, losses);
      posted.delete(step - LAG);
      const drawn = drawStep(mix, state);
      state = drawn.state;
      const sequences = drawn.slots.map(({ domain, ordinal }) => {
        const epoch = Math.floor(ordinal / blocks[domain]);
        const index = orders[domain](epoch)[ordinal % blocks[domain]];
        const ids = domains[domain].ids.subarray(index * context, (index + 1) * context + 1);
        const lossWeight = state.lossWeights?.[domain] ?? 1;
        return { ...sequenceOf(ids, context, START), domain, epoch, index, lossWeight };
      });
      return { steps: [{ step, sequences, weights: state.weights }], ended: null };
    },
    async post(step, losses) {
      posted.set(step, options.losses?.(step) ?? names.map((name) => losses[name]));
    },
  };
}
