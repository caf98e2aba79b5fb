import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
import { recipe, run, tokens } from 'sluice';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/random.ts';
import { type FeedOptions, openFeed } from '../../../src/run/feed/feed.ts';
import type { FeedSource } from '../../../src/sinks/feed/source.ts';
import { shown, tokenStore, tokensRecipe, writeDomains } from '../../helpers/feed.ts';
import { runToEnd, temporaryFolder } from '../../helpers/run.ts';
import { constant, reactive } from '../../mixture/toy.ts';

const NOW = AbortSignal.abort();
const BATCH = 7;

const opened: FeedSource[] = [];
afterEach(async () => {
  for (const feed of opened.splice(0)) await feed.close();
});

const base = (store: string, state: string): FeedOptions => ({
  stores: [store],
  state: join(store, state),
  scheduler: reactive,
  contextLength: 32,
  sequencesPerStep: BATCH,
  windowSplits: 2,
  lag: 3,
  seed: 11,
});

async function feedOf(store: string, state: string, options: Partial<FeedOptions> = {}): Promise<FeedSource> {
  const feed = await openFeed({ ...base(store, state), ...options });
  opened.push(feed);
  return feed;
}

async function close(feed: FeedSource): Promise<void> {
  await feed.close();
  opened.splice(opened.indexOf(feed), 1);
}

/** What a trainer would measure: a function of the step and its sequences. */
const lossesOf = (step: number, lines: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    ['code', 'news', 'web'].flatMap((d) => {
      const own = lines.filter((l) => l.includes(` ${d} `));
      return own.length === 0 ? [] : [[d, 1 + ((own.join().length * 31 + step * 17) % 97) / 10]];
    }),
  );

/** The sequences of a step over all ranks, in slot order. */
async function stepOf(feed: FeedSource, step: number, world: number): Promise<string[]> {
  const lines: string[] = [];
  for (let rank = 0; rank < world; rank++) {
    const { steps, waitsFor, ended } = await feed.pull({ from: step, count: 1, stride: 1, rank, world }, NOW);
    expect([waitsFor, ended]).toEqual([null, null]);
    lines.push(...shown(steps, feed.facts.domains));
  }
  return lines.sort((a, b) => Number(a.split(/[. ]/)[1]) - Number(b.split(/[. ]/)[1]));
}

async function train(feed: FeedSource, from: number, to: number, world: number, into: string[][]): Promise<void> {
  for (let step = from; step < to; step++) {
    into[step] = await stepOf(feed, step, world);
    await feed.post(step, lossesOf(step, into[step]));
  }
}

let kept = '';
let store = '';
beforeAll(async () => {
  kept = await mkdtemp(join(tmpdir(), 'sluice-feed-'));
  store = await tokenStore(kept);
});
afterAll(() => rm(kept, { recursive: true, force: true }));

