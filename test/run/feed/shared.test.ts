import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { localStore } from '../../../src/files/stores/local-store.ts';
import { s3Store } from '../../../src/files/stores/s3/s3-store.ts';
import type { LogLine } from '../../../src/mixture/log.ts';
import { mixOf } from '../../../src/mixture/mix.ts';
import { openFeed, openSharedFeed } from '../../../src/run/feed/feed.ts';
import { Entries } from '../../../src/run/feed/shared/entries.ts';
import { oneByUrl, type SeenServer } from '../../../src/run/feed/shared/servers.ts';
import { SharedLog } from '../../../src/run/feed/shared/shared-log.ts';
import type { State } from '../../../src/run/feed/shared/state-store.ts';
import { feedClient } from '../../../src/sinks/feed/client.ts';
import { type FeedServer, serveFeed } from '../../../src/sinks/feed/server.ts';
import type { FeedSource } from '../../../src/sinks/feed/source.ts';
import { shown, tokenStore } from '../../helpers/feed.ts';
import { s3Server } from '../../helpers/stores/s3-server.ts';
import { factsOf, reactive } from '../../mixture/toy.ts';

const NEVER = new AbortController().signal;
const NOW = AbortSignal.abort();
let folder = '';
let store = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-shared-'));
  store = await tokenStore(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const options = { scheduler: reactive, contextLength: 32, sequencesPerStep: 7, windowSplits: 2, lag: 3, seed: 11 };
// Heartbeats move by hand only: what these tests see follows from requests.
const times = { beatMs: 1 << 30, patienceMs: 1 << 30 };

interface Member {
  readonly feed: FeedSource;
  readonly server: FeedServer;
  readonly url: string;
}

async function member(state: string): Promise<Member> {
  const feed = await openSharedFeed({ ...options, ...times, stores: [store], state: join(folder, state) });
  ends.push(() => feed.close());
  const server = await serveFeed(feed);
  ends.push(() => server.close());
  await feed.announce(server.url, null);
  return { feed, server, url: server.url };
}

/** What a trainer would measure: a function of the step and its sequences. */
const lossesOf = (step: number, lines: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    ['code', 'news', 'web'].map((d) => [d, 1 + ((lines.filter((l) => l.includes(d)).join().length + step) % 9)]),
  );

async function stepOf(feed: FeedSource, step: number): Promise<string[]> {
  const { steps } = await feed.pull({ from: step, count: 1, stride: 1, rank: 0, world: 1 }, NEVER);
  return shown(steps, feed.facts.domains);
}

describe('several servers of one feed', () => {
  it('give the steps of one alone, whoever gets the losses, and go on when the writer is gone', async () => {
    const alone = await openFeed({ ...options, stores: [store], state: join(folder, 'alone') });
    ends.push(() => alone.close());
    const expected: string[][] = [];
    for (let step = 0; step < 40; step++) {
      expected.push(await stepOf(alone, step));
      await alone.post(step, lossesOf(step, expected[step]));
    }
    const members = [await member('one'), await member('one'), await member('one')];
    const [first, second, third] = members;
    expect(new Set(members.map((m) => m.feed.facts.feed)).size).toBe(1);
    const writers = async () => (await third.feed.status()).servers!.filter((s) => s.writes).map((s) => s.url);
    expect(await writers()).toEqual([first.url]);
    const got: string[][] = [];
    const train = async (from: number, to: number, at: readonly FeedSource[]): Promise<void> => {
      for (let step = from; step < to; step++) {
        got[step] = await stepOf(at[step % at.length], step);
        // Posted to another one than the step came from.
        await at[(step + 1) % at.length].post(step, lossesOf(step, got[step]));
      }
    };
    const all = await Promise.all(members.map((m) => feedClient(m.url)));
    await train(0, 15, all);
    expect(await writers()).toEqual([first.url]);
    // No longer to be asked, though its process lives: whoever has losses takes over.
    await first.server.close();
    await train(15, 20, all.slice(1));
    expect(await writers()).toEqual([second.url]);
    // What it believes of itself does not count.
    expect(await first.feed.asWriter!.post(19, { web: 1 }).catch((e) => e.name)).toBe('SendAgain');
    // A trainer that goes back says so at one server, and asks another.
    await second.feed.rewind(12);
    expect((await third.feed.pull({ from: 15, count: 1, stride: 1, rank: 0, world: 1 }, NOW)).waitsFor).toBe(
      'the losses of step 12',
    );
    await train(12, 40, all.slice(1));
    expect(got).toEqual(expected);
    // One that starts later reads what was written, by both writers.
    const late = await member('one');
    for (const step of [3, 21, 39]) expect(await stepOf(late.feed, step)).toEqual(expected[step]);
    expect((await late.feed.status()).writers).toBe(2);
    await expect(openFeed({ ...options, stores: [store], state: join(folder, 'one') })).rejects.toThrow(/--shared/);
    await expect(openSharedFeed({ ...options, seed: 12, stores: [store], state: join(folder, 'one') })).rejects.toThrow(
      /begun\.json: expected the seed that this feed was begun with: 11, got 12.*--state/s,
    );
    await expect(openSharedFeed({ ...options, stores: [store], state: join(folder, 'alone') })).rejects.toThrow(
      /without --shared/,
    );
  });

  it('are listed once an address, the one that was seen last', () => {
    const server = (id: string, url: string | null, silent: number | null) =>
      ({ id, url, silent, host: 'h', mark: {}, beats: 1, step: 0 }) as unknown as SeenServer;
    const seen = [server('killed', 'a', null), server('own', 'b', 9), server('new', 'a', 2), server('old', 'b', 1)];
    expect(oneByUrl([...seen, server('deaf', null, 1)], 'own').map((s) => s.id)).toEqual(['new', 'own', 'deaf']);
  });

  it('are told what is wrong by the one that writes, and a client leaves one that does not answer', async () => {
    const [first, second] = [await member('two'), await member('two')];
    const client = await feedClient([second.url, first.url]);
    await stepOf(client, 0);
    await expect(client.post(0, { wiki: 1 })).rejects.toThrow(/losses of code, news, web/);
    await expect(client.post(9, { web: 1 })).rejects.toThrow(/a step that was drawn, got step 9/);
    await second.server.close();
    await client.post(0, { web: 1 });
    const { servers } = await client.status();
    expect(servers!.map((s) => [s.writes, s.self]).sort()).toEqual([
      [false, false],
      [true, true],
    ]);
    const text = await (await fetch(`${first.url}/metrics`)).text();
    expect(text).toContain('sluice_feed_writes 1\n');
    expect(text).toContain('sluice_feed_servers 2\n');
    const other = await member('three');
    const two = await feedClient([first.url, other.url]);
    await first.server.close();
    await expect(two.status()).rejects.toThrow(/a server of the feed/);
  });
});

const mix = mixOf(reactive, factsOf([100, 100]));
const losses = (step: number): LogLine => ({ type: 'losses', step, losses: [1 + step, 2] });

async function states(): Promise<readonly State[]> {
  const server = await s3Server();
  const bucket = s3Store('bucket', { env: server.env, patience: { wait: async () => {} } });
  const local = localStore(join(folder, 'log'));
  return [
    { store: local, prefix: '', name: 'local', pollMs: 1 },
    { store: bucket, prefix: 'feeds/one', name: 's3', pollMs: 1 },
  ];
}

describe('a log with one writer at a time', () => {
  it('takes nothing of one whose place another has taken, in a folder and in a bucket', async () => {
    for (const state of await states()) {
      const [a, b] = [new SharedLog(state, 'a', mix, 3), new SharedLog(state, 'b', mix, 3)];
      expect([await a.claim(), await b.claim()]).toEqual([true, true]);
      await b.append([losses(0)]);
      // `a` has not looked since: its claim is over, whatever it believes.
      expect(a.mine).toBe(true);
      a.history.record(losses(1));
      await expect(a.append([losses(1)])).rejects.toThrow(/another server that writes it by now/);
      expect([a.mine, a.writer]).toEqual([false, 'b']);
      expect(a.history.lossesBetween(0, 9)).toEqual([losses(0)]);
      expect(await a.catchUp()).toEqual({ redrawFrom: 0 });
      expect(await a.catchUp()).toBeNull();
      // Two that claim at once: one of them wins.
      const both = [new SharedLog(state, 'c', mix, 3), new SharedLog(state, 'd', mix, 3)];
      for (const log of both) await log.catchUp();
      expect((await Promise.all(both.map((log) => log.claim()))).sort()).toContain(true);
      await b.catchUp();
      expect(['c', 'd']).toContain(b.writer);
      const last = both.find((log) => log.mine)!;
      await last.append([{ type: 'rewind', step: 0 }]);
      expect(await b.catchUp()).toEqual({ redrawFrom: 3 });
      expect(b.history.lossesBetween(0, 9)).toEqual([]);
    }
  });

  it('keeps many entries in few objects, and who was behind reads all of them', async () => {
    const state = { store: localStore(join(folder, 'many')), prefix: '', name: 'many', pollMs: 1 };
    const [a, behind] = [new SharedLog(state, 'a', mix, 3, 100), new SharedLog(state, 'b', mix, 3)];
    await a.claim();
    for (let step = 0; step < 10; step++) await a.append([losses(step)]);
    await behind.catchUp();
    for (let step = 10; step < 120; step++) await a.append([losses(step)]);
    await a.flush();
    const names = await readdir(join(folder, 'many/log/00000001'));
    expect([names.length, names.sort()[0]]).toEqual([65, '00000001-00000056.jsonl']);
    const fresh = new SharedLog(state, 'c', mix, 3);
    for (const log of [behind, fresh]) {
      await log.catchUp();
      expect(log.history.lossesBetween(0, 1000)).toEqual(Array.from({ length: 120 }, (_, i) => losses(i)));
    }
    // Somebody who looked long ago makes an entry where one was before it was merged.
    const entries = new Entries(state.store, '');
    const wrong = { writer: 1, entry: 40 };
    expect(await entries.put(wrong, { by: 'z', lines: [], writer: 2 })).toBe(true);
    expect(await entries.isVoid(wrong)).toBe(true);
    expect((await entries.after({ writer: 1, entry: 39 })).map((e) => e.entry.by)).toEqual(Array(81).fill('a'));
  });

  it('is not taken by who looked before its writer went on and merged what it had written', async () => {
    const local = localStore(join(folder, 'void'));
    let goOn = async (): Promise<void> => {};
    // The writer goes on while the seal of the other is on its way.
    const late = {
      ...local,
      put: async (...args: Parameters<typeof local.put>) => {
        await goOn();
        return local.put(...args);
      },
    };
    const [a, b] = [local, late].map(
      (store, i) => new SharedLog({ store, prefix: '', name: 'void', pollMs: 1 }, 'ab'[i], mix, 3, 5),
    );
    expect(await a.claim()).toBe(true);
    goOn = async () => {
      for (let step = 0; step < 70; step++) await a.append([losses(step)]);
      await a.flush();
    };
    expect([await b.claim(), b.mine]).toEqual([false, false]);
    // Nobody has taken its place.
    await a.append([losses(70)]);
    await b.catchUp();
    expect([b.writer, b.history.lossesBetween(0, 1000).length]).toEqual(['a', 71]);
  });
});
