/**
 * A PyTorch trainer whose losses steer the mixture is killed with -9 far past its checkpoint and started again with
 * another number of ranks; in every other trial the server is killed in the middle too. The sequences of every global
 * step and the losses posted must equal those of a run that nothing interrupts.
 *
 *   SLUICE_PYTHON=<python with torch, pyarrow and numpy> npx tsx scripts/certify/feed.ts [--trials 50] [--past 200]
 *     [--servers 2]
 *
 * With several servers, all serve one feed (--shared); the trainers know all of them, and in every other trial the one
 * that writes is killed, and comes back later.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/random.ts';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '50' },
    past: { type: 'string', default: '200' },
    servers: { type: 'string', default: '1' },
  },
});
const TRIALS = Number(values.trials);
const PAST = Number(values.past);
const SERVERS = Number(values.servers);
const CHECKPOINT = 40;
const STEPS = CHECKPOINT + PAST + 20;
const root = resolve(import.meta.dirname, '../..');
const python = process.env.SLUICE_PYTHON ?? 'python3';
const folder = mkdtempSync(join(tmpdir(), 'sluice-certify-feed-'));

interface Line {
  readonly step: number;
  readonly sequences: readonly (readonly number[])[];
  readonly losses: Readonly<Record<string, number>>;
}

/** Whatever ends this script ends what it has started. */
const children: ChildProcess[] = [];
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
const started = (child: ChildProcess): ChildProcess => {
  children.push(child);
  return child;
};

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done(child.exitCode);
    else child.once('exit', (code) => done(code));
  });

async function sluice(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'dist/cli.js'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if ((await ended(child)) !== 0) throw new Error(`sluice ${args.join(' ')} failed`);
}

