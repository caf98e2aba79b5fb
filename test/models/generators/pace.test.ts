import { describe, expect, it } from 'vitest';
import { openPace } from '../../../src/models/generators/pace.ts';
import { afterRequest, type PaceLimit, paceLimit } from '../../../src/models/generators/pace-limit.ts';
import { generator } from '../../helpers/corpus.ts';

interface Server {
  /** What comes of a request that is sent while so many others are out, and when, ms. */
  ask(out: number, now: number, random: () => number): { ms: number; came: 'answered' | 'refused' };
}

interface Watched {
  /** Mean limit in the second half, and all limits. */
  readonly mean: number;
  readonly limits: number[];
  /** Answers a second in the second half. */
  readonly rate: number;
  readonly seconds: number;
}

/** A server with always something to ask, until so many answers are there. */
function watch(server: Server, most = 64, answers = 4000): Watched {
  const random = generator(9);
  let pace: PaceLimit = paceLimit(most);
  const out: { at: number; begun: number; epoch: number; came: 'answered' | 'refused' }[] = [];
  const limits: number[] = [];
  const times: number[] = [];
  let now = 0;
  while (times.length < answers) {
    while (out.length < pace.limit) {
      const { ms, came } = server.ask(out.length, now, random);
      out.push({ at: now + ms, begun: now, epoch: pace.epoch, came });
    }
    const first = out.reduce((a, b) => (b.at < a.at ? b : a));
    out.splice(out.indexOf(first), 1);
    now = first.at;
    pace = afterRequest(pace, now - first.begun, first.epoch, first.came);
    limits.push(pace.limit);
    if (first.came === 'answered') times.push(now);
  }
  const half = times[answers >> 1];
  const late = limits.slice(limits.length >> 1);
  return { mean: meanOf(late), limits, rate: (answers / 2 / (now - half)) * 1000, seconds: now / 1000 };
}

const meanOf = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length;

describe('the limit of requests at once', () => {
  it('goes up to the most where answers take any random time, and stays there', () => {
    const found = watch({ ask: (_, __, random) => ({ ms: 10 + 1990 * random(), came: 'answered' }) }, 32, 1000);
    // At the best 1,000 answers of a second each take 31 s.
    expect(found.limits.indexOf(32)).toBeLessThan(100);
    expect(found.seconds).toBeLessThan(37);
    expect(found.mean).toBeGreaterThan(30.4);
  });

  it('stays near the room of a server that queues without a word', () => {
    // Eight at once, each 90 to 110 ms: more wait in line.
    const free = Array.from({ length: 8 }, () => 0);
    const found = watch({
      ask(_, now, random) {
        const place = free.indexOf(Math.min(...free));
        free[place] = Math.max(now, free[place]) + 90 + 20 * random();
        return { ms: free[place] - now, came: 'answered' };
      },
    });
    expect(found.mean).toBeGreaterThanOrEqual(8);
    expect(found.mean).toBeLessThan(14);
    expect(found.rate).toBeGreaterThan(0.95 * 80);
  });

  it('stays near the room of a server that refuses what is too much', () => {
    const found = watch({
      ask: (out, _, random) => (out >= 8 ? { ms: 5, came: 'refused' } : { ms: 90 + 20 * random(), came: 'answered' }),
    });
    expect(found.mean).toBeLessThan(14);
    expect(found.rate).toBeGreaterThan(0.9 * 80);
  });

  it('is not held back by a server that refuses at random', () => {
    const found = watch({
      ask: (_, __, random) =>
        random() < 0.33 ? { ms: 5, came: 'refused' } : { ms: 10 + 190 * random(), came: 'answered' },
    });
    expect(found.mean).toBeGreaterThan(56);
  });

  it('comes back after a storm of refusals', () => {
    const found = watch(
      {
        ask: (_, now, random) =>
          now < 3000 ? { ms: 50, came: 'refused' } : { ms: 90 + 20 * random(), came: 'answered' },
      },
      32,
      1000,
    );
    expect(Math.min(...found.limits)).toBe(1);
    expect(found.seconds).toBeLessThan(3 + 1.6 * (1000 / 320));
  });

  it('comes back when fewer requests do not help: the server is slower, and nothing queues', () => {
    const found = watch({ ask: (_, now) => ({ ms: now < 2000 ? 100 : 400, came: 'answered' }) }, 32);
    expect(found.mean).toBeGreaterThan(30);
  });

  it('heeds the first refusal at once, before anything is known, once for all that were out', () => {
    const pace = paceLimit(64);
    const once = afterRequest(pace, 5, pace.epoch, 'refused');
    expect(once.limit).toBe(4);
    expect(afterRequest(once, 5, pace.epoch, 'refused')).toBe(once);
    expect(afterRequest(once, 5, once.epoch, 'refused').limit).toBe(2);
  });
});

describe('a pace', () => {
  it('lets so many out a minute, by requests and by tokens', async () => {
    let now = 0;
    const clock = {
      now: () => now,
      async wait(ms: number) {
        now += ms;
      },
    };
    const requests = openPace({ most: 100, requestsPerMinute: 60, clock });
    for (let i = 0; i < 120; i++) (await requests.enter(10)).end(10);
    expect(now).toBeGreaterThanOrEqual(60_000);
    expect(now).toBeLessThan(61_000);
    now = 0;
    const tokens = openPace({ most: 100, tokensPerMinute: 1000, clock });
    for (let i = 0; i < 20; i++) (await tokens.enter(100)).end(50);
    // A thousand tokens were taken: what was not used was given back.
    expect(now).toBeLessThan(3500);
  });

  it('lets nothing out while a server wants to be left alone', async () => {
    let now = 0;
    const clock = {
      now: () => now,
      async wait(ms: number) {
        now += ms;
      },
    };
    const pace = openPace({ most: 8, clock });
    const turn = await pace.enter(1);
    turn.refused(5000);
    turn.end(null);
    await pace.enter(1);
    expect(now).toBe(5000);
    expect(pace.limit).toBe(4);
  });
});
