import type { RunEvent } from '../../run/events.ts';
import { safeText } from '../../safe-text.ts';
import { count, percent, plural } from '../terminal/format.ts';

type Generated = Extract<RunEvent, { type: 'generated' }>;

/** What a step with a generator has asked and spent, in a line. */
export function generatedLine({ step, status: s }: Generated): string {
  const some = (n: number, words: string): string[] => (n > 0 ? [`${count(n)} ${words}`] : []);
  const tokens = s.spent.promptTokens + s.spent.tokens;
  const wasted = s.wasted.promptTokens + s.wasted.tokens;
  const parts = [
    plural(s.answered, 'answer'),
    ...some(s.reused, 'from the store, not paid again'),
    ...some(s.refused, 'refused'),
    ...some(s.rejected, 'rejected by the server'),
    ...some(s.unasked, 'not asked: the budget is spent'),
    ...some(s.later, 'without an answer'),
    ...some(s.cutOff, 'cut off by an earlier end of the run, and perhaps paid'),
    `${count(tokens)} tokens so far`,
    ...some(wasted, 'of them for nothing'),
    ...(s.cost > 0 ? [`cost ${s.cost.toPrecision(4)}`] : []),
    ...(s.sent > 0 ? [`slots busy ${percent(s.busy, 1)}`] : []),
  ];
  return safeText(`${step}: ${parts.join(', ')}`);
}
