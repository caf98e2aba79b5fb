/**
 * More logical shards than an array may have tasks, on the Slurm of SLURM_CONF (slurm-up.sh): a run of one phase, its
 * submitter and array tasks killed; what each retry submits is counted, and the output compared with one process.
 *
 *   npx tsx scripts/certify/nodes/slurm-many.ts [--shards 500] [--array-limit 100] [--kills 10] [--before 0]
 *
 * --before N of 5: so many fifths of the shards are done by one process first, and Slurm gets the rest: each array task
 * costs the start of a process. --folder FOLDER: there, and kept; what is there already is not made again, so that a
 * trial can be gone on with. Needs `npm run build`.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { generator, prose } from '../../../test/helpers/corpus.ts';
import { bytesOf, sluice } from './processes.ts';
import { slurmTrial } from './slurm-kills.ts';

const { values } = parseArgs({
  options: {
    shards: { type: 'string', default: '500' },
    'array-limit': { type: 'string', default: '100' },
    kills: { type: 'string', default: '10' },
    before: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    folder: { type: 'string' },
  },
});
const shards = Number(values.shards);
const random = generator(Number(values.seed));
const folder = values.folder === undefined ? mkdtempSync(join(tmpdir(), 'sluice-slurm-')) : resolve(values.folder);
const run = sluice(folder);
const started = performance.now();
const say = (text: string): void =>
  void process.stdout.write(`${((performance.now() - started) / 1000).toFixed(0)} s: ${text}\n`);

const small = ['--shard-size', '200kB', '--workers', '1', '--memory', '128MB'];

/** The input, and what one process makes of it. */
async function reference(): Promise<void> {
  mkdirSync(join(folder, 'in'), { recursive: true });
  writeFileSync(
    join(folder, 'recipe.ts'),
    `import { annotate, drop, recipe, rule, textStatistics } from 'sluice';
export default recipe({ name: 'many', splitBytes: 4096, steps: [
  annotate(textStatistics(), { step: 'scores' }),
  drop('length', [rule('text_chars < 300', { name: 'min_chars' })]),
] });
`,
  );
  // About one split a shard.
  const documents = Array.from({ length: shards * 8 }, (_, i) =>
    JSON.stringify({ id: `d${i}`, text: prose(random, 20 + Math.floor(random() * 120)) }),
  );
  writeFileSync(join(folder, 'in/0.jsonl'), `${documents.join('\n')}\n`);
  const one = await run(['run', 'recipe.ts', '--input', 'in/*.jsonl', '--output', 'one', ...small]);
  say(`one process: ${one.toFixed(1)} CPU s`);
}

try {
  if (!existsSync(join(folder, 'one/run.json'))) await reference();
  const before = Number(values.before);
  if (before > 0) {
    const plan = ['plan', 'recipe.ts', '--input', 'in/*.jsonl', '--output', 'slurm', '--nodes', String(shards)];
    say(`plan: ${(await run([...plan, '--shard-size', '200kB'])).toFixed(1)} CPU s`);
    for (let part = 0; part < before; part++)
      say(
        `fifth ${part}: ${(await run(['run', 'slurm', '--shard', `${part}/5`, ...small.slice(2)])).toFixed(1)} CPU s`,
      );
  }
  const trial = {
    shards,
    arrayLimit: Number(values['array-limit']),
    submitterKills: 2,
    taskKills: Number(values.kills),
  };
  const same = (await slurmTrial({ folder, ...trial, random })) === bytesOf(join(folder, 'one'));
  say(same ? 'identical' : 'DIFFERENT');
  if (!same) process.exitCode = 1;
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
