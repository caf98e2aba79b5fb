import { expect, it } from 'vitest';
import type { RunEvent } from '../../src/run/events.ts';
import { Progress } from '../../src/run/progress.ts';
import { emptyCounters } from '../../src/streams/commits/counters.ts';
import { commitStore } from '../../src/streams/commits/store.ts';
import type { StepDescriptor } from '../../src/streams/operator.ts';
import type { SplitPlan } from '../../src/streams/plan/splits.ts';
import type { Phase } from '../../src/streams/split/phases.ts';

const plan = { splits: [{ index: 0, ranges: [], estimatedTextBytes: 1000 }] } as unknown as SplitPlan;
const model = { step: 'perplexity', models: true } as unknown as StepDescriptor;
const phases = [
  { number: 0, steps: [], before: null, after: null },
  { number: 1, steps: [model], before: null, after: null },
] as unknown as Phase[];

const nothing = { commits: commitStore('none'), counted: emptyCounters() };

it('counts what went through all steps, not what waits for a slow one; a sample is a part of the text', () => {
  const events: RunEvent[] = [];
  const progress = new Progress(plan, phases, nothing, 20, (e) => events.push(e));
  const first = emptyCounters();
  first.read.bytes = 190;
  first.passed.bytes = 190;
  progress.committed(0, 0, first);
  const second = emptyCounters();
  second.received.bytes = 190;
  second.kept.bytes = 40;
  second.dropped.bytes = 10;
  progress.inFlight({ split: 0, phase: 1, counters: second });
  progress.end();
  // 20 % of 1,000 bytes in each of two phases; the first is done.
  expect(events).toMatchObject([{ expectedTextBytes: 400, doneTextBytes: 250, weights: [1, 300], phaseNumber: 1 }]);
  // A rate is of the text that was there: 190 bytes of the first phase, and 50.
  expect(events).toMatchObject([{ throughTextBytes: 240 }]);
});

/** Text done and text waiting in the last event that is shown. */
function shown(work: (progress: Progress) => void): { done: number; waiting: number; expected: number } {
  const events: RunEvent[] = [];
  const progress = new Progress(plan, phases.slice(1), nothing, null, (e) => events.push(e));
  work(progress);
  progress.end();
  const event = events.at(-1) as Extract<RunEvent, { type: 'progress' }>;
  return { done: event.doneTextBytes, waiting: event.waitingTextBytes, expected: event.expectedTextBytes };
}
function reading(bytes: number, kept = 0) {
  const counters = emptyCounters();
  counters.read.bytes = bytes;
  counters.kept.bytes = kept;
  return counters;
}
const scoring = (bytes: number, kept: number, scored: number) => ({
  split: 0,
  phase: 0,
  counters: reading(bytes, kept),
  scoredBytes: () => scored,
});

it('counts what model workers have scored of batches in work, once', () => {
  expect(shown((p) => p.inFlight(scoring(800, 0, 300)))).toEqual({ done: 300, waiting: 500, expected: 1000 });
  // Batches that are written have been scored before: they are part of it.
  expect(shown((p) => p.inFlight(scoring(800, 200, 300)))).toMatchObject({ done: 300, waiting: 500 });
  expect(shown((p) => p.inFlight(scoring(800, 400, 300)))).toMatchObject({ done: 400, waiting: 400 });
});

it('never shows more than there is', () => {
  expect(shown((p) => p.inFlight(scoring(800, 0, 900)))).toMatchObject({ done: 800, waiting: 0 });
  // More text than was expected: 1,500 of 2,000 bytes are three quarters of the 1,000.
  expect(shown((p) => p.inFlight(scoring(2000, 0, 1500)))).toMatchObject({ done: 750, waiting: 500 });
  expect(shown((p) => p.inFlight(scoring(2000, 2000, 2000)))).toMatchObject({ done: 1000, waiting: 0 });
  const both = shown((p) => {
    p.inFlight(scoring(1000, 0, 1000));
    p.committed(0, 0, reading(1000, 1000));
  });
  expect(both).toEqual({ done: 1000, waiting: 0, expected: 1000 });
});

it('begins anew with a split that is tried again', () => {
  const again = shown((p) => {
    p.inFlight(scoring(1000, 0, 700));
    p.inFlight({ split: 0, phase: 0, counters: reading(100, 40) });
  });
  expect(again).toMatchObject({ done: 40, waiting: 60 });
});
