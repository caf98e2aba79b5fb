/**
 * One run by many processes, killed again and again, against the run of one process: `npm run test:nodes`.
 *
 * - an index runner: 8 processes with JOB_COMPLETION_INDEX 0 to 7, each started again when it dies; the planner, every
 *   process and the finisher get SIGKILL at random moments (seeded) until so many kills were made; the clock of one
 *   process is an hour fast, that of another an hour slow
 * - CPU seconds of all processes against those of one
 * - Slurm, where SLURM_CONF names one (`slurm-up.sh` sets up four nodes here): see slurm.ts
 *
 * With --store SeaweedFS (or moto) the run directory lies in a store: see stored.ts.
 *
 * Options: --kills N (default 20), --round N (kills of one run, default 25), --seed N, --documents N (default 6000),
 * --node PATH (of another version of Node: the processes take turns; may be given several times), --only runner,
 * --only cpu or --only slurm. Needs `npm run build`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { generator, prose } from '../../../test/helpers/corpus.ts';
import { bytesOf, cli, sluice } from './processes.ts';
import { onSlurm } from './slurm-kills.ts';

// It ends the process.
if (process.argv.some((arg) => arg.startsWith('--store'))) await import('./stored.ts');

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    round: { type: 'string', default: '25' },
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    documents: { type: 'string', default: '6000' },
    node: { type: 'string', multiple: true, default: [process.execPath] },
  },
});
const random = generator(Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), 'sluice-nodes-'));
const RUNNERS = 8;
const run = sluice(folder);
/** Hours that the clock of a runner is wrong by. */
const CLOCKS: Readonly<Record<number, number>> = { 2: 1, 5: -1 };

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

const planOf = (output: string): string[] => [
  'plan',
  'recipe.ts',
  '--input',
  'in/*.jsonl',
  '--output',
  output,
  '--nodes',
  '16',
  '--shard-size',
  '200kB',
];

const wrongClock = resolve(import.meta.dirname, 'wrong-clock.cjs');
const small = ['--workers', '1', '--memory', '128MB'];

interface Runner {
  readonly index: number;
  readonly child: ChildProcess;
}

function start(output: string, index: number, onEnd: (code: number | null) => void): Runner {
  const child = spawn(values.node[index % values.node.length], [cli, 'run', output, '--wait', ...small], {
    cwd: folder,
    env: {
      ...process.env,
      JOB_COMPLETION_INDEX: String(index),
      SLUICE_SHARDS: String(RUNNERS),
      ...(CLOCKS[index] && { NODE_OPTIONS: `--require ${wrongClock}`, WRONG_CLOCK_HOURS: String(CLOCKS[index]) }),
    },
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

/** A command, killed so often before it may end; one that ends before is not given again. Returns the kills made. */
async function again(
  args: readonly string[],
  kills: number,
  longest: number,
  isDone: () => boolean = () => false,
): Promise<number> {
  for (let made = 0; ; ) {
    const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: 'ignore' });
    const ended = new Promise<number | null>((ok) => child.on('close', ok));
    if (made < kills) {
      await Promise.race([ended, delay(200 + random() * longest)]);
      if (child.kill('SIGKILL')) made++;
    }
    const code = await ended;
    if (code === 0 || isDone()) return made;
    if (code !== null) throw new Error(`sluice ${args.join(' ')} ended with ${code}`);
  }
}

async function killed(wanted: number, reference: string): Promise<void> {
  for (let kills = 0, round = 0; kills < wanted; round++) {
    const output = `killed-${round}`;
    const [planner, nodes, finisher] = [
      await again(planOf(output), Math.min(2, wanted - kills), 1000, () =>
        existsSync(join(folder, output, 'nodes.json')),
      ),
      await fleet(output, Math.min(Math.max(0, wanted - kills), Number(values.round))),
      await again(['finish', output], Math.min(Math.max(0, wanted - kills), 3), 1200),
    ];
    kills += planner + nodes + finisher;
    const same = bytesOf(join(folder, output)) === reference;
    process.stdout.write(
      `index runner of ${RUNNERS}: ${planner} kills of the planner, ${nodes} of nodes, ${finisher} of the finisher ` +
        `(${kills} in all): ${same ? 'identical' : 'DIFFERENT'}\n`,
    );
    if (!same) throw new Error(`${output} differs`);
    rmSync(join(folder, output), { recursive: true });
  }
}

/** CPU seconds of one process, and of all that two processes on half the input each take, from plan to finish. */
async function efficiency(): Promise<void> {
  const alone = await run(['run', 'recipe.ts', '--input', 'in/*.jsonl', '--output', 'again', ...small]);
  let parts = await run(planOf('parts'));
  const both = ['0/2', '1/2'].map((shard) => run(['run', 'parts', '--shard', shard, '--wait', ...small]));
  for (const seconds of await Promise.all(both)) parts += seconds;
  parts += await run(['finish', 'parts']);
  process.stdout.write(
    `CPU: ${alone.toFixed(1)} s in one process, ${parts.toFixed(1)} s in four (plan, two of run, finish): ` +
      `${(alone / parts).toFixed(2)}\n`,
  );
}

try {
  writeInput();
  await run(['run', 'recipe.ts', '--input', 'in/*.jsonl', '--output', 'one', '--shard-size', '200kB', ...small]);
  const reference = bytesOf(join(folder, 'one'));
  const wanted = (part: string): boolean => values.only === undefined || values.only === part;
  if (wanted('slurm')) await onSlurm(folder, reference, random);
  if (wanted('runner')) await killed(Number(values.kills), reference);
  if (wanted('cpu')) await efficiency();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
