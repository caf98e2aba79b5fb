import { ConfigError } from '../../errors.ts';
import type { Continual } from '../../recipe/continual.ts';
import type { Json } from '../../streams/operator.ts';
import { byName, names } from '../../training/schedules.ts';
import { dropout } from '../../training/transforms/dropout.ts';
import { halfFineTuning } from '../../training/transforms/half-fine-tuning.ts';
import { lora } from '../../training/transforms/lora.ts';
import { type OptionSpecs, percentOption, type Values, wholeNumber } from '../command.ts';
import { schedulerOf } from '../mix/scheduler-option.ts';
import { readOptionsFrom, readSpecs } from '../recipe-options.ts';

export const trainSpecs = {
  input: { value: 'GLOB', many: true, help: 'New text: files, folders or globs, or run directories with tokens.' },
  replay: { value: 'GLOB', many: true, help: 'Old text, of which a share of every step is drawn. Default: none.' },
  'replay-share': { value: 'P%', help: 'Share of every step that is old text; the tokens in all stay. Default 5%.' },
  ...readSpecs,
  model: { value: 'DIR', help: 'Model to go on with: prose (the one that ships), or a Hugging Face directory.' },
  tokens: { value: 'N', help: 'Tokens to train on, instead of the number in the recipe.' },
  context: { value: 'N', help: 'Tokens of a sequence.' },
  batch: { value: 'N', help: 'Sequences of a step.' },
  accumulate: { value: 'N', help: 'Parts that a step is computed in, one after the other: less memory.' },
  'learning-rate': { value: 'RATE', help: 'The highest one.' },
  dropout: { value: 'P%', help: 'Share that is dropped in training, where text is repeated many times. Default none.' },
  lora: { value: 'RANK', help: 'Train adapters of this rank only: less is learned, and less forgotten.' },
  'half-fine-tuning': { help: 'Freeze half of the parameters of the layers.' },
  'coupled-adam': { help: 'Embeddings share one second moment.' },
  schedule: { value: 'NAME', help: `How the rate goes: ${names().join(', ')}. See docs/training.md.` },
  'schedule-options': { value: 'JSON', help: 'Options of the schedule: \'{"warmup":0.05,"final":0.1}\'.' },
  anneal: {
    value: 'STEPS',
    help: 'Begin the final anneal of an infinite schedule where the training stands, and end with it.',
  },
  scheduler: { value: 'NAME', help: 'What mixes the domains of the new text: see sluice mix --help.' },
  options: { value: 'JSON', help: 'Options of the scheduler.' },
  revive: {
    value: 'STEPS',
    help: 'After the training, count the steps on its own text that bring each forgotten domain back, STEPS at most.',
  },
  seed: { value: 'N', help: 'Of the order, of what is held out, and of new weights.' },
  output: { value: 'DIR', help: 'Folder of the training. Default sluice-out/<recipe>. Running again resumes.' },
  limit: { value: 'N', help: 'Only the first N documents of the new text.' },
  sample: { value: 'P%', help: 'Only about P percent of the documents of the new text.' },
  executor: { value: 'NAME', help: 'Model runtime: auto (default), or a name that `sluice doctor` lists.' },
  threads: { value: 'N', help: 'Threads per training step. Default: all cores, 4 at most; part of what resumes.' },
  fresh: { help: 'Delete an earlier training in the output folder first.' },
  json: { help: 'One JSON object per line on standard output, see below.' },
} as const satisfies OptionSpecs;

export type TrainValues = Values<typeof trainSpecs>;

/** The recipe with what the command line says over it. Errors: ConfigError. */
export async function trainRecipe(recipe: Continual, values: TrainValues): Promise<Continual> {
  const { training, replay } = recipe;
  const whole = (name: 'tokens' | 'context' | 'batch' | 'accumulate', otherwise: number): number =>
    wholeNumber(values[name], `--${name}`) ?? otherwise;
  const share = percentOption(values['replay-share'], '--replay-share');
  const rank = wholeNumber(values.lora, '--lora');
  const dropped = percentOption(values.dropout, '--dropout');
  const seed = wholeNumber(values.seed, '--seed', 0) ?? recipe.seed;
  return {
    ...recipe,
    read: readOptionsFrom(values, recipe.read),
    model: values.model ?? recipe.model,
    mixture: values.scheduler === undefined ? recipe.mixture : await schedulerOf(values),
    replay: { ...replay, ...(share !== null && { share: share / 100 }) },
    revival: { ...recipe.revival, most: wholeNumber(values.revive, '--revive', 0) ?? recipe.revival.most },
    seed,
    training: {
      ...training,
      tokens: whole('tokens', training.tokens),
      context: whole('context', training.context),
      sequences: whole('batch', training.sequences),
      accumulate: whole('accumulate', training.accumulate),
      learningRate: rateOf(values['learning-rate']) ?? training.learningRate,
      schedule: scheduleOf(values) ?? training.schedule,
      transforms: [
        ...training.transforms,
        ...(dropped === null ? [] : [dropout({ rate: dropped / 100, seed })]),
        ...(rank === undefined ? [] : [lora({ rank, seed })]),
        ...(values['half-fine-tuning'] ? [halfFineTuning({ seed })] : []),
      ],
      coupledAdam: values['coupled-adam'] || training.coupledAdam,
    },
  };
}

function rateOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const rate = Number(text);
  if (rate > 0 && Number.isFinite(rate)) return rate;
  throw new ConfigError({ expected: 'a rate above 0, such as 1e-3', got: `'${text}'`, where: '--learning-rate' });
}

function scheduleOf(values: TrainValues) {
  const { schedule, 'schedule-options': text } = values;
  if (schedule === undefined && text === undefined) return null;
  if (schedule === undefined)
    throw new ConfigError({
      expected: '--schedule NAME with its options',
      got: '--schedule-options alone',
      where: 'sluice train',
    });
  let options: Json;
  try {
    options = text === undefined ? {} : (JSON.parse(text) as Json);
  } catch (cause) {
    throw new ConfigError({
      expected: 'JSON, such as \'{"warmup":0.05}\'',
      got: `'${text}'`,
      where: '--schedule-options',
      fix: (cause as Error).message,
      cause,
    });
  }
  return byName(schedule, options);
}