/** A server on a port of its own choice the first time, on the same one afterwards. */
async function serve(state: string, port: number): Promise<{ child: ChildProcess; port: number }> {
  const args = ['feed', join(folder, 'run'), '--state', state, '--scheduler', 'bandit', '--options'];
  const more = ['{"warmup":20}', '--context', '32', '--batch', '7', '--lag', '8', '--window', '2', '--json'];
  if (SERVERS > 1) more.push('--shared');
  const child = started(
    spawn(process.execPath, [join(root, 'dist/cli.js'), ...args, ...more, '--port', String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  const url = await new Promise<string>((done, fail) => {
    let said = '';
    child.once('exit', (code) => fail(new Error(`the feed ended with ${code}`)));
    child.stdout!.on('data', (data: Buffer) => {
      said += data.toString();
      const end = said.indexOf('\n');
      if (end >= 0) done((JSON.parse(said.slice(0, end)) as { url: string }).url);
    });
  });
  return { child, port: Number(new URL(url).port) };
}

let groups = 0;

function trainers(out: string, ports: readonly number[], world: number): ChildProcess[] {
  const rendezvous = join(folder, `rendezvous${groups++}`);
  const script = join(root, 'python/sluice_feed/tests/trainer.py');
  return Array.from({ length: world }, (_, rank) =>
    started(
      spawn(
        python,
        [
          ...[
            script,
            ports.map((port) => `http://127.0.0.1:${port}`).join(),
            '--rank',
            String(rank),
            '--world',
            String(world),
          ],
          ...['--rendezvous', rendezvous, '--steps', String(STEPS), '--every', String(CHECKPOINT), '--out', out],
        ],
        {
          stdio: ['ignore', 'ignore', 'ignore'],
          env: { ...process.env, PYTHONPATH: join(root, 'python/sluice_feed'), OMP_NUM_THREADS: '1' },
        },
      ),
    ),
  );
}

const linesOf = (out: string): Line[] => {
  const file = join(out, 'steps.jsonl');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
};

/** The last that was written of each step: what was done again replaces what the kill threw away. */
function lastOfEach(lines: readonly Line[]): string[] {
  const byStep = new Map(lines.map((line) => [line.step, JSON.stringify(line)]));
  return [...byStep].sort(([a], [b]) => a - b).map(([, line]) => line);
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Until rank 0 has written so many steps. */
async function reach(out: string, steps: number, ranks: readonly ChildProcess[]): Promise<void> {
  while (linesOf(out).length < steps) {
    if (ranks.some((r) => r.exitCode !== null)) throw new Error(`a rank ended early: ${ranks.map((r) => r.exitCode)}`);
    await pause(20);
  }
}

async function whole(): Promise<string[]> {
  const out = join(folder, 'whole');
  mkdirSync(out);
  const { child, port } = await serve(join(folder, 'whole-state'), 0);
  const codes = await Promise.all(trainers(out, [port], 2).map(ended));
  if (codes.some((c) => c !== 0)) throw new Error(`the run that nothing interrupts failed: ${codes}`);
  child.kill();
  await ended(child);
  return lastOfEach(linesOf(out));
}

/** Which of the servers writes the log. */
async function writing(ports: readonly number[]): Promise<number> {
  for (;;) {
    const found = await Promise.all(
      ports.map(async (port) => {
        const status = await (await fetch(`http://127.0.0.1:${port}/status`)).json();
        const { servers } = status as { servers: { self: boolean; writes: boolean }[] };
        return servers.some((s) => s.self && s.writes);
      }),
    );
    if (found.includes(true)) return found.indexOf(true);
    await pause(50);
  }
}

async function trial(number: number): Promise<string[]> {
  const random = seededRandom(number);
  const out = join(folder, `trial${number}`);
  const state = join(folder, `state${number}`);
  mkdirSync(out);
  const servers: { child: ChildProcess; port: number }[] = [];
  for (let n = 0; n < SERVERS; n++) servers.push(await serve(state, 0));
  const ports = servers.map((s) => s.port);
  let ranks = trainers(out, ports, 2);
  /** Of the one that writes: with several, that is whoever has taken over from the one before. */
  const restart = async (): Promise<void> => {
    const at = SERVERS === 1 ? 0 : await writing(ports);
    servers[at].child.removeAllListeners('exit');
    servers[at].child.kill('SIGKILL');
    await ended(servers[at].child);
    // The others go on without it for a while.
    const before = linesOf(out).length;
    if (SERVERS > 1) await reach(out, Math.min(before + 10, CHECKPOINT + PAST), ranks);
    servers[at] = await serve(state, ports[at]);
  };
  if (number % 2 === 1) {
    await reach(out, 1 + random.below(CHECKPOINT + PAST - 2), ranks);
    await restart();
  }
  // Two checkpoints would be a shorter way back: this one is the first.
  await reach(out, CHECKPOINT, ranks);
  while (!existsSync(join(out, 'checkpoint.pt'))) await pause(20);
  const kept = readFileSync(join(out, 'checkpoint.pt'));
  await reach(out, CHECKPOINT + PAST, ranks);
  for (const r of ranks) r.kill('SIGKILL');
  await Promise.all(ranks.map(ended));
  writeFileSync(join(out, 'checkpoint.pt'), kept);
  if (number % 4 === 3 && SERVERS === 1) await restart();
  ranks = trainers(out, ports, 3);
  if (number % 4 === 3 && SERVERS > 1) await restart();
  const codes = await Promise.all(ranks.map(ended));
  for (const { child } of servers) {
    child.removeAllListeners('exit');
    child.kill();
    await ended(child);
  }
  if (codes.some((c) => c !== 0)) throw new Error(`three ranks ended with ${codes}`);
  return lastOfEach(linesOf(out));
}

function writeInput(): string {
  const random = seededRandom(3);
  for (const domain of ['code', 'news', 'web'])
    for (let file = 0; file < 3; file++) {
      mkdirSync(join(folder, 'in', domain), { recursive: true });
      const lines = Array.from({ length: 60 }, (_, i) =>
        JSON.stringify({ id: `${domain}${file}.${i}`, text: `${domain} ${i} `.repeat(1 + random.below(20)) }),
      );
      writeFileSync(join(folder, 'in', domain, `${file}.jsonl`), `${lines.join('\n')}\n`);
    }
  return join(folder, 'in');
}

await sluice(
  'run',
  'tokens',
  '--input',
  writeInput(),
  '--domain-from',
  'path',
  '--output',
  join(folder, 'run'),
  '--json',
);
const expected = await whole();
console.log(`${expected.length} steps without interruption, 2 ranks`);
let equal = 0;
for (let number = 0; number < TRIALS; number++) {
  const got = await trial(number);
  const same = JSON.stringify(got) === JSON.stringify(expected);
  if (same) equal++;
  const differs = same ? '' : `: differs first at step ${got.findIndex((line, i) => line !== expected[i])}`;
  console.log(`trial ${number + 1}: killed ${PAST} steps past its checkpoint, 2 then 3 ranks${differs || ': equal'}`);
}
rmSync(folder, { recursive: true, force: true });
console.log(`${equal} of ${TRIALS} equal the run that nothing interrupts`);
process.exitCode = equal === TRIALS ? 0 : 1;
