import { join } from 'node:path';
import { lastValueFrom, tap, toArray } from 'rxjs';
import {
  annotate,
  c4,
  dedup,
  drop,
  jsonl,
  parquet,
  type Recipe,
  recipe,
  rule,
  select,
  textStatistics,
  tokenize,
  tokens,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { committedTotals, openRunFolder } from '../../../src/ledger/run-folder.ts';
import { finishNodes } from '../../../src/run/nodes/finish.ts';
import { openFleet } from '../../../src/run/nodes/fleet.ts';
import { planNodes } from '../../../src/run/nodes/plan-nodes.ts';
import { runShard } from '../../../src/run/nodes/shard.ts';
import { withShared } from '../../../src/run/nodes/shared.ts';
import { fleetFacts } from '../../../src/run/nodes/state.ts';
import { runCli } from '../../helpers/cli.ts';
import { generator, madeDocuments, prose, writeCorpus } from '../../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../../helpers/run.ts';
import { storeEnvironment } from '../../helpers/stores/environment.ts';
import { type S3Server, s3Server } from '../../helpers/stores/s3-server.ts';
import { storedFolder } from '../../helpers/stores/stored-folder.ts';

const RUN = 's3://bucket/runs/many';
const times = { beatMs: 1e6, patienceMs: 400 };

const plain = recipe({
  name: 'plain',
  splitBytes: 16 * 1024,
  steps: [annotate(textStatistics(), { step: 'scores' }), drop('short', [rule('text_chars < 100', { name: 'chars' })])],
});

const barriers = recipe({
  name: 'barriers',
  splitBytes: 16 * 1024,
  steps: [
    dedup.url(),
    c4(),
    dedup.paragraphs(),
    dedup.minhash(),
    annotate(textStatistics(), { step: 'scores' }),
    select.byRank({ column: 'text_chars', keep: 'high', rate: 0.9 }),
    dedup.exact({ step: 'again', saveIndex: true }),
    tokenize({ tokenizer: 'bytes' }),
  ],
  sinks: [parquet(), jsonl(), tokens({ tokenizer: 'bytes' })],
});

const planned = (made: Recipe, input: string, shards: number, output = RUN) =>
  planNodes(made, { shards, recipe: made.name, args: [], output, options: { input: [input], shardSize: 20_000 } });

/** What the store has of the run, as a folder. */
const folderOf = (server: S3Server): Promise<string> => storedFolder(server, 'bucket/runs/many/');

async function start(made: Recipe, documents: number, shards: number) {
  const server = await s3Server();
  const folder = await temporaryFolder();
  const corpus = madeDocuments(documents, 5).map((d, i) => ({
    ...d,
    metadata: { ...d.metadata, url: `https://www.example.com/page-${i % (documents - 4)}` },
  }));
  await writeCorpus(join(folder, 'in'), corpus, 3);
  const input = join(folder, 'in/*.jsonl');
  const one = join(folder, 'one');
  await runToEnd(made, { input: [input], output: one, workers: 2, shardSize: 20_000 });
  storeEnvironment(server.env);
  await planned(made, input, shards);
  return { server, input, one };
}

describe('a run on many nodes in a store', { timeout: 120_000 }, () => {
  it('writes the bytes of one process in a folder, and leaves nothing that only the nodes needed', async () => {
    const { server, input, one } = await start(plain, 40, 3);
    // What decides who works on what is written, and the answer never comes: once for each object.
    const lost = new Set<string>();
    server.fault = ({ method, path }) => {
      if (method !== 'PUT' || lost.has(path) || !/attempt-\d+\.json$|log\/|done\/|run\.json$/.test(path)) return null;
      lost.add(path);
      return 'lost answer';
    };
    await expect(planned(plain, input, 3)).rejects.toThrow('a plan never changes');
    await expect(runToEnd(plain, { input: [input], output: RUN })).rejects.toThrow('got one with nodes.json');
    await expect(finishNodes(plain, RUN, {})).rejects.toThrow('3 of 3 shards of split-0');
    // Stopped after its first split: another attempt does the rest.
    const stop = new AbortController();
    const first = runShard(plain, RUN, { workers: 1, stop: stop.signal }, { index: 0, count: 1, times }).pipe(
      tap((e) => {
        if (e.type === 'split') stop.abort();
      }),
      toArray(),
    );
    expect((await lastValueFrom(first)).at(-1)).toEqual({ type: 'stopped', run: RUN, phase: 'split-0' });
    expect(await withShared(RUN, (shared) => openFleet(shared).then(fleetFacts))).toMatchObject({
      next: 'split-0',
      phases: [{ byState: { stopped: 1, open: 2 }, missing: [{ attempts: 1, splits: 1 }, {}, {}] }],
    });
    // Whoever reads it sees what is committed so far.
    const seen = await openRunFolder(RUN);
    expect(seen.commits.all.map((c) => c.phase)).toEqual(['split/0']);
    expect(committedTotals(seen).read.documents).toBeGreaterThan(0);
    const rest = [0, 1].map((index) =>
      lastValueFrom(runShard(plain, RUN, { workers: 1 }, { index, count: 2, wait: true, times })),
    );
    expect(await Promise.all(rest)).toEqual([0, 1].map(() => ({ type: 'done', run: RUN })));
    const { status } = await finishNodes(plain, RUN, {}, times);
    expect(status).toBe('done');
    expect([...lost].filter((path) => path.includes('/done/'))).toHaveLength(3);
    expect(promisedBytes(await folderOf(server))).toEqual(promisedBytes(one));
    const names = [...server.objects.keys()].map((name) => name.split('/')[3]);
    expect([...new Set(names)].sort()).toEqual(
      ['README.md', 'commits.jsonl', 'documents', 'ledger', 'plan.jsonl', 'run.json'].sort(),
    );
  });

  it('fetches of the texts what a decision compares, and no other', async () => {
    const copies = recipe({
      name: 'copies',
      splitBytes: 256 * 1024,
      expected: { cluster: { min: 0, max: 0.5 } },
      steps: [dedup.exact()],
    });
    const server = await s3Server();
    const folder = await temporaryFolder();
    const random = generator(3);
    const made = Array.from({ length: 12 }, () => prose(random, 6000));
    // One copy, in another split than its first.
    const texts = made.map((text, i) => (i === 10 ? made[3] : text));
    await writeCorpus(
      join(folder, 'in'),
      texts.map((text, i) => ({ id: `d${i}`, text })),
      1,
    );
    const input = join(folder, 'in/*.jsonl');
    const one = join(folder, 'one');
    await runToEnd(copies, { input: [input], output: one, workers: 2, shardSize: 20_000 });
    storeEnvironment(server.env);
    await planned(copies, input, 3);
    const phase = (name?: string) =>
      lastValueFrom(
        runShard(copies, RUN, { workers: 2 }, { index: 0, count: 1, times, phase: name, wait: name === undefined }),
      );
    await phase('split-0');
    const before = server.requests.length;
    await phase('decide-0');
    const gets = server.requests.slice(before).filter(({ method }) => method === 'GET');
    const fetched = gets
      .filter(({ path }) => /\/documents-\d+$/.test(path))
      .map(({ headers }) => {
        const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '')!;
        return Number(end) + 1 - Number(start);
      });
    expect(fetched).toEqual([Buffer.byteLength(made[3]), Buffer.byteLength(made[3])]);
    // Of the side columns each of the 3 parts: two numbers of the index of every split, and what they point to.
    const side = gets.filter(({ path }) => path.endsWith('-parts'));
    const splits = new Set(side.map(({ path }) => path)).size;
    expect(splits).toBe(2);
    expect(side.length).toBeLessThanOrEqual(2 * 3 * splits);
    await phase();
    expect((await finishNodes(copies, RUN, {}, times)).status).toBe('done');
    expect(promisedBytes(await folderOf(server))).toEqual(promisedBytes(one));
  });

  it('does so with barriers that decide in parts, and barriers that do not', async () => {
    const { server, one } = await start(barriers, 40, 2);
    await lastValueFrom(runShard(barriers, RUN, { workers: 2 }, { index: 0, count: 1, wait: true, times }));
    await finishNodes(barriers, RUN, {}, times);
    expect(promisedBytes(await folderOf(server))).toEqual(promisedBytes(one));
  });

  it('a shard that has lost a file is named, and done again alone to the same bytes', async () => {
    const { server, one } = await start(plain, 40, 3);
    await lastValueFrom(runShard(plain, RUN, { workers: 1 }, { index: 0, count: 1, wait: true, times }));
    const lost = [...server.objects.keys()].find((k) => /split-0\/.*\/documents\/.*parquet$/.test(k))!;
    const shard = Number(/split-0\/(\d+)\//.exec(lost)![1]);
    server.objects.delete(lost);
    const named = `Do this shard again, and no other: sluice run ${RUN} --redo ${shard}`;
    await expect(finishNodes(plain, RUN, {}, times)).rejects.toThrow(named);
    const status = await runCli(['status', RUN, '--verify'], { cwd: await temporaryFolder() });
    expect([status.code, status.stderr]).toEqual([1, expect.stringContaining(`--redo ${shard}`)]);
    const again = await lastValueFrom(
      runShard(plain, RUN, { workers: 1 }, { index: 0, count: 1, redo: shard, times }).pipe(toArray()),
    );
    expect(again[0]).toEqual({ type: 'note', text: `shard ${shard} is done again: split-0` });
    expect(new Set(again.flatMap((e) => ('task' in e ? [e.task] : [])))).toEqual(new Set([shard]));
    await finishNodes(plain, RUN, {}, times);
    expect(promisedBytes(await folderOf(server))).toEqual(promisedBytes(one));
    const late = lastValueFrom(runShard(plain, RUN, {}, { index: 0, count: 1, redo: 0 }));
    await expect(late).rejects.toThrow('a run that is not finished');
  });
});
