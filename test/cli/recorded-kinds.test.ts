import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { finishedRun } from '../helpers/finished-run.ts';

const { cwd, ask } = finishedRun();

/** As run.json was before effects: a kind, and where a worker found the code. */
const KINDS: { readonly [step: string]: object } = {
  exact_dedup: { kind: 'dedup', module: 'sluice:dedup-exact', export: 'exactBarrier' },
  scores: { kind: 'annotate', module: 'sluice:annotate', export: 'annotateStage' },
  length: { kind: 'drop', module: 'sluice:drop', export: 'dropStage' },
  web: { kind: 'drop', module: 'sluice:drop', export: 'dropStage' },
};

const commands = [
  ['status', 'sluice-out/mine'],
  ['explain', 'sluice-out/mine', 'short'],
  ['explain', 'sluice-out/mine', 'copy'],
  ['explain', 'sluice-out/mine', 'kept-1', '--all'],
  ['clusters', 'sluice-out/mine'],
  ['sql', 'sluice-out/mine', 'SELECT id, rule, value FROM ledger ORDER BY ALL'],
];

it('a run that an older version recorded tells the same', { timeout: 60_000 }, async () => {
  const answers = () => Promise.all(commands.map(async (c) => ask(...c)));
  const now = await answers();
  expect(now.map((a) => a.code)).toEqual(commands.map(() => 0));
  const file = join(cwd(), 'sluice-out/mine/run.json');
  const run = JSON.parse(readFileSync(file, 'utf8'));
  type Recorded = { readonly step: string; readonly effects: object; readonly stage: string };
  run.recipe.steps = (run.recipe.steps as Recorded[]).map(({ effects: _, stage: __, ...rest }) => ({
    ...rest,
    ...KINDS[rest.step],
  }));
  writeFileSync(file, JSON.stringify(run));
  expect(await answers()).toEqual(now);
});
