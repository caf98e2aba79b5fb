import type { TimeBook } from '../../ledger/live/time-book.ts';
import { safeText } from '../../safe-text.ts';
import { isBarrier, type StepDescriptor } from '../../streams/operator.ts';
import { duration, percent } from './format.ts';
import { tableLines } from './terminal.ts';

/**
 * Where the time of a run went, part by part: what one thread does alone (loading, planning, deciding, joining), and
 * each pass over the documents with the share of its threads that had work.
 */
export function phaseTimeLines(book: TimeBook, steps: readonly StepDescriptor[]): string[] {
  const barriers = steps.filter(isBarrier).map(({ step }) => step);
  const { load, plan, join } = book.around;
  const name = (i: number): string => (i < barriers.length ? `pass to ${barriers[i]}` : 'pass to the output');
  const passes = book.phases.flatMap((phase, i) => {
    const busy = phase.times.reduce((n, ms) => n + ms, 0) / 1000;
    const share = phase.threadSeconds > 0 ? percent(Math.min(busy, phase.threadSeconds), phase.threadSeconds) : '';
    const decided = i === 0 ? undefined : book.decided.get(barriers[i - 1]);
    return [
      ...(decided === undefined ? [] : [[`${barriers[i - 1]} decides`, decided, 'one thread'] as const]),
      [name(i), phase.wall, share === '' ? '' : `threads busy ${share}`] as const,
    ];
  });
  const parts = [
    ['load the code', load, 'one thread'] as const,
    ['plan', plan, 'one thread'] as const,
    ...passes,
    ['join the files', join, 'one thread'] as const,
  ].filter(([, seconds]) => seconds > 0);
  const rows = parts.map(([part, seconds, note]) => [safeText(part), duration(seconds), note]);
  return tableLines([{ title: 'where the time went', max: 40 }, { title: 'wall', align: 'right' }, {}], rows);
}
