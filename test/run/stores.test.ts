import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
import { annotate, dedup, drop, type Recipe, type RunEvent, recipe, rule, run, textStatistics } from 'sluice';
import { expect, it } from 'vitest';
import { startCli } from '../helpers/cli.ts';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';
import { storeEnvironment } from '../helpers/stores/environment.ts';
import { type S3Server, SECRET_KEY, s3Server } from '../helpers/stores/s3-server.ts';

const DOCUMENTS = madeDocuments(300);
const URL = 's3://bucket/runs/one';

/** A barrier, so that work of one phase is needed by the next, and many splits. */
const testRecipe = (): Recipe =>
  recipe({
    name: 'test',
    splitBytes: 64 * 1024,
    steps: [
      dedup.exact(),
      annotate(textStatistics(), { step: 'scores' }),
      drop('quality', [rule('text_chars < 100', { name: 'min_chars' })]),
    ],
  });

interface Bench {
  readonly folder: string;
  readonly server: S3Server;
  readonly cache: string;
  readonly input: string[];
  /** What a run into a folder promises. */
  readonly local: Record<string, string>;
}

async function bench(): Promise<Bench> {
  const folder = await temporaryFolder();
  await writeCorpus(join(folder, 'in'), DOCUMENTS, 3);
  const input = [join(folder, 'in/*.jsonl')];
  const server = await s3Server();
  const cache = storeEnvironment(server.env);
  expected ??= (async () => {
    await runToEnd(testRecipe(), { input, output: join(folder, 'local'), workers: 1 });
    return promisedBytes(join(folder, 'local'));
  })();
  return { folder, server, cache, input, local: await expected };
}

let expected: Promise<Record<string, string>> | null = null;

/** The objects of a run as files, and what they promise. */
async function stored({ folder, server }: Bench): Promise<Record<string, string>> {
  const into = join(folder, 'stored');
  rmSync(into, { recursive: true, force: true });
  for (const [name, { body }] of server.objects) {
    const path = join(into, name.slice('bucket/runs/one/'.length));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, body);
  }
  return promisedBytes(into);
}

/** Runs until so many commits are told, then stops as Ctrl-C does; returns all events. */
async function runUntil(commits: number, options: Parameters<typeof run>[1]): Promise<RunEvent[]> {
  const stop = new AbortController();
  const events: RunEvent[] = [];
  const watched = run(testRecipe(), { ...options, stop: stop.signal }).pipe(
    tap((e) => {
      events.push(e);
      if (events.filter((x) => x.type === 'commit').length === commits) stop.abort();
    }),
  );
  await lastValueFrom(watched);
  return events;
}

it('a run in a store is that of a folder, byte for byte, whatever answers are lost', async () => {
  const b = await bench();
  const { server, input } = b;
  const lost = new Set<string>();
  server.fault = ({ method, path, number }) => {
    // The first write of every object is done, and its answer lost: also of claims, commits and run.json.
    if (method === 'PUT' && !lost.has(path)) {
      lost.add(path);
      return 'lost answer';
    }
    return number % 17 === 0 ? { status: 503, retryAfter: '0' } : null;
  };
  const { last, events } = await runToEnd(testRecipe(), { input, output: URL, workers: 2 });
  expect(last).toMatchObject({ type: 'finished', store: URL, already: false });
  expect(lost.size).toBeGreaterThan(20);
  expect(await stored(b)).toEqual(b.local);
  const names = [...server.objects.keys()].map((n) => n.slice('bucket/runs/one/'.length));
  expect(names.filter((n) => /^(segments|work)\/|probe/.test(n))).toEqual([]);
  expect(names.filter((n) => n.startsWith('commits/')).length).toBe(1);
  expect(events.filter((e) => e.type === 'commit').length).toBeGreaterThan(8);
  server.fault = () => null;
  const again = await runToEnd(testRecipe(), { input, output: URL });
  expect(again.last).toMatchObject({ type: 'finished', already: true });
  expect(await stored(b)).toEqual(b.local);
  const everything = [...server.objects.values()].map((o) => o.body.toString('latin1')).join('\n');
  expect(everything + JSON.stringify([...events, ...again.events])).not.toContain(SECRET_KEY);
});

it('goes on from the store alone: another machine has nothing, and does nothing twice', async () => {
  const b = await bench();
  const options = { input: b.input, output: URL, workers: 1 };
  const first = await runUntil(3, options);
  expect(first.at(-1)).toMatchObject({ type: 'stopped', store: URL });
  rmSync(join(b.cache, 'runs'), { recursive: true });
  const second = await runUntil(6, options);
  const planned = second.find((e) => e.type === 'planned')!;
  expect(planned.resumedSplits).toBe(first.filter((e) => e.type === 'commit').length);
  rmSync(join(b.cache, 'runs'), { recursive: true });
  const { last, events } = await runToEnd(testRecipe(), options);
  expect(last.type).toBe('finished');
  const commits = [...first, ...second, ...events].filter((e) => e.type === 'commit');
  expect(commits.length).toBe(new Set(commits.map((c) => `${c.phase} ${c.split}`)).size);
  expect(await stored(b)).toEqual(b.local);
});

