import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { stringAt } from '../../../src/streams/batch/columns.ts';
import { readSplit } from '../../../src/streams/formats/read-split.ts';
import { readOptions } from '../../../src/streams/inputs/read-options.ts';
import { planSplits } from '../../../src/streams/plan/plan.ts';
import type { SplitPlan } from '../../../src/streams/plan/splits.ts';
import { storeEnvironment } from '../../helpers/stores/environment.ts';
import { ranged, type TestServer, testServer } from '../../helpers/stores/faults.ts';
import { COMMIT, hubServer } from '../../helpers/stores/hub-server.ts';
import { s3Server } from '../../helpers/stores/s3-server.ts';

const kernel = loadKernel();
const options = readOptions.parse({});
const linesOf = (name: string, count: number): string =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ id: `${name}-${i}`, text: `${name} text ${i} `.repeat(20) }))
    .map((line) => `${line}\n`)
    .join('');
const parquet = readFileSync(
  join(import.meta.dirname, '../../fixtures/format-1-run/documents/part-00000-of-00001.parquet'),
);

async function idsOf(plan: SplitPlan): Promise<string[]> {
  const ids: string[] = [];
  const given = {
    kernel: await kernel,
    onQuarantine: (r: { detail: string }) => {
      throw new Error(r.detail);
    },
  };
  for (const split of plan.splits)
    for await (const batch of readSplit(split, plan, options, given))
      for (let i = 0; i < batch.rows; i++) ids.push(stringAt(batch.utf8('id'), i) ?? '');
  return ids;
}

