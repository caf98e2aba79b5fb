import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openFeed } from '../../../src/run/feed/feed.ts';
import { feedClient } from '../../../src/sinks/feed/client.ts';
import { type FeedServer, type FeedServerOptions, serveFeed } from '../../../src/sinks/feed/server.ts';
import type { FeedSource } from '../../../src/sinks/feed/source.ts';
import { shown, tokenStore } from '../../helpers/feed.ts';
import { constant, reactive } from '../../mixture/toy.ts';

const NEVER = new AbortController().signal;
const one = { count: 1, stride: 1, rank: 0, world: 1 };

const servers: FeedServer[] = [];
const feeds: FeedSource[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  for (const feed of feeds.splice(0)) await feed.close();
});

let folder = '';
let store = '';
let states = 0;

async function served(options: FeedServerOptions = {}, scheduler = reactive, steps?: number): Promise<FeedServer> {
  const feed = await openFeed({
    stores: [store],
    state: join(store, `state${states++}`),
    scheduler,
    contextLength: 32,
    sequencesPerStep: 6,
    lag: 2,
    steps,
  });
  feeds.push(feed);
  const server = await serveFeed(feed, options);
  servers.push(server);
  return server;
}

/** A request with any headers, which `fetch` would not send. */
const raw = (url: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    sent.on('error', reject);
    sent.end();
  });

describe('the server of a feed', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-feed-'));
    store = await tokenStore(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('gives a client over HTTP what the feed gives in this process', async () => {
    const { url } = await served({ waitMs: 100 });
    const [feed] = feeds;
    const client = await feedClient(url);
    expect(client.facts).toEqual(feed.facts);
    for (let step = 0; step < 12; step++) {
      for (let rank = 0; rank < 4; rank++) {
        const asked = { ...one, from: step, rank, world: 4 };
        const [there, here] = [await client.pull(asked, NEVER), await feed.pull(asked, NEVER)];
        // Where the tokens lie is asked for by a client of its own.
        const steps = here.steps.map((s) => ({ ...s, sequences: s.sequences.map((q) => ({ ...q, ranges: [] })) }));
        expect(there).toEqual({ ...here, steps });
        expect(shown(there.steps, feed.facts.domains).length).toBe(rank < 2 ? 2 : 1);
      }
      await client.post(step, { web: 1 + (step % 5), news: 2 });
    }
    const { step, domains } = await client.status();
    expect(step).toBe(12);
    expect(domains.map((d) => d.drawn).reduce((a, b) => a + b)).toBe(72);
    await client.rewind(3);
    expect((await client.pull({ ...one, from: 4 }, NEVER)).steps.length).toBe(1);
    expect((await client.pull({ ...one, from: 5 }, NEVER)).waitsFor).toBe('the losses of step 3');
  });

  it('answers who waits for losses when they come, and after its patience with the reason', async () => {
    const { url } = await served({ waitMs: 50 });
    const client = await feedClient(url);
    expect(await client.pull({ ...one, from: 2 }, NEVER)).toEqual({
      steps: [],
      waitsFor: 'the losses of step 0',
      ended: null,
    });
    await client.post(0, { web: 3 });
    expect((await client.pull({ ...one, from: 2 }, NEVER)).steps.length).toBe(1);
  });

  it('says in its status that it has ended', async () => {
    const { url } = await served({}, constant([1, 1, 2]), 3);
    const client = await feedClient(url);
    await client.pull({ ...one, from: 0, count: 2 }, NEVER);
    expect((await client.status()).ended).toBeNull();
    const pulled = await client.pull({ ...one, from: 2, count: 2 }, NEVER);
    expect([pulled.steps.length, pulled.ended]).toEqual([1, 'all 3 planned steps are done']);
    expect((await client.status()).ended).toBe('all 3 planned steps are done');
  });

  it('says that there is no room for its log, and what to do', async () => {
    const { url } = await served({}, constant([1, 1, 2]));
    const [feed] = feeds;
    feed.post = () => Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
    const response = await fetch(`${url}/losses`, { method: 'POST', body: '{"step":0,"losses":{}}' });
    expect(response.status).toBe(507);
    expect(await response.json()).toMatchObject({
      error: expect.stringContaining('no room'),
      fix: expect.stringContaining('start the feed again'),
    });
  });

  it('says what is wrong with a request', async () => {
    const { url } = await served();
    const ask = async (path: string, init?: RequestInit): Promise<[number, Record<string, string>]> => {
      const response = await fetch(url + path, init);
      return [response.status, (await response.json()) as Record<string, string>];
    };
    const post = (path: string, body: string) => ask(path, { method: 'POST', body });
    expect((await ask('/sequences?from=-1'))[0]).toBe(400);
    expect((await ask('/sequences?from=0&rank=2&world=2'))[0]).toBe(400);
    expect((await post('/losses', '{"step":0,"losses":{"wiki":1}}'))[1].got).toBe('one of wiki');
    expect((await post('/losses', '{"step":0,"losses":{"web":"high"}}'))[0]).toBe(400);
    expect((await post('/losses', '{'))[0]).toBe(400);
    expect((await post('/losses', `{"step":${'0'.repeat(2 ** 21)}}`))[1].error).toMatch(/at most 1048576 bytes/);
    expect((await ask('/nothing'))[0]).toBe(404);
    const client = await feedClient(url);
    await expect(client.post(0, { wiki: 1 })).rejects.toThrow(/losses of code, news, web/);
  });

  it('listens to this machine alone, to no page of another site, and elsewhere with a token only', async () => {
    const { url, port } = await served();
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect(await raw(`${url}/feed`, { host: 'evil.example' })).toBe(403);
    expect(await raw(`${url}/feed`, { origin: 'https://evil.example' })).toBe(403);
    expect(await raw(`${url}/feed`, { origin: 'null' })).toBe(403);
    expect(await raw(`${url}/feed`, { host: `localhost:${port}` })).toBe(200);
    await expect(served({ host: '0.0.0.0' })).rejects.toThrow(/token/);
    const open = await served({ host: '0.0.0.0', token: 'secret' });
    const address = `http://127.0.0.1:${open.port}`;
    expect(await raw(`${address}/feed`, {})).toBe(401);
    expect(await raw(`${address}/feed`, { authorization: 'Bearer secreT' })).toBe(401);
    expect((await feedClient(address, { token: 'secret' })).facts.contextLength).toBe(32);
  });

  it('counts what it serves, as Prometheus reads it', async () => {
    const { url } = await served({}, constant([1, 1, 2]));
    const client = await feedClient(url);
    await client.pull({ ...one, from: 0, count: 5, world: 2 }, NEVER);
    await client.pull({ ...one, from: 0, count: 3, rank: 1, world: 2 }, NEVER);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('sluice_feed_steps_drawn 5\n');
    expect(text).toContain('sluice_feed_sequences_total 24\n');
    expect(text).toContain('sluice_feed_tokens_total 768\n');
    expect(text).toContain('sluice_feed_weight{domain="web"} 0.5\n');
    expect(text).toContain('sluice_feed_rank_next_step{rank="1",world="2"} 3\n');
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) sluice_feed_\w+ .+|sluice_feed_\w+(\{[^}]*\})? -?[\d.e+-]+)$/);
  });
});
