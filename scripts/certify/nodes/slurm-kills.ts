import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bytesOf, cli, sluice } from './processes.ts';

/** What is submitted, and how often it is killed. */
export interface SlurmTrial {
  /** In which the recipe and the input are, and the run goes to `slurm`. */
  readonly folder: string;
  readonly shards: number;
  readonly arrayLimit: number;
  /** Kills of `sluice slurm` itself, and of running array tasks, each with all of its processes. */
  readonly submitterKills: number;
  readonly taskKills: number;
  readonly random: () => number;
}

/** Of a command that tells about the queue; a controller with much to do is asked again. */
function lines(command: string, ...args: string[]): string[] {
  for (let left = 4; ; left--) {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status === 0) return stdout.split('\n').filter(Boolean);
    say(`${command}: ${stderr.trim()}`);
    if (left === 0) throw new Error(`${command} does not answer`);
  }
}

/** How often the length of the queue is told. */
const TELL_MS = 120_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Shards of a phase that are not done. */
function missing(run: string, phase: string, shards: number): number[] {
  const done = (s: number): boolean =>
    existsSync(join(run, 'tasks', phase, 'done', `${String(s).padStart(5, '0')}.jsonl`));
  return Array.from({ length: shards }, (_, s) => s).filter((s) => !done(s));
}

/** Array tasks in the queue, by name of the job. */
function queued(): Map<string, number> {
  const found = new Map<string, number>();
  for (const name of lines('squeue', '--array', '--noheader', '--format=%j'))
    found.set(name, (found.get(name) ?? 0) + 1);
  return found;
}

/** `sluice slurm`, killed so often, then given again until it ends well; --retry once there is a plan. */
async function submit(trial: SlurmTrial, run: string): Promise<number> {
  const { folder, shards, arrayLimit, random } = trial;
  const first = ['slurm', 'recipe.ts', '--input', 'in/*.jsonl', '--output', run, '--nodes', String(shards)];
  const options = ['--shard-size', '200kB', '--array-limit', String(arrayLimit), '--cpus', '1', '--memory', '128MB'];
  const args = (): string[] =>
    existsSync(join(run, 'nodes.json'))
      ? ['slurm', run, '--retry']
      : [...first, ...options, '--time', '5', '--warn', '60'];
  let made = 0;
  while (made < trial.submitterKills) {
    const child = spawn(process.execPath, [cli, ...args()], { cwd: folder, stdio: 'ignore' });
    const ended = new Promise((ok) => child.on('close', ok));
    await Promise.race([ended, delay(300 + random() * 2200)]);
    if (!child.kill('SIGKILL')) break;
    made++;
    await ended;
  }
  await sluice(folder)(args());
  return made;
}

/**
 * A run on the Slurm of SLURM_CONF: its submitter and its array tasks are killed, and what is missing is submitted
 * again until the run is finished. Errors: a retry that submits more array tasks than have shards missing.
 */
export async function slurmTrial(trial: SlurmTrial): Promise<string> {
  const { folder, shards, arrayLimit, random } = trial;
  const run = join(folder, 'slurm');
  const submitterKills = await submit(trial, run);
  say(`Slurm: in the queue after ${submitterKills} kills of the submitter: ${inQueue(queued())}`);
  let kills = 0;
  let told = 0;
  for (let retries = 0; ; retries++) {
    for (let left = queued(); left.size > 0; left = queued()) {
      if (performance.now() - told > TELL_MS) {
        say(`  in the queue: ${inQueue(left)}`);
        told = performance.now();
      }
      await delay(300 + random() * 1500);
      const running = lines('squeue', '--array', '--noheader', '--states=R', '--format=%F_%K').filter((t) =>
        /_\d+$/.test(t),
      );
      if (kills >= trial.taskKills || running.length === 0) continue;
      spawnSync('scancel', ['--signal=KILL', '--full', running[Math.floor(random() * running.length)]]);
      kills++;
    }
    if (!existsSync(join(run, 'nodes.json'))) {
      say(`Slurm: ${submitterKills} kills of the submitter, ${kills} of array tasks, ${retries} retries`);
      return bytesOf(run);
    }
    const phases = readdirSync(join(run, 'tasks')).filter((p) => p.startsWith('split-'));
    const open = phases.map((p) => ({ phase: p, left: missing(run, p, shards) })).find((p) => p.left.length > 0);
    await sluice(folder)(['slurm', run, '--retry']);
    if (open === undefined) continue;
    const count = Math.min(shards, arrayLimit);
    const wanted = new Set(open.left.map((s) => s % count)).size;
    const got = queued().get(`sluice-${open.phase}`) ?? 0;
    say(
      `Slurm: ${open.left.length} of ${shards} shards of ${open.phase} missing, in ${wanted} of ${count} array ` +
        `tasks; the retry submits ${got}`,
    );
    if (got > wanted) throw new Error('a retry submits what is done');
  }
}

const inQueue = (jobs: ReadonlyMap<string, number>): string =>
  [...jobs].map(([name, n]) => `${name} ${n}`).join(', ') || 'nothing';

/** The run of nodes.ts on Slurm. */
export async function onSlurm(folder: string, reference: string, random: () => number): Promise<void> {
  if (process.env.SLURM_CONF === undefined) return say('Slurm: skipped: no SLURM_CONF (see slurm-up.sh)');
  const kills = { submitterKills: 3, taskKills: 10 };
  const same = (await slurmTrial({ folder, shards: 6, arrayLimit: 3, ...kills, random })) === reference;
  say(`Slurm: ${same ? 'identical' : 'DIFFERENT'}`);
  if (!same) throw new Error('the run on Slurm differs');
}