describe('a feed', () => {
  it('gives the same after kills, rewinds and other numbers of ranks, while losses steer it', async () => {
    const whole: string[][] = [];
    await train(await feedOf(store, 'whole'), 0, 80, 1, whole);
    for (let trial = 0; trial < 8; trial++) {
      const random = seededRandom(trial);
      const seen: string[][] = [];
      let feed = await feedOf(store, `trial${trial}`);
      let checkpoint = 0;
      while (checkpoint < 80) {
        const to = Math.min(80, checkpoint + 1 + random.below(60));
        await train(feed, checkpoint, to, 1 + random.below(4), seen);
        if (to === 80) break;
        // Killed: the process is gone, the lock of a dead process too; the last line may be torn.
        if (random.below(2) === 0) {
          await close(feed);
          if (random.below(2) === 0) appendFileSync(join(store, `trial${trial}`, 'mixture.jsonl'), '{"type":"loss');
          feed = await feedOf(store, `trial${trial}`);
        }
        // The trainer's last checkpoint is older than its last step.
        checkpoint = Math.max(checkpoint, to - random.below(30));
        if (random.below(2) === 0) await feed.rewind(checkpoint);
      }
      await close(feed);
      expect(seen).toEqual(whole);
    }
  });

  it('draws every sequence of an epoch once, and weights say how often each domain comes', async () => {
    const feed = await feedOf(store, 'fixed', { scheduler: constant([1, 2, 4]) });
    const { steps } = await feed.pull({ from: 0, count: 400, stride: 1, rank: 0, world: 1 }, NOW);
    const drawn = new Map<string, number[]>();
    for (const { sequences } of steps)
      for (const s of sequences)
        drawn.set(`${s.domain}.${s.epoch}`, [...(drawn.get(`${s.domain}.${s.epoch}`) ?? []), s.index]);
    const { domains } = await feed.status();
    for (const [i, { sequences, epochs }] of domains.entries()) {
      expect(epochs).toBeGreaterThan(1);
      for (let epoch = 0; epoch < Math.floor(epochs!); epoch++)
        expect(drawn.get(`${i}.${epoch}`)!.toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: sequences! }, (_, n) => n),
        );
      expect(drawn.get(`${i}.0`)).not.toEqual(drawn.get(`${i}.1`));
    }
    expect(domains.map((d) => Math.abs(d.drawn - 400 * BATCH * d.weight!) < 1)).toEqual([true, true, true]);
  });

  it('waits for losses that a step depends on, and gives what does not', async () => {
    const feed = await feedOf(store, 'waits');
    const asked = { from: 0, count: 9, stride: 1, rank: 0, world: 1 };
    const before = await feed.pull(asked, NOW);
    expect([before.steps.length, before.waitsFor]).toEqual([3, 'the losses of step 0']);
    const waiting = feed.pull({ ...asked, from: 3 }, new AbortController().signal);
    await feed.post(0, { web: 2 });
    expect((await waiting).steps.map((s) => s.step)).toEqual([3]);
    await expect(feed.post(1, { web: Number.NaN })).rejects.toThrow(/a finite number.*NaN for web/s);
    await expect(feed.post(1, { web: -0.5 })).rejects.toThrow(/of 0 or more.*-0.5 for web/s);
    await expect(feed.post(9, { web: 1 })).rejects.toThrow(/step 9: that waits for the losses of step 1/);
    await expect(feed.post(1e6, { web: 1 })).rejects.toThrow(/a step that was drawn, got step 1000000/);
    await expect(feed.post(1, { wiki: 1 })).rejects.toThrow(/losses of code, news, web.*wiki/s);
  });

  it('replaces losses that are posted again with other values, and all that follows from them', async () => {
    const [a, b] = [await feedOf(store, 'a'), await feedOf(store, 'b')];
    const [first, second]: [string[][], string[][]] = [[], []];
    await train(a, 0, 20, 1, first);
    await train(b, 0, 30, 1, second);
    await a.post(10, { code: 50, news: 1, web: 1 });
    await b.post(10, { code: 50, news: 1, web: 1 });
    await train(a, 11, 40, 2, first);
    await train(b, 11, 40, 1, second);
    expect(first).toEqual(second);
    const changed: string[][] = [];
    await train(await feedOf(store, 'c'), 0, 40, 1, changed);
    expect(changed.slice(0, 13)).toEqual(first.slice(0, 13));
    expect(changed.slice(13)).not.toEqual(first.slice(13));
  });

  it('ends when every domain has had its epochs, or the planned steps are done', async () => {
    const feed = await feedOf(store, 'epochs', { scheduler: constant([1, 1, 1]), maxEpochs: 1 });
    const total = (await feed.status()).domains.reduce((n, d) => n + d.sequences!, 0);
    const { steps, ended } = await feed.pull({ from: 0, count: 10_000, stride: 1, rank: 0, world: 1 }, NOW);
    expect(steps.length).toBe(Math.floor(total / BATCH));
    expect(ended).toMatch(/all its epochs/);
    const planned = await feedOf(store, 'planned', { scheduler: constant([1, 1, 1]), steps: 5 });
    const five = await planned.pull({ from: 3, count: 9, stride: 1, rank: 0, world: 1 }, NOW);
    expect([five.steps.length, five.ended]).toEqual([2, 'all 5 planned steps are done']);
  });

  it('refuses a folder of another feed, of another process, and a damaged log', async () => {
    const feed = await feedOf(store, 'mine');
    await expect(feedOf(store, 'mine')).rejects.toThrow(/already uses/);
    await train(feed, 0, 4, 1, []);
    await close(feed);
    await expect(feedOf(store, 'mine', { seed: 12 })).rejects.toThrow(
      /the seed that this feed was begun with: 11, got 12/,
    );
    await expect(feedOf(store, 'mine', { contextLength: 64 })).rejects.toThrow(/the context length that/);
    await expect(feedOf(store, 'mine', { windowSplits: 3 })).rejects.toThrow(/the window that .*: 2, got 3/);
    await expect(feedOf(store, 'mine', { packing: 'best-fit' })).rejects.toThrow(/the packing that/);
    await expect(openFeed({ ...base(store, 'mine'), stores: [store, store] })).rejects.toThrow(/every run once/);
    const log = join(store, 'mine', 'mixture.jsonl');
    const lines = readFileSync(log, 'utf8').split('\n');
    writeFileSync(log, lines.with(1, lines[1].slice(0, -5)).join('\n'));
    await expect(feedOf(store, 'mine')).rejects.toThrow(/line 2: expected a line as it was written/);
  });
});

