/**
 * CPU seconds of one process against those of many on the same input: `sluice run --workers 2`, and plan, two shards of
 * one worker each with --wait, and finish. At the same time (--apart: one after the other); every byte is compared.
 *
 *   npx tsx scripts/certify/nodes/efficiency.ts [--megabytes 1000] [--turns 1] [--shards 8] [--apart]
 *     [--recipe light|prose|quickstart] [--input FOLDER] (made there where it is absent, and kept) [--finisher]
 *
 * --finisher: `sluice finish` is a command of its own; else the first process does it (`--finish`).
 *
 * Needs `npm run build`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { madeCorpus } from './made-corpus.ts';
import { bytesOf, sluice } from './processes.ts';

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1000' },
    turns: { type: 'string', default: '1' },
    shards: { type: 'string', default: '8' },
    recipe: { type: 'string', default: 'light' },
    apart: { type: 'boolean', default: false },
    finisher: { type: 'boolean', default: false },
    input: { type: 'string' },
  },
});

/**
 * `light`: little work a byte, so that what many processes add weighs most. `prose`: scores, and lines seen before.
 * Another name: a built-in recipe.
 */
const STEPS: Readonly<Record<string, string>> = {
  light: `
    dedup.exact(),
    annotate(textStatistics(), { step: 'scores' }),
    drop('length', [rule('text_chars < 200', { name: 'min_chars' })]),
    select.byRank({ column: 'text_chars', keep: 'high', rate: 0.9 }),`,
  prose: `
    dedup.exact(),
    annotate(gopherRepetition(), gopherQuality(), { step: 'scores' }),
    drop('quality', [...gopherRepetitionRules(), ...gopherQualityRules()]),
    dedup.lines(),`,
};

const folder = mkdtempSync(join(tmpdir(), 'sluice-efficiency-'));
const input = resolve(values.input ?? join(folder, 'in'));
const run = sluice(folder);
const small = ['--memory', '256MB'];
const wait = ['--wait', ...(values.finisher ? [] : ['--finish'])];

/** Plan, two shards at once, finish: CPU seconds of each. */
async function many(of: readonly string[]): Promise<readonly number[]> {
  const plan = await run(['plan', ...of, '--output', 'many', '--nodes', values.shards]);
  const shards = await Promise.all(
    ['0/2', '1/2'].map((s) => run(['run', 'many', '--shard', s, ...wait, '--workers', '1', ...small])),
  );
  return [plan, ...shards, values.finisher ? await run(['finish', 'many', ...small]) : 0];
}

async function turn(): Promise<void> {
  const of = [STEPS[values.recipe] === undefined ? values.recipe : 'recipe.ts', '--input', `${input}/*.jsonl`];
  const one = (): Promise<number> => run(['run', ...of, '--output', 'one', '--workers', '2', ...small]);
  // At once: what else the machine does makes the CPU time of both longer alike.
  const [alone, [plan, first, second, finish]] = values.apart
    ? [await one(), await many(of)]
    : await Promise.all([one(), many(of)]);
  const same = bytesOf(join(folder, 'one')) === bytesOf(join(folder, 'many'));
  const all = plan + first + second + finish;
  const s = (seconds: number): string => seconds.toFixed(1);
  process.stdout.write(
    `${values.recipe}, ${values.megabytes} MB: one process ${s(alone)} CPU s; many ${s(all)} (plan ${s(plan)}, ` +
      `shards ${s(first)} + ${s(second)}, finish ${s(finish)}): ${(alone / all).toFixed(3)}; ` +
      `${same ? 'identical' : 'DIFFERENT'}\n`,
  );
  if (!same) process.exitCode = 1;
  for (const name of ['one', 'many']) rmSync(join(folder, name), { recursive: true });
}

try {
  madeCorpus(input, Number(values.megabytes) * 1e6);
  writeFileSync(
    join(folder, 'recipe.ts'),
    `import * as sluice from 'sluice';
const { annotate, dedup, drop, gopherQuality, gopherQualityRules, gopherRepetition, gopherRepetitionRules } = sluice;
const { recipe, rule, select, textStatistics } = sluice;
export default recipe({ name: 'efficiency', steps: [${STEPS[values.recipe]}
] });
`,
  );
  for (let i = 0; i < Number(values.turns); i++) await turn();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
