import { expect, it } from 'vitest';
import { Progress } from '../../src/run/progress.ts';
import type { Phase, RunEvent } from '../../src/run/types.ts';
import { emptyCounters } from '../../src/streams/counters.ts';
import type { StepDescriptor } from '../../src/streams/operator.ts';
import type { SplitPlan } from '../../src/streams/splits.ts';

const plan = { splits: [{ index: 0, ranges: [], estimatedTextBytes: 1000 }] } as unknown as SplitPlan;
const model = { step: 'perplexity', models: true } as unknown as StepDescriptor;
const phases = [
  { number: 0, steps: [], before: null, after: null },
  { number: 1, steps: [model], before: null, after: null },
] as unknown as Phase[];

it('counts what went through all steps, not what waits for a slow one; a sample is a part of the text', () => {
  const events: RunEvent[] = [];
  const progress = new Progress(plan, phases, [], 20, (e) => events.push(e));
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
});
