/**
 * One run by many processes, killed again and again, against the run of one process: `npm run test:nodes`.
 *
 * - an index runner: 8 processes with JOB_COMPLETION_INDEX 0 to 7, each started again when it dies; every process and
 *   the finisher get SIGKILL at random moments (seeded) until so many kills were made
 * - CPU seconds of all processes against those of one
 * - Slurm, where SLURM_CONF names one (`slurm-up.sh` sets up four nodes here): the same recipe by `sluice slurm`
 *
 * With --store SeaweedFS (or moto) the run directory lies in a store: see stored.ts.
 *
 * Options: --kills N (default 20), --seed N, --documents N (default 6000), --node PATH (of another version of Node: the
 * processes take turns; may be given several times). Needs `npm run build`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { generator, prose } from '../../../test/helpers/corpus.ts';

// It ends the process.
if (process.argv.some((arg) => arg.startsWith('--store'))) await import('./stored.ts');

const cli = resolve(import.meta.dirname, '../../../dist/cli.js');
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    documents: { type: 'string', default: '6000' },
    node: { type: 'string', multiple: true, default: [process.execPath] },
  },
});
const random = generator(Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), 'sluice-nodes-'));
const RUNNERS = 8;

const RECIPE = `import { annotate, dedup, drop, recipe, rule, select, textStatistics } from 'sluice';
export default recipe({
  name: 'nodes',
  splitBytes: 65536,
  steps: [
    dedup.exact(),
    dedup.boilerplate({ unit: 'lines', moreThan: 3 }),
    dedup.minhash(),
    annotate(textStatistics(), { step: 'scores' }),
    drop('length', [rule('text_chars < 200', { name: 'min_chars' })]),
    select.byRank({ column: 'text_chars', keep: 'high', rate: 0.9 }),
  ],
});
`;

function writeInput(): void {
  mkdirSync(join(folder, 'in'));
  writeFileSync(join(folder, 'recipe.ts'), RECIPE);
  const texts: string[] = [];
  const files: string[][] = [[], [], [], []];
  for (let i = 0; i < Number(values.documents); i++) {
    const copy = texts.length > 0 && random() < 0.2;
    const text = copy ? texts[Math.floor(random() * texts.length)] : prose(random, 30 + Math.floor(random() * 150));
    texts.push(text);
    files[i % 4].push(JSON.stringify({ id: `d${i}`, text, metadata: { domain: random() < 0.7 ? 'web' : 'code' } }));
  }
  for (const [i, lines] of files.entries()) writeFileSync(join(folder, `in/${i}.jsonl`), `${lines.join('\n')}\n`);
}

/** sha256 of everything that is promised. */
function bytesOf(run: string): string {
  const hash = createHash('sha256');
  for (const top of ['documents', 'ledger', 'quarantine'])
    for (const name of readdirSync(join(run, top)).sort())
      hash.update(`${top}/${name}`).update(readFileSync(join(run, top, name)));
  const { totals } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { readonly totals: unknown };
  return hash.update(JSON.stringify(totals)).digest('hex');
}

/** Runs to the end; resolves with the CPU seconds of the process. */
function timed(args: readonly string[]): Promise<number> {
  const command = ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'sluice', process.execPath, cli, ...args];
  const child = spawn('bash', command, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (d: Buffer) => {
    said += d.toString();
  });
  return new Promise((done, fail) => {
    child.on('close', (code) => {
      const [, user, system] = /cpu ([\d.]+) ([\d.]+)\s*$/.exec(said) ?? [];
      if (code !== 0 || user === undefined) fail(new Error(`sluice ${args.join(' ')}: ${said}`));
      else done(Number(user) + Number(system));
    });
  });
}

const plan = (output: string): Promise<number> =>
  timed(['plan', 'recipe.ts', '--input', 'in/*.jsonl', '--output', output, '--nodes', '16', '--shard-size', '200kB']);

const small = ['--workers', '1', '--memory', '128MB'];

interface Runner {
  readonly index: number;
  readonly child: ChildProcess;
}