const idsFrom = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`);
const dataReads = (server: TestServer): number =>
  server.requests.filter((r) => r.method === 'GET' && !r.query.has('list-type')).length;

describe('objects of s3', () => {
  it('are found by globs and folders, cut into splits, and read by ranges as files of a disk are', async () => {
    const server = await s3Server({ pageSize: 2 });
    storeEnvironment({ ...server.env, SLUICE_CACHE: 'off' });
    server.put('bucket/in/a.jsonl', linesOf('a', 3000));
    server.put('bucket/in/b.jsonl.gz', gzipSync(linesOf('b', 500)));
    server.put('bucket/in/deep/c.jsonl', linesOf('c', 10));
    server.put('bucket/in/.hidden.jsonl', linesOf('h', 1));
    server.put('bucket/other/d.jsonl', linesOf('d', 1));
    const plan = await planSplits(['s3://bucket/in/*.jsonl*'], options, { splitBytes: 300_000 });
    expect(plan.files.map((f) => [f.path, f.absolutePath, f.format, f.codec, f.mtimeMs])).toEqual([
      ['a.jsonl', 's3://bucket/in/a.jsonl', 'jsonl', 'none', 0],
      ['b.jsonl.gz', 's3://bucket/in/b.jsonl.gz', 'jsonl', 'gzip', 0],
    ]);
    expect(plan.splits.length).toBeGreaterThan(2);
    expect(await idsOf(plan)).toEqual([...idsFrom('a', 3000), ...idsFrom('b', 500)]);
    const names = async (input: string) => (await planSplits([input], options)).files.map((f) => f.path);
    expect(await names('s3://bucket/in')).toEqual(['a.jsonl', 'b.jsonl.gz', 'deep/c.jsonl']);
    expect(await names('s3://bucket/**/c.jsonl')).toEqual(['in/deep/c.jsonl']);
    expect(await names('s3://bucket/{in,other}/[ad].jsonl')).toEqual(['in/a.jsonl', 'other/d.jsonl']);
    expect(await names('s3://bucket/other/d.jsonl')).toEqual(['d.jsonl']);
    await expect(names('s3://bucket/none')).rejects.toThrow(/nothing of that name/);
  });

  it('come whole through cuts, lies about lengths, busy answers and ranges that were not asked for', async () => {
    const server = await s3Server();
    storeEnvironment({ ...server.env, SLUICE_CACHE: 'off' });
    server.put('bucket/a.jsonl', linesOf('a', 4000));
    const plan = await planSplits(['s3://bucket/a.jsonl'], options, { splitBytes: 120_000 });
    const from = server.requests.length;
    server.fault = ({ number, method }) => {
      if (method !== 'GET') return null;
      const faults = [
        { cutAfter: 70_000 },
        { status: 503, code: 'SlowDown', retryAfter: '0' },
        { lie: 5000 },
        { lie: -5000 },
        { status: 429, retryAfter: '0' },
        { cutAfter: 0 },
      ] as const;
      return (number - from) % 2 === 0 ? (faults[((number - from) / 2) % faults.length] ?? null) : null;
    };
    expect(await idsOf(plan)).toEqual(idsFrom('a', 4000));
    expect(server.requests.length - from).toBeGreaterThan(8);
  });

  it('are fetched once: a second reading and a second plan come from the cache, whole and by version', async () => {
    const server = await s3Server();
    storeEnvironment(server.env);
    server.put('bucket/a.jsonl', linesOf('a', 4000));
    server.put('bucket/p.parquet', parquet);
    const read = async () => idsOf(await planSplits(['s3://bucket/*'], options, { splitBytes: 500_000 }));
    const first = await read();
    const reads = dataReads(server);
    expect(reads).toBeGreaterThan(0);
    expect(await read()).toEqual(first);
    expect(dataReads(server)).toBe(reads);
    server.put('bucket/a.jsonl', linesOf('new', 10));
    expect((await read()).slice(0, 10)).toEqual(idsFrom('new', 10));
  });

  it('that change between plan and reading are refused by name', async () => {
    const server = await s3Server();
    storeEnvironment({ ...server.env, SLUICE_CACHE: 'off' });
    server.put('bucket/a.jsonl', linesOf('a', 400));
    const plan = await planSplits(['s3://bucket/a.jsonl'], options);
    server.put('bucket/a.jsonl', linesOf('b', 400));
    await expect(idsOf(plan)).rejects.toThrow(
      /s3:\/\/bucket\/a\.jsonl: expected the object as it was .*another version/,
    );
  });

  it('that may not be read are refused with what the rights came from, and without secrets', async () => {
    const server = await s3Server();
    storeEnvironment({ ...server.env, AWS_ACCESS_KEY_ID: 'AKIAOTHER', AWS_SECRET_ACCESS_KEY: 'other-secret' });
    const error = await planSplits(['s3://bucket/a.jsonl'], options).catch((e: Error) => e);
    expect(String(error)).toMatch(/permission to look at an object, got 403.*credentials from the environment/);
    expect(String(error)).not.toMatch(/AKIAOTHER|other-secret/);
  });
});

describe('files of the web', () => {
  const web = (files: Readonly<Record<string, Buffer>>, ranges: boolean) =>
    testServer(({ path, headers, method, query }) => {
      const body = files[path];
      if (body === undefined) return { status: 404 };
      if (query.get('token') === 'wrong') return { status: 403 };
      const own = { 'last-modified': 'Mon, 02 Nov 2026 10:00:00 GMT', ...(ranges && { 'accept-ranges': 'bytes' }) };
      const length = { 'content-length': String(body.length) };
      if (method === 'HEAD') return { status: 200, headers: { ...own, ...length } };
      return ranges ? ranged(body, headers, own) : { status: 200, headers: own, body };
    });

  it('are read by ranges, several by braces, with what is secret in an address shown nowhere', async () => {
    const files = { '/d/p-00.jsonl': Buffer.from(linesOf('x', 50)), '/d/p-01.jsonl': Buffer.from(linesOf('y', 50)) };
    const server = await web(files, true);
    storeEnvironment({ SLUICE_CACHE: 'off' });
    const plan = await planSplits([`${server.url}/d/p-{00,01}.jsonl?token=secret`], options);
    expect(plan.files.map((f) => f.path)).toEqual(['p-00.jsonl', 'p-01.jsonl']);
    expect(await idsOf(plan)).toEqual([...idsFrom('x', 50), ...idsFrom('y', 50)]);
    const refusal = await planSplits([`${server.url}/d/p-00.jsonl?token=wrong`], options).catch((e: Error) => e);
    expect(String(refusal)).toMatch(/p-00\.jsonl: expected permission/);
    expect(String(refusal)).not.toContain('wrong');
    await expect(planSplits([`${server.url}/d/*.jsonl`], options)).rejects.toThrow(/no list of its files/);
  });

  it('of a server without ranges are copied once, and read as a pipe is', async () => {
    const server = await web({ '/a.jsonl.gz': gzipSync(linesOf('x', 50)) }, false);
    storeEnvironment({ SLUICE_CACHE: 'off' });
    const plan = await planSplits([`${server.url}/a.jsonl.gz`], options);
    expect(plan.files[0].path).toBe('a.jsonl.gz');
    expect(await idsOf(plan)).toEqual(idsFrom('x', 50));
  });

  it('by redirects are never read from another scheme', async () => {
    const server = await testServer(() => ({ status: 302, headers: { location: 'file:///etc/passwd' } }));
    storeEnvironment({ SLUICE_CACHE: 'off' });
    await expect(planSplits([`${server.url}/a.jsonl`], options)).rejects.toThrow(/redirect from http:\/\/ to file:/);
    await expect(planSplits(['ftp://host/a.jsonl'], options)).rejects.toThrow(/expected s3:\/\/, https:\/\//);
  });
});

describe('data sets of the hub', () => {
  it('are listed page by page and read at one commit, the token never sent to another host', async () => {
    const files = {
      'README.md': Buffer.from('# A data set'),
      'data/a.jsonl': Buffer.from(linesOf('a', 60)),
      'data/b.jsonl': Buffer.from(linesOf('b', 60)),
      'data/c.jsonl': Buffer.from(linesOf('c', 60)),
      'data/deep/d.jsonl': Buffer.from(linesOf('d', 60)),
    };
    const { hub, cdn, env } = await hubServer(files);
    storeEnvironment({ ...env, SLUICE_CACHE: 'off' });
    const plan = await planSplits(['hf://datasets/owner/name/data/*.jsonl'], options);
    expect(plan.files.map((f) => f.path)).toEqual(['a.jsonl', 'b.jsonl', 'c.jsonl']);
    expect(plan.files[0].absolutePath).toBe(`hf://datasets/owner/name@${COMMIT}/data/a.jsonl`);
    expect(plan.files[0].version).toBe('oid-data/a.jsonl');
    expect(await idsOf(plan)).toEqual(['a', 'b', 'c'].flatMap((n) => idsFrom(n, 60)));
    expect(cdn.requests.length).toBeGreaterThan(2);
    expect(cdn.requests.every((r) => r.headers.authorization === undefined)).toBe(true);
    expect(hub.requests.every((r) => r.headers.authorization !== undefined)).toBe(true);
    const all = await planSplits(['hf://datasets/owner/name'], options);
    expect(all.files.map((f) => f.path)).toEqual(['data/a.jsonl', 'data/b.jsonl', 'data/c.jsonl', 'data/deep/d.jsonl']);
  });
});
