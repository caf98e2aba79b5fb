import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openFeed } from '../../src/run/feed/feed.ts';
import { serveFeed } from '../../src/sinks/feed/server.ts';
import { tokenStore } from '../helpers/feed.ts';
import { constant, reactive } from '../mixture/toy.ts';

const python = process.env.SLUICE_PYTHON ?? 'python3';
const folder = resolve(import.meta.dirname, '../../python/sluice_feed');
const imports = spawnSync(python, ['-c', 'import torch, pyarrow, numpy'], { encoding: 'utf8' });
const missing = imports.status === 0 ? null : (imports.stderr?.trim().split('\n').at(-1) ?? String(imports.error));
if (missing !== null)
  console.warn(`skipped: no Python with torch, pyarrow and numpy (${missing}); SLUICE_PYTHON names another`);

interface Shown {
  readonly step: number;
  readonly sequences: readonly (readonly number[])[];
  readonly ids: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
  readonly length: readonly number[];
  readonly document: readonly (readonly number[])[];
}

const script = async (name: string, ...args: string[]): Promise<string> => {
  const env = { ...process.env, PYTHONPATH: folder, OMP_NUM_THREADS: '1' };
  const { stdout } = await promisify(execFile)(python, [join(folder, name), ...args], { env, maxBuffer: 1 << 26 });
  return stdout;
};

describe.skipIf(missing !== null)('the client in Python', () => {
  it('gives the steps of the feed, whatever the loader, the ranks and the restarts', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sluice-python-'));
    const store = await tokenStore(root);
    const feed = await openFeed({
      stores: [store],
      state: join(root, 'state'),
      scheduler: constant([1, 2, 1]),
      contextLength: 48,
      sequencesPerStep: 5,
    });
    const server = await serveFeed(feed);
    try {
      const found = JSON.parse(await script('tests/check.py', server.url)) as Record<string, never>;
      const asked = { from: 0, count: 6, stride: 1, rank: 0, world: 1 };
      const { steps } = await feed.pull(asked, AbortSignal.abort());
      const plain = found.plain as Shown[];
      expect(plain.length).toBe(6);
      for (const [i, { step, sequences }] of steps.entries()) {
        expect(plain[i].step).toBe(step);
        expect(plain[i].sequences).toEqual(sequences.map((s) => [s.slot, s.domain, s.epoch, s.index]));
        expect(plain[i].ids).toEqual(sequences.map((s) => [...s.ids.subarray(0, 6)]));
        for (const [row, s] of sequences.entries()) {
          const labels = Array.from(s.ids, (_, at) =>
            at + 1 < s.length ? s.ids[at + 1] : at + 1 === s.length && s.next >= 0 ? s.next : -100,
          );
          expect(plain[i].labels[row]).toEqual(labels);
          const documents = Array.from(s.ids, (_, at) =>
            at < s.length ? s.starts.filter((start) => start <= at).length - 1 : -1,
          );
          expect(plain[i].document[row]).toEqual(documents);
        }
      }
      const others = [found.http, found.several, found.elsewhere, found.gone];
      expect(others).toEqual([plain, plain, plain, plain]);
      expect([found.mapped, found.refused_files]).toEqual([true, true]);
      expect(found.workers0).toEqual(plain);
      expect(found.workers2).toEqual(plain);
      expect(found.resumed).toEqual(plain.slice(2));
      const ranks = found.ranks as Shown['sequences'][][];
      for (let step = 0; step < 6; step++)
        expect([0, 1, 2, 3, 4].map((slot) => ranks[slot % 3][step][Math.floor(slot / 3)])).toEqual(
          plain[step].sequences,
        );
      const [first] = steps[0].sequences;
      const cuts = first.starts.slice(1);
      expect((found.masked as number[][])[0].map((label, at) => (cuts.includes(at + 1) ? label : 0))).toEqual(
        Array.from(first.ids, (_, at) => (cuts.includes(at + 1) ? -100 : 0)),
      );
      expect(found.sequences).toEqual([0, 1, 2, 3, 4]);
      expect(found.refused).toMatch(/losses of code, news, web/);
      expect(found.nan).toMatch(/finite losses/);
      expect(found.vocabulary).toMatch(/ids below 200, which the model knows, got a feed of bytes with 257/);
      if (found.stateful !== null)
        expect(found.stateful).toEqual([
          [0, 1, 2],
          [3, 4, 5],
        ]);
    } finally {
      await server.close();
      await feed.close();
      await rm(root, { recursive: true, force: true });
    }
  });

  it('trains by the example, posts losses, and goes on from its checkpoint', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sluice-python-'));
    const store = await tokenStore(root);
    const options = { stores: [store], contextLength: 16, sequencesPerStep: 6, lag: 4 };
    const feed = await openFeed({ ...options, state: join(root, 'state'), scheduler: reactive });
    const server = await serveFeed(feed);
    try {
      const checkpoint = join(root, 'model.pt');
      const run = (steps: number) =>
        script(
          'examples/pytorch_loop.py',
          server.url,
          ...['--steps', String(steps), '--every', '10', '--checkpoint', checkpoint],
        );
      expect(await run(15)).toMatch(/step 10 {2}loss \d/);
      expect(await run(20)).toMatch(/goes on from step 10\n.*step 20 {2}loss/s);
      const { step, domains } = await feed.status();
      expect(step).toBeGreaterThanOrEqual(20);
      expect(domains.map((d) => d.weight)).not.toEqual([1 / 3, 1 / 3, 1 / 3]);
    } finally {
      await server.close();
      await feed.close();
      await rm(root, { recursive: true, force: true });
    }
  });
});