describe('a feed of a run that goes on', () => {
  it('waits for what is not committed, and gives the same sequences as afterwards', async () => {
    const folder = await temporaryFolder();
    const input = [writeDomains(join(folder, 'in'), 6)];
    const finished = join(folder, 'finished');
    const growing = join(folder, 'growing');
    await runToEnd(tokensRecipe(), { input, output: finished, workers: 1 });
    const options = { scheduler: constant([1, 2, 1]), pollMs: 10, domains: ['code', 'news', 'web'] };
    const after = await feedOf(finished, 'feed', options);
    const asked = { from: 0, count: 60, stride: 1, rank: 0, world: 1 };
    const expected = shown((await after.pull(asked, NOW)).steps, after.facts.domains);
    // Stopped after its first split, so that the feed begins before the rest is there.
    const stop = new AbortController();
    await lastValueFrom(
      run(tokensRecipe(), { input, output: growing, workers: 1, stop: stop.signal }).pipe(
        tap((event) => {
          if (event.type === 'commit') stop.abort();
        }),
      ),
    );
    const during = await feedOf(growing, 'feed', options);
    const early = await during.pull(asked, NOW);
    expect(early.waitsFor).toMatch(/the run has not committed it yet/);
    expect(early.steps.length).toBeLessThan(60);
    const patient = new AbortController().signal;
    const all: string[] = [];
    const pulling = (async () => {
      for (let from = 0; from < 60; from++)
        all.push(...shown((await during.pull({ ...asked, from, count: 1 }, patient)).steps, during.facts.domains));
    })();
    await runToEnd(tokensRecipe(), { input, output: growing, workers: 2 });
    await pulling;
    expect(all).toEqual(expected);
    // Started again after the end, it goes on with the same.
    await close(during);
    const again = await feedOf(growing, 'feed', options);
    expect(shown((await again.pull(asked, NOW)).steps, again.facts.domains)).toEqual(expected);
  });

  it('asks for names of domains, and refuses what is no store', async () => {
    const folder = await temporaryFolder();
    const input = [writeDomains(join(folder, 'in'), 2)];
    const output = join(folder, 'run');
    const stop = new AbortController();
    stop.abort();
    await runToEnd(tokensRecipe(), { input, output, workers: 1, stop: stop.signal });
    await expect(feedOf(output, 'feed')).rejects.toThrow(/the names of the domains, since the run has not ended/);
    await runToEnd(tokensRecipe(), { input, output, workers: 1 });
    await expect(feedOf(output, 'feed', { domains: ['wiki'] })).rejects.toThrow(/a domain of the stores: code, news/);
    await expect(feedOf(join(folder, 'in'), 'feed')).rejects.toThrow(/a run directory/);
    const plain = join(folder, 'plain');
    await runToEnd(recipe({ name: 'plain', steps: [] }), { input, output: plain, workers: 1 });
    await expect(feedOf(plain, 'feed')).rejects.toThrow(/a run that wrote tokens, got the sinks documents/);
    await expect(openFeed({ ...base(output, 'two'), stores: [output, plain] })).rejects.toThrow(/wrote tokens/);
    const other = join(folder, 'other');
    await runToEnd(recipe({ name: 'other', steps: [], sinks: [tokens({ tokenizer: 'bytes', endOfText: null })] }), {
      input,
      output: other,
      workers: 1,
    });
    await expect(openFeed({ ...base(output, 'two'), stores: [output, other] })).rejects.toThrow(
      /tokens of one tokenizer/,
    );
  });

  it('feeds from several finished runs as from one', async () => {
    const folder = await temporaryFolder();
    const copy = join(folder, 'copy');
    await cp(store, copy, { recursive: true });
    const feed = await openFeed({ ...base(folder, 'both'), stores: [store, copy] });
    opened.push(feed);
    const one = await feedOf(store, 'one');
    const [both, single] = [await feed.status(), await one.status()];
    expect(both.domains.map((d) => d.tokens)).toEqual(single.domains.map((d) => 2 * d.tokens));
  });
});