it('an older process that is overtaken commits nothing more, and says so; the younger one ends the run', async () => {
  const b = await bench();
  const options = { input: b.input, output: URL, workers: 1 };
  let claimed = false;
  b.server.fault = ({ method, path }) => {
    const number = Number(/commits\/(\d{12})\.json$/.exec(path)?.[1] ?? -1);
    if (method !== 'PUT' || number < 3 || claimed) return null;
    claimed = true;
    // As another process does when it begins: it has this number first.
    const claim = { format: 1, what: 'claim', attempt: 'another', at: '2026-11-30T00:00:00.000Z' };
    b.server.put(path.slice(1), JSON.stringify(claim));
    return null;
  };
  await expect(runToEnd(testRecipe(), options)).rejects.toThrow(/expected to be the last process that works on this/);
  const { last } = await runToEnd(testRecipe(), options);
  expect(last.type).toBe('finished');
  expect(await stored(b)).toEqual(b.local);
});

it('a kill at any moment costs only what was not committed, and secrets are in no file', async () => {
  const b = await bench();
  const { server, folder, cache } = b;
  const args = ['run', join(folder, 'recipe.mjs'), '--input', b.input[0], '--output', URL, '--workers', '1'];
  await writeFile(
    join(folder, 'recipe.mjs'),
    "import { annotate, dedup, drop, recipe, rule, textStatistics } from 'sluice';\n" +
      "export default recipe({ name: 'test', splitBytes: 65536, steps: [dedup.exact(), annotate(textStatistics(), " +
      "{ step: 'scores' }), drop('quality', [rule('text_chars < 100', { name: 'min_chars' })])] });\n",
  );
  const { child, done } = startCli(args, { cwd: folder });
  server.fault = ({ method, path }) => {
    if (method !== 'PUT' || !path.endsWith('commits/000000000005.json')) return null;
    // The commit counts, and the process never learns of it.
    child.kill('SIGKILL');
    return 'lost answer';
  };
  await done;
  server.fault = () => null;
  expect([...server.objects.keys()].some((n) => n.endsWith('run.json'))).toBe(true);
  const { code, stdout, stderr } = await startCli(args, { cwd: folder }).done;
  expect([code, stderr.includes('rror')]).toEqual([0, false]);
  expect(stdout).toContain(`Output  ${URL}`);
  expect(await stored(b)).toEqual(b.local);
  const texts = [stdout, stderr, ...[...server.objects.values()].map((o) => o.body.toString('latin1'))];
  for (const name of readdirSync(cache, { recursive: true, encoding: 'utf8' }))
    if (existsSync(join(cache, name)) && name.includes('.')) texts.push(readFileSync(join(cache, name), 'latin1'));
  expect(texts.length).toBeGreaterThan(10);
  expect(texts.filter((t) => t.includes(SECRET_KEY))).toEqual([]);
});

it('a careless store is refused, and a prefix with other objects; --fresh deletes only its own', async () => {
  const b = await bench();
  const careless = await s3Server({ heed: false });
  Object.assign(process.env, { AWS_ENDPOINT_URL_S3: careless.env.AWS_ENDPOINT_URL_S3 });
  const options = { input: b.input, output: URL, workers: 1 };
  await expect(runToEnd(testRecipe(), options)).rejects.toThrow(
    /does not keep its promises \(create only, compare and/,
  );
  expect([...careless.objects.keys()]).toEqual([]);
  Object.assign(process.env, { AWS_ENDPOINT_URL_S3: b.server.env.AWS_ENDPOINT_URL_S3 });
  b.server.put('bucket/runs/one/mine.txt', 'mine');
  await expect(runToEnd(testRecipe(), options)).rejects.toThrow(/one with other objects/);
  b.server.objects.delete('bucket/runs/one/mine.txt');
  await runToEnd(testRecipe(), options);
  b.server.put('bucket/runs/one/mine.txt', 'mine');
  b.server.put('bucket/runs/one/documents/mine.txt', 'mine');
  const { last } = await runToEnd(testRecipe(), { ...options, fresh: true });
  expect(last).toMatchObject({ type: 'finished', already: false });
  expect(b.server.objects.has('bucket/runs/one/mine.txt')).toBe(true);
  expect(b.server.objects.has('bucket/runs/one/documents/mine.txt')).toBe(true);
  b.server.objects.delete('bucket/runs/one/documents/mine.txt');
  expect(await stored(b)).toEqual(b.local);
});
