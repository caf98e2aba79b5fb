import { ConfigError } from '../../errors.ts';
import { adviceOn } from '../../mixture/advice.ts';
import { schedulerNames } from '../../mixture/by-name.ts';
import { planFor } from '../../mixture/plan.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { EXIT } from '../failure.ts';
import { standardOutput, wrapped } from '../terminal/terminal.ts';
import { numberOf, numbersByName, tokensOf } from './domains.ts';
import { printPlan } from './mix-output.ts';
import { schedulerOf } from './scheduler-option.ts';

const options = {
  domains: {
    value: 'LIST',
    help: 'Tokens of each domain: web=1.2e9,code=3e8, a JSON file {"web": 1200000000}, or a run with tokens.',
  },
  scheduler: {
    value: 'NAME',
    help: 'Name of a scheduler, or a module that exports one as default. Default proportional.',
  },
  options: { value: 'JSON', help: 'Options of the scheduler: \'{"temperature":3}\'.' },
  context: { value: 'N', help: 'Tokens of a sequence. Default 2048.' },
  batch: { value: 'N', help: 'Sequences of a step, over all ranks. Default 512.' },
  steps: { value: 'N', help: 'Steps of the run.' },
  tokens: { value: 'N', help: 'Instead of the steps: tokens of the run, such as 20e9.' },
  epochs: { value: 'N', help: 'Epochs after which a domain is not drawn any more.' },
  difficulty: { value: 'LIST', help: 'Difficulty of each domain, for curriculum: web=1.1,books=0.9.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const where = 'sluice mix plan';
  const { values, positionals } = parseCommandLine('mix', args, options, ['plan']);
  if (positionals[0] !== 'plan')
    throw new ConfigError({ expected: where, got: `sluice mix '${positionals[0]}'`, where: 'sluice mix' });
  if (values.domains === undefined)
    throw new ConfigError({ expected: '--domains web=1.2e9,code=3e8', got: 'no --domains', where });
  const tokens = await tokensOf(values.domains);
  const contextLength = wholeNumber(values.context, '--context') ?? 2048;
  const sequencesPerStep = wholeNumber(values.batch, '--batch') ?? 512;
  const steps = stepsOf(values, contextLength * sequencesPerStep, where);
  const maxEpochs = values.epochs === undefined ? undefined : numberOf(values.epochs);
  const difficulty = values.difficulty ? numbersByName(values.difficulty, '--difficulty', 'a difficulty') : undefined;
  const stranger = Object.keys(difficulty ?? {}).find((name) => !Object.hasOwn(tokens, name));
  if (stranger !== undefined)
    throw new ConfigError({ expected: `a domain of --domains`, got: stranger, where: '--difficulty' });
  const scheduler = await schedulerOf(values);
  const plan = planFor(scheduler, tokens, { contextLength, sequencesPerStep, steps, maxEpochs, difficulty });
  const advice = adviceOn(plan);
  const terminal = standardOutput();
  if (values.json) terminal.out(JSON.stringify({ ...plan, advice }));
  else printPlan(terminal, plan, advice);
  return EXIT.done;
}

function stepsOf(values: { steps?: string; tokens?: string }, perStep: number, where: string): number {
  if ((values.steps === undefined) === (values.tokens === undefined))
    throw new ConfigError({
      expected: 'either --steps or --tokens',
      got: values.steps === undefined ? 'neither' : 'both',
      where,
    });
  if (values.steps !== undefined) return wholeNumber(values.steps, '--steps')!;
  const tokens = numberOf(values.tokens!);
  if (tokens >= perStep) return Math.floor(tokens / perStep);
  throw new ConfigError({
    expected: `the tokens of one step at least (${perStep})`,
    got: `'${values.tokens}'`,
    where: '--tokens',
  });
}

export const mix: Command = {
  help: {
    usage: 'plan --domains LIST (--steps N | --tokens N) [options]',
    about:
      'What a mixture would draw, before a token is spent: tokens and epochs of each domain, the step of the first ' +
      'repeat, tokens per phase, and what the papers on repetition say of it. Reads no corpus, writes nothing.',
    options,
    examples: [
      ['sluice mix plan --domains web=1.2e9,code=3e8 --tokens 2e9', 'every domain by its size'],
      [
        'sluice mix plan --domains web=1.2e9,code=3e8 --tokens 2e9 --scheduler unimax',
        'as equal as 4 epochs of each allow',
      ],
      [
        'sluice mix plan --domains tokens.json --steps 5000 --scheduler cooldown --options \'{"switchAt":0.7}\'',
        'options as JSON; domains from a file',
      ],
    ],
    more: async () => wrapped(`Schedulers: ${schedulerNames().join(', ')}`, 78),
  },
  run,
};
