import { expect, it } from 'vitest';
import { phaseTimeLines } from '../../../src/cli/terminal/phase-times.ts';
import type { RunRecord } from '../../../src/ledger/live/records.ts';
import { TimeBook } from '../../../src/ledger/live/time-book.ts';
import { dedup } from '../../../src/operators/index.ts';

it('says what one thread does alone, and how busy the threads of each pass were', () => {
  const book = new TimeBook();
  const lines: RunRecord[] = [
    { record: 'start', format: 1, at: '', threads: 2, before: { load: 0.5, plan: 0.25 }, t: 0 },
    { record: 'phase', phase: 0, t: 0 },
    { record: 'split', phase: 0, split: 0, times: [1000, 500], windows: [], t: 1.5 },
    { record: 'split', phase: 0, split: 1, times: [1000, 500], windows: [], t: 2 },
    { record: 'decide', step: 'exact_dedup', seconds: 0.75, t: 2.75 },
    { record: 'phase', phase: 1, t: 2.75 },
    { record: 'split', phase: 1, split: 0, times: [2000, 6000], windows: [], t: 6.75 },
    { record: 'end', how: 'done', t: 6.75 },
    { record: 'join', seconds: 0.125, t: 7 },
  ];
  for (const line of lines) book.take(line);
  expect(phaseTimeLines(book, [dedup.exact().descriptor])).toEqual([
    '  where the time went    wall',
    '  load the code        0.50 s  one thread',
    '  plan                 0.25 s  one thread',
    '  pass to exact_dedup   2.0 s  threads busy 75.0 %',
    '  exact_dedup decides  0.75 s  one thread',
    '  pass to the output    4.0 s  threads busy 100 %',
    '  join the files       0.13 s  one thread',
  ]);
});

it('leaves out what an earlier version did not write down', () => {
  const book = new TimeBook();
  book.take({ record: 'start', format: 1, at: '', threads: 1, t: 0 });
  book.take({ record: 'phase', phase: 0, t: 0 });
  book.take({ record: 'end', how: 'done', t: 3 });
  expect(phaseTimeLines(book, [])).toEqual([
    '  where the time went   wall',
    '  pass to the output   3.0 s  threads busy 0 %',
  ]);
});
