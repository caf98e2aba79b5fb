import { describe, expect, it } from 'vitest';
import { openPace } from '../../../src/models/generators/pace.ts';
import { afterFirstToken, afterRefusal, type PaceLimit, paceLimit } from '../../../src/models/generators/pace-limit.ts';
import { generator } from '../../helpers/corpus.ts';

/** The limit over many answers of a server whose wait is a function of the requests that are out. */
function limitsWith(wait: (out: number, random: () => number) => number, most = 64, answers = 4000): number[] {
  const random = generator(9);
  let pace: PaceLimit = paceLimit(most);
  return Array.from({ length: answers }, () => {
    pace = afterFirstToken(pace, wait(pace.limit, random), pace.epoch);
    return pace.limit;
  });
}

const meanOf = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length;

describe('the limit of requests at once', () => {
  it('goes up to the most where answers take any random time, and stays there', () => {
    const limits = limitsWith((_, random) => 10 + 1990 * random());
    expect(limits.indexOf(64)).toBeLessThan(200);
    expect(meanOf(limits.slice(400))).toBeGreaterThan(61);
  });

  it('stays near the room of a server that queues without a word', () => {
    // Eight at once, each 100 ms: more wait in line.
    const limits = limitsWith((out, random) => (Math.max(1, out / 8) + 0.2 * random()) * 100);
    expect(Math.max(...limits.slice(300))).toBeLessThanOrEqual(32);
    expect(meanOf(limits.slice(300))).toBeGreaterThanOrEqual(8);
    expect(meanOf(limits.slice(300))).toBeLessThan(24);
  });

  it('finds the room of a server that was slow at first, by what is done in a time', () => {
    let answers = 0;
    const limits = limitsWith((out) => (answers++ < 12 ? 250 : Math.max(1, out / 8) * 80), 32);
    expect(limits.slice(400).every((n) => n <= 24)).toBe(true);
    expect(meanOf(limits.slice(400))).toBeGreaterThanOrEqual(8);
  });

  it('halves when a server says that it has too much to do, once for all that were out', () => {
    const pace = paceLimit(64);
    const once = afterRefusal(pace, pace.epoch);
    expect(once.limit).toBe(4);
    expect(afterRefusal(once, pace.epoch)).toBe(once);
    expect(afterRefusal(once, once.epoch).limit).toBe(2);
  });

  it('comes back when fewer requests do not help: the server is slower, and nothing queues', () => {
    let answers = 0;
    const limits = limitsWith(() => (answers++ < 500 ? 100 : 400), 32, 3000);
    expect(limits.at(-1)).toBe(32);
    expect(Math.min(...limits.slice(500))).toBeLessThan(32);
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
