import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/files/file-system.ts';
import { openAnswerStore, requestKey } from '../../../src/models/generators/answer-store.ts';
import { type AskerOptions, openAsker } from '../../../src/models/generators/asker.ts';
import type { Clock } from '../../../src/models/generators/clock.ts';
import {
  type Generation,
  type GenerationRequest,
  type Generator,
  GeneratorError,
} from '../../../src/models/generators/generator.ts';
import { generationRequest } from '../../helpers/generation-request.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const folderOf = (): string => mkdtempSync(join(tmpdir(), 'sluice-asker-'));

const request = (content: string, more: Partial<GenerationRequest> = {}): GenerationRequest =>
  generationRequest(content, { maxTokens: 10, ...more });

const answer = (text: string, more: Partial<Generation> = {}): Generation => ({
  text,
  finish: 'stop',
  usage: { promptTokens: 4, tokens: 5 },
  logprob: null,
  ...more,
});

/** Answers by a script: of the n-th request. */
function scripted(script: (n: number, r: GenerationRequest) => Generation | Error) {
  const asked: string[] = [];
  const generator: Generator = {
    model: 'm',
    slots: null,
    async generate(r) {
      asked.push(r.messages[0].content);
      const said = script(asked.length - 1, r);
      if (said instanceof Error) throw said;
      return said;
    },
    close: async () => {},
  };
  return { asked, generator };
}

/** Time that passes only while somebody waits. */
function jumpingClock(): Clock & { readonly waits: number[] } {
  let now = 0;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    async wait(ms) {
      waits.push(ms);
      now += ms;
    },
  };
}

const asker = async (generator: Generator, more: Partial<AskerOptions> = {}, folder = folderOf()) => {
  const store = await openAnswerStore(folder);
  closing.push(() => store.close());
  return {
    store,
    folder,
    clock: more.clock,
    ...openAsker({ step: 's', generator, store, clock: jumpingClock(), ...more }),
  };
};

const passing = (reason: 'overloaded' | 'rate_limited' | 'timeout' = 'overloaded', more = {}): GeneratorError =>
  new GeneratorError(reason, 'not now', more);