function start(output: string, index: number, onEnd: (code: number | null) => void): Runner {
  const child = spawn(values.node[index % values.node.length], [cli, 'run', output, '--wait', ...small], {
    cwd: folder,
    env: { ...process.env, JOB_COMPLETION_INDEX: String(index), SLUICE_SHARDS: String(RUNNERS) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr!.on('data', (d: Buffer) => {
    said += d.toString();
  });
  child.on('close', (code) => {
    if (code !== 0 && code !== null) process.stdout.write(`runner ${index} ended with ${code}: ${said}\n`);
    onEnd(code);
  });
  return { index, child };
}

/** All runners until each has ended well; those that die are started again. Returns the kills made. */
async function fleet(output: string, kills: number): Promise<number> {
  let made = 0;
  const live = new Map<number, Runner>();
  await new Promise<void>((done) => {
    const launch = (index: number): void => {
      live.set(
        index,
        start(output, index, (code) => {
          live.delete(index);
          if (code !== 0) launch(index);
          else if (live.size === 0) done();
        }),
      );
    };
    for (let i = 0; i < RUNNERS; i++) launch(i);
    const killer = async (): Promise<void> => {
      while (made < kills && live.size > 0) {
        await delay(100 + random() * 1500);
        const all = [...live.values()];
        const victim = all[Math.floor(random() * all.length)];
        if (victim?.child.kill('SIGKILL')) made++;
      }
    };
    void killer();
  });
  return made;
}

/** The finisher, killed a few times first. */
async function finish(output: string, kills: number): Promise<number> {
  for (let made = 0; ; ) {
    const child = spawn(process.execPath, [cli, 'finish', output], { cwd: folder, stdio: 'ignore' });
    const ended = new Promise<number | null>((ok) => child.on('close', ok));
    if (made < kills) {
      await Promise.race([ended, delay(200 + random() * 1200)]);
      if (child.kill('SIGKILL')) made++;
    }
    if ((await ended) === 0) return made;
  }
}

async function killed(wanted: number, reference: string): Promise<void> {
  for (let kills = 0, round = 0; kills < wanted; round++) {
    const output = `killed-${round}`;
    await plan(output);
    kills += await fleet(output, Math.min(wanted - kills, 25));
    kills += await finish(output, Math.min(Math.max(0, wanted - kills), 3));
    const same = bytesOf(join(folder, output)) === reference;
    process.stdout.write(`index runner of ${RUNNERS}: ${kills} kills, ${same ? 'identical' : 'DIFFERENT'}\n`);
    if (!same) throw new Error(`${output} differs`);
    rmSync(join(folder, output), { recursive: true });
  }
}

/** CPU seconds of one process, and of all that two processes on half the input each take, from plan to finish. */
async function efficiency(): Promise<void> {
  const alone = await timed(['run', 'recipe.ts', '--input', 'in/*.jsonl', '--output', 'again', ...small]);
  let parts = await plan('parts');
  const both = ['0/2', '1/2'].map((shard) => timed(['run', 'parts', '--shard', shard, '--wait', ...small]));
  for (const seconds of await Promise.all(both)) parts += seconds;
  parts += await timed(['finish', 'parts']);
  process.stdout.write(
    `CPU: ${alone.toFixed(1)} s in one process, ${parts.toFixed(1)} s in four (plan, two of run, finish): ` +
      `${(alone / parts).toFixed(2)}\n`,
  );
}

async function slurm(reference: string): Promise<void> {
  if (process.env.SLURM_CONF === undefined) {
    process.stdout.write('Slurm: skipped: no SLURM_CONF (see slurm-up.sh)\n');
    return;
  }
  const rest = ['--nodes', '16', '--shard-size', '200kB', '--array-limit', '8', '--cpus', '1', '--memory', '128MB'];
  await timed([
    'slurm',
    'recipe.ts',
    '--input',
    'in/*.jsonl',
    '--output',
    'slurm',
    '--time',
    '5',
    '--warn',
    '60',
    ...rest,
  ]);
  const queue = (): string => spawnSync('squeue', ['-h'], { encoding: 'utf8' }).stdout;
  while (queue().trim() !== '') await delay(1000);
  const same = bytesOf(join(folder, 'slurm')) === reference;
  process.stdout.write(`Slurm: ${same ? 'identical' : 'DIFFERENT'}\n`);
  if (!same) throw new Error('the run on Slurm differs');
}

try {
  writeInput();
  await timed(['run', 'recipe.ts', '--input', 'in/*.jsonl', '--output', 'one', '--shard-size', '200kB', ...small]);
  const reference = bytesOf(join(folder, 'one'));
  await slurm(reference);
  await killed(Number(values.kills), reference);
  await efficiency();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
