import { describe, expect, it } from 'vitest';
import { progressViews } from '../../../src/cli/run/run-view.ts';
import { wantsCard } from '../../../src/cli/run/wants-card.ts';
import { emptyCounters } from '../../../src/streams/commits/counters.ts';

/** A progress event of a run over 1,000,000 bytes of text in phases of these weights. */
function event(seconds: number, done: number, phaseNumber = 0, weights: readonly number[] = [1]) {
  return {
    type: 'progress' as const,
    phase: 'curate',
    phaseNumber,
    phases: weights.length,
    weights,
    splitsDone: 0,
    splits: 4,
    counters: emptyCounters(),
    expectedTextBytes: 1e6 * weights.length,
    doneTextBytes: done,
    throughTextBytes: done,
    waitingTextBytes: 0,
    seconds,
    arrived: [],
    working: [],
  };
}

describe('progressViews', () => {
  it('shows the rate of the last seconds of a run that gets on all the time', () => {
    const view = progressViews(null);
    const rates = Array.from({ length: 41 }, (_, s) =>
      view(event(s, s <= 20 ? s * 10_000 : 200_000 + (s - 20) * 1000)),
    );
    expect(rates[0].megabytesPerSecond).toBe(null);
    expect(rates[20].megabytesPerSecond).toBeCloseTo(0.01, 9);
    expect(rates[40].megabytesPerSecond).toBeCloseTo(0.001, 9);
  });

  it('over several phases shows the pace of the whole run, and calls kept only what is left in the last', () => {
    const view = progressViews(null);
    const seen = [0, 1, 2, 3].map((s) => view(event(s, s * 300_000, s < 3 ? 0 : 1, [1, 1])));
    expect(seen[2].megabytesPerSecond).toBeCloseTo(0.15, 9);
    expect(seen.map((v) => v.keptWord)).toEqual(['not dropped', 'not dropped', 'not dropped', 'kept']);
  });

  it('with a limit counts documents, as far as a language model has come with them', () => {
    const view = progressViews(10);
    const counters = emptyCounters();
    counters.read.documents = 8;
    counters.read.bytes = 4000;
    expect(view({ ...event(1, 0), counters, waitingTextBytes: 4000 }).share).toBe(0);
    expect(view({ ...event(2, 0), counters, waitingTextBytes: 1000 }).share).toBeCloseTo(0.6, 9);
    expect(view({ ...event(3, 0), counters }).share).toBeCloseTo(0.8, 9);
  });

  it('shows a rate, and time that runs down, between batches that take longer than the window', () => {
    const view = progressViews(null);
    const seen = [0, 30, 60, 75, 89].map((s) => view(event(s, Math.floor(s / 30) * 100_000)));
    expect(seen.map((v) => v.share)).toEqual([0, 0.1, 0.2, 0.2, 0.2]);
    expect(seen[0]).toMatchObject({ megabytesPerSecond: null, etaSeconds: null });
    // 100,000 bytes each 30 seconds: 800,000 to go are 240 seconds.
    expect(seen.slice(1).map((v) => Math.round(v.megabytesPerSecond! * 1e6))).toEqual([3333, 3333, 3333, 3333]);
    expect(seen.map((v) => v.etaSeconds && Math.round(v.etaSeconds))).toEqual([null, 270, 240, 225, 211]);
  });

  it('expects more time when a batch takes longer than the one before', () => {
    const view = progressViews(null);
    for (const s of [0, 30, 60]) view(event(s, (s / 30) * 100_000));
    expect(view(event(90, 200_000)).etaSeconds).toBeCloseTo(210, 6);
    expect(view(event(120, 200_000)).etaSeconds).toBeCloseTo(330, 6);
  });

  it('says nothing of the time left by the first hundredth of the work, unless that took long', () => {
    const [quick, slow] = [progressViews(null), progressViews(null)];
    for (const view of [quick, slow]) view(event(0, 0));
    expect(quick(event(5, 10_000)).etaSeconds).toBe(null);
    expect(quick(event(6, 100_000)).etaSeconds).toBeCloseTo(54, 6);
    expect(slow(event(20, 10_000)).etaSeconds).toBeCloseTo(1980, 6);
  });

  it('counts a phase with a language model as most of the work, and promises nothing before it has begun', () => {
    const view = progressViews(null);
    const weights = [1, 300, 1];
    view(event(0, 0, 0, weights));
    const before = view(event(5, 1e6, 0, weights));
    expect(before.share).toBeCloseTo(1 / 302, 9);
    expect(before.etaSeconds).toBe(null);
    view(event(6, 1e6, 1, weights));
    const half = view(event(106, 1.5e6, 1, weights));
    expect(half.share).toBeCloseTo(151 / 302, 9);
    expect(half.etaSeconds).toBeCloseTo((100 * 151) / 150, 6);
    expect(view(event(300, 3e6, 2, weights)).share).toBe(1);
  });
});

it('writes a card where it is asked for, and of a run that took ten seconds', () => {
  const asked = (card: boolean, without: boolean) => ({ card, 'no-card': without });
  expect(wantsCard(asked(true, false), true, 0)).toBe(true);
  expect(wantsCard(asked(false, false), false, 10)).toBe(true);
  expect(wantsCard(asked(false, false), false, 9.9)).toBe(false);
  expect(wantsCard(asked(false, true), false, 100)).toBe(false);
  expect(wantsCard(asked(false, false), true, 100)).toBe(false);
});
