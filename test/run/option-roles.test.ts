import { readFileSync } from 'node:fs';
import { appendFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { annotate, custom, dedup, drop, type Recipe, type RunOptionsInput, recipe, rule, textStatistics } from 'sluice';
import { expect, it } from 'vitest';
import { recipeIdentity } from '../../src/recipe/recipe.ts';
import { OPTION_ROLES } from '../../src/run/option-roles.ts';
import { runOptions } from '../../src/run/options.ts';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';

const steps = (): Recipe['steps'][number][] => [
  annotate(textStatistics(), { step: 'scores' }),
  drop('quality', [rule('text_chars < 100', { name: 'min_chars' })]),
  dedup.exact(),
];
const chain = recipe({ name: 'chain', splitBytes: 16 * 1024, steps: steps() });

async function corpus(): Promise<string> {
  const folder = await temporaryFolder();
  await writeCorpus(join(folder, 'in'), madeDocuments(120, 3), 2);
  await appendFile(join(folder, 'in/part-001.jsonl'), '{"text": broken}\n');
  return folder;
}

/** Beside the default values, another one of every option; `input` and `output` are set by the tests. */
const OTHER: Readonly<Record<Exclude<keyof typeof OPTION_ROLES, 'input' | 'output'>, RunOptionsInput>> = {
  workers: { workers: 3 },
  memory: { memory: 96 * 2 ** 20 },
  modelMemory: { modelMemory: 96 * 2 ** 20 },
  limit: { limit: 50 },
  samplePercent: { samplePercent: 40 },
  timeoutSeconds: { timeoutSeconds: 3000 },
  fresh: { fresh: true },
  verifyInput: { verifyInput: true },
  annotateOnly: { annotateOnly: true },
  /** The run of the test itself, see below. */
  recut: {},
  recompute: { recompute: true },
  allow: { allow: { rule: ['min_chars'], dropShare: ['all'], cluster: ['exact_dedup'], quarantine: true } },
  command: { command: { args: ['run', 'other.ts'], folder: '/' } },
  shardSize: { shardSize: 8 * 1024 },
};

it('every option has a role, and another value here', () => {
  const names = Object.keys(runOptions.shape).sort();
  expect(Object.keys(OPTION_ROLES).sort()).toEqual(names);
  expect([...Object.keys(OTHER), 'input', 'output'].sort()).toEqual(names);
});

it('free and told options decide no byte', async () => {
  const folder = await corpus();
  const input = [join(folder, 'in/*.jsonl')];
  const base = { input, workers: 1 };
  await runToEnd(chain, { ...base, output: join(folder, 'base') });
  const bytes = promisedBytes(join(folder, 'base'));
  expect(Object.keys(bytes).length).toBeGreaterThan(3);
  const free = (Object.keys(OTHER) as (keyof typeof OTHER)[]).filter((o) => /free|told/.test(OPTION_ROLES[o]));
  expect(free).toEqual([
    'workers',
    'memory',
    'modelMemory',
    'timeoutSeconds',
    'fresh',
    'verifyInput',
    'recut',
    'recompute',
    'allow',
    'command',
  ]);
  // Each with another value: what decides no byte does not do so together with others.
  const all = Object.assign({}, ...free.map((option) => OTHER[option])) as RunOptionsInput;
  await runToEnd(chain, { ...base, ...all, recut: join(folder, 'base'), output: join(folder, 'other') });
  expect(promisedBytes(join(folder, 'other'))).toEqual(bytes);
});

it('options of the identity make another run, which a started one refuses to become', async () => {
  const folder = await corpus();
  const input = [join(folder, 'in/*.jsonl')];
  const output = join(folder, 'out');
  await runToEnd(chain, { input, output, workers: 1 });
  const before = readFileSync(join(output, 'run.json'), 'utf8');
  const identity = (Object.keys(OTHER) as (keyof typeof OTHER)[]).filter((o) => OPTION_ROLES[o] === 'identity');
  expect(identity).toEqual(['limit', 'samplePercent', 'annotateOnly']);
  for (const option of identity)
    await expect(runToEnd(chain, { input, output, workers: 1, ...OTHER[option] })).rejects.toThrow(
      'expected the recipe this run was started with',
    );
  await cp(join(folder, 'in/part-000.jsonl'), join(folder, 'in/part-002.jsonl'));
  await expect(runToEnd(chain, { input, output, workers: 1 })).rejects.toThrow('expected the input this run');
  expect(readFileSync(join(output, 'run.json'), 'utf8')).toBe(before);
});

it('the shard size is in run.json, also when nobody gave one', async () => {
  const folder = await corpus();
  const run = { input: [join(folder, 'in')], output: join(folder, 'out'), workers: 1 };
  expect((await runToEnd(chain, run)).last).toMatchObject({ result: { shardSize: 256 * 2 ** 20 } });
});

it('of a recipe all but the words about it and the expected bands is in the identity', () => {
  const whole = recipe({ name: 'whole', description: 'said', input: ['a'], steps: [custom('all', 1, () => true)] });
  const outside = Object.keys(whole).filter((k) => !(k in (recipeIdentity(whole) as object)));
  // `description` is in README.md alone, `input` is there by its files, `expected` stops a run or not.
  expect(outside.sort()).toEqual(['description', 'expected', 'input']);
});
