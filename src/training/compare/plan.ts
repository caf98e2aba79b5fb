import type { Executor } from '../../models/executors/executor.ts';
import { parameterCount } from '../../models/new-model.ts';
import { neuralScorer } from '../../models/scorers/neural-scorer.ts';
import { seededRandom } from '../../random.ts';
import { documentBits } from '../forgetting/measures.ts';
import { trainSteps } from '../loop.ts';
import { constant } from '../schedules.ts';
import type { TrainingSource } from '../sequences.ts';
import { stepsOf } from './comparison.ts';
import { type ComparedModel, openModel } from './model.ts';
import type { ComparisonSettings } from './settings.ts';

/** What a comparison will take, from a short probe on random tokens. */
export interface ComparisonPlan {
  readonly parameters: number;
  readonly trainings: number;
  /** Of one training. */
  readonly steps: number;
  readonly tokens: number;
  /** Of one training, measured on one thread. */
  readonly tokensPerSecond: number;
  /** For one training, and for measuring its model. */
  readonly trainingSeconds: number;
  readonly measuringSeconds: number;
  /** For all of it, reading left out, with so many trainings at once. */
  readonly seconds: number;
}

const PROBE_STEPS = 8;
/** Domains that a corpus is believed to have, before it was read. */
const BELIEVED_DOMAINS = 9;

/** Trains and measures for a moment, and says what all of it will take. @param jobs trainings at once */
export async function planComparison(
  settings: ComparisonSettings,
  executor: Executor,
  jobs: number,
): Promise<ComparisonPlan> {
  const model = await openModel(settings);
  const steps = stepsOf(settings, model);
  const speeds: number[] = [];
  const options = {
    model: model.initial(settings.seed),
    executor,
    source: randomSource(settings, model),
    steps: PROBE_STEPS,
    learningRate: 1e-6,
    schedule: constant(),
    start: model.vocabulary.start,
  };
  for await (const event of trainSteps(options, new AbortController().signal))
    if (event.type === 'step') speeds.push(event.tokensPerSecond);
  // The first steps warm the runtime up.
  const tokensPerSecond = middle(speeds.slice(2));
  const bytes = settings.heldOutBytes * BELIEVED_DOMAINS;
  const measuringSeconds = (await secondsPerByte(model, executor, settings.seed)) * bytes;
  const tokens = steps * settings.rows * model.context;
  const trainingSeconds = tokens / tokensPerSecond;
  const trainings = settings.arms.length * settings.seeds;
  return {
    parameters: parameterCount(model.config),
    trainings,
    steps,
    tokens,
    tokensPerSecond,
    trainingSeconds,
    measuringSeconds,
    seconds: Math.ceil(trainings / jobs) * (trainingSeconds + measuringSeconds),
  };
}

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Random tokens: a step takes as long on them as on text. */
function randomSource({ rows, seed }: ComparisonSettings, { context, config }: ComparedModel): TrainingSource {
  const { below } = seededRandom(seed, 'probe');
  const sequence = (index: number) => ({
    domain: 0,
    epoch: 0,
    index,
    ids: Int32Array.from({ length: context }, () => below(config.vocabulary)),
    length: context,
    next: 0,
    starts: [0],
    lossWeight: 1,
  });
  return {
    domains: ['probe'],
    contextLength: context,
    sequencesPerStep: rows,
    async pull(step) {
      return {
        steps: [{ step, sequences: Array.from({ length: rows }, (_, i) => sequence(i)), weights: [1] }],
        ended: null,
      };
    },
  };
}

const PROBE_BYTES = 8192;

async function secondsPerByte(model: ComparedModel, executor: Executor, seed: number): Promise<number> {
  const { below } = seededRandom(seed, 'probe text');
  const text = String.fromCharCode(...Array.from({ length: PROBE_BYTES }, () => 97 + below(26)));
  const initial = model.initial(seed);
  const scorer = await neuralScorer({ name: 'probe', hash: '', model: initial, ...model.vocabulary, executor });
  try {
    // Once before, which opens what is then used again.
    await documentBits(scorer, [{ domain: 'probe', text }]);
    const began = performance.now();
    await documentBits(scorer, [{ domain: 'probe', text }]);
    return (performance.now() - began) / 1000 / PROBE_BYTES;
  } finally {
    await scorer.close?.();
  }
}