describe('an asker', () => {
  it('asks once for documents with the same prompt, and the cost is that of the first', async () => {
    const { asked, generator } = scripted(() => answer('yes'));
    const { ask } = await asker(generator, { prices: { promptMillion: 1e6, answerMillion: 2e6 } });
    const both = await Promise.all(['a#0.0', 'a#0.9'].map((owner) => ask({ request: request('q'), owner })));
    expect(asked).toEqual(['q']);
    expect(both.map((o) => [o.status, o.text, o.cost])).toEqual([
      ['answered', 'yes', 14],
      ['answered', 'yes', 0],
    ]);
    expect(both[0].key).toBe(requestKey('m', request('q')));
  });

  it('knows its answers after a start, also under a higher limit; one that the limit cut is asked again', async () => {
    const { asked, generator } = scripted((_, r) =>
      r.messages[0].content === 'long' && r.maxTokens < 50
        ? answer('begun', { finish: 'length', usage: { promptTokens: 4, tokens: 10 } })
        : answer('done'),
    );
    const first = await asker(generator);
    for (const q of ['short', 'long']) await first.ask({ request: request(q), owner: 'o' });
    await first.store.close();
    const again = await asker(generator, {}, first.folder);
    const of = (q: string, maxTokens: number) => again.ask({ request: request(q, { maxTokens }), owner: 'o' });
    expect((await of('short', 10)).text).toBe('done');
    expect((await of('short', 99)).text).toBe('done');
    expect((await of('long', 10)).text).toBe('begun');
    expect(asked).toEqual(['short', 'long']);
    expect((await of('long', 99)).text).toBe('done');
    // Five tokens do not fit in four.
    await of('short', 4);
    expect(asked).toEqual(['short', 'long', 'long', 'short']);
    expect(again.status().spent).toEqual({ promptTokens: 16, tokens: 25 });
  });

  it('tells apart what decides an answer', () => {
    const keys = [
      requestKey('m', request('q')),
      requestKey('n', request('q')),
      requestKey('m', request('r')),
      requestKey('m', request('q', { temperature: 1 })),
      requestKey('m', request('q', { schema: {} })),
      requestKey('m', request('q', { sample: 1 })),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(requestKey('m', request('q', { maxTokens: 99 }))).toBe(keys[0]);
    expect(requestKey('m', request('q', { sample: 0 }))).toBe(keys[0]);
  });

  it('tries again after what may pass, and waits as the server says', async () => {
    const clock = jumpingClock();
    const { asked, generator } = scripted((n) =>
      n < 2 ? passing('rate_limited', { retryAfterMs: 7000 }) : answer('yes'),
    );
    const { ask, status } = await asker(generator, { clock });
    expect((await ask({ request: request('q'), owner: 'o' })).status).toBe('answered');
    expect(asked.length).toBe(3);
    expect(clock.waits.filter((ms) => ms === 7000).length).toBe(2);
    expect(status()).toMatchObject({ sent: 3, answered: 1, limit: 2 });
  });

  it('says later when nothing helps, and what was billed for nothing', async () => {
    const usage = { promptTokens: 4, tokens: 3 };
    const { asked, generator } = scripted(() => new GeneratorError('bad_answer', 'half a JSON', { usage }));
    const { ask, status, store } = await asker(generator, { retries: 2 });
    expect(await ask({ request: request('q'), owner: 'o' })).toMatchObject({
      status: 'later',
      reason: 'm: bad_answer (half a JSON)',
    });
    expect(asked.length).toBe(3);
    expect(status().wasted).toEqual({ promptTokens: 12, tokens: 9 });
    expect(store.wastedOn(requestKey('m', request('q')))).toEqual({ promptTokens: 12, tokens: 9 });
  });

  it('stops at a key that is none, for everybody, at once', async () => {
    const { asked, generator } = scripted(() => new GeneratorError('key', 'status 401'));
    const { ask, status } = await asker(generator, { concurrency: 1 });
    const all = await Promise.all(['a', 'b', 'c'].map((q) => ask({ request: request(q), owner: q })));
    expect(all.map((o) => o.status)).toEqual(['later', 'later', 'later']);
    expect(asked.length).toBeLessThanOrEqual(3);
    expect(status().stopped).toBe('m: key (status 401)');
    await ask({ request: request('d'), owner: 'd' });
    expect(asked).not.toContain('d');
  });

  it('stops asking a server that only fails, tries it now and then, and gives up', async () => {
    const clock = jumpingClock();
    const { asked, generator } = scripted(() => passing());
    const { ask, status } = await asker(generator, { clock, retries: 100, concurrency: 4 });
    const all = await Promise.all([1, 2, 3, 4].map((q) => ask({ request: request(`${q}`), owner: 'o' })));
    expect(all.every((o) => o.status === 'later')).toBe(true);
    expect(asked.length).toBeLessThanOrEqual(10 + 4 + 5);
    expect(status().stopped).toBe('m: overloaded (not now)');
  });

  it('keeps what was rejected, with the reason, and does not ask for it again', async () => {
    const { asked, generator } = scripted(() => new GeneratorError('rejected', 'status 400: too long'));
    const { ask } = await asker(generator);
    const twice = [await ask({ request: request('q'), owner: 'o' }), await ask({ request: request('q'), owner: 'o' })];
    expect(twice.map((o) => [o.status, o.reason])).toEqual([
      ['rejected', 'status 400: too long'],
      ['rejected', 'status 400: too long'],
    ]);
    expect(asked.length).toBe(1);
  });

  it('holds its budget over starts, with the most that a lost attempt may have cost', async () => {
    const { generator } = scripted((n) => (n === 0 ? new GeneratorError('timeout', 'silence') : answer('yes')));
    // A prompt of 1 byte takes at most 17 tokens, an answer 10.
    const first = await asker(generator, { budget: { tokens: 70, cost: null } });
    expect((await first.ask({ request: request('a'), owner: 'o' })).status).toBe('answered');
    expect(first.status().spent).toEqual({ promptTokens: 17 + 4, tokens: 10 + 5 });
    await first.store.close();
    const again = await asker(generator, { budget: { tokens: 70, cost: null } }, first.folder);
    expect((await again.ask({ request: request('b'), owner: 'o' })).status).toBe('answered');
    expect((await again.ask({ request: request('c'), owner: 'o' })).status).toBe('unasked');
    expect((await again.ask({ request: request('a'), owner: 'o' })).status).toBe('answered');
    expect(again.status()).toMatchObject({ unasked: 1, reused: 1 });
  });
});

describe('a store of answers', () => {
  it('takes the half line of a process that died for none, and refuses a line that was changed', async () => {
    const { generator } = scripted(() => answer('yes'));
    const first = await asker(generator);
    await first.ask({ request: request('q'), owner: 'o' });
    await first.store.close();
    const [name] = readdirSync(first.folder);
    const whole = await nodeFileSystem.open(join(first.folder, name), 'r');
    const bytes = Buffer.alloc(await nodeFileSystem.size(whole));
    await nodeFileSystem.read(whole, bytes, 0);
    await nodeFileSystem.close(whole);
    writeFileSync(join(first.folder, name), bytes.subarray(0, -9));
    const cut = await openAnswerStore(first.folder);
    closing.push(() => cut.close());
    expect(await cut.find(requestKey('m', request('q')), 10)).toBeNull();
    expect(cut.attempts(requestKey('m', request('q')))).toBe(1);
    expect(cut.spentBefore('s')).toMatchObject({ cutOff: 1, unknown: { promptTokens: 17, tokens: 10 } });
    bytes[30] ^= 1;
    writeFileSync(join(first.folder, name), bytes);
    await expect(openAnswerStore(first.folder)).rejects.toThrow(/whose checksum does not hold, at byte 0/);
  });

  it('uses no answer that the disk has no room for, and writes nothing behind it', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    let writes = 0;
    const folder = folderOf();
    const store = await openAnswerStore(folder, {
      ...nodeFileSystem,
      write: (file, bytes) => (++writes === 2 ? Promise.reject(full) : nodeFileSystem.write(file, bytes)),
    });
    const { asked, generator } = scripted(() => answer('yes'));
    const { ask } = openAsker({ step: 's', generator, store, clock: jumpingClock() });
    await expect(ask({ request: request('q'), owner: 'o' })).rejects.toThrow(
      /keep an answer, got a full disk \(ENOSPC\)/,
    );
    await expect(ask({ request: request('r'), owner: 'o' })).rejects.toThrow(/a full disk/);
    expect(asked).toEqual(['q']);
    await store.close();
    const after = await openAnswerStore(folder);
    closing.push(() => after.close());
    expect(await after.find(requestKey('m', request('q')), 10)).toBeNull();
    expect(after.spentBefore('s').cutOff).toBe(1);
  });
});
