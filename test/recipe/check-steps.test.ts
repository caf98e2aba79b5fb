import { annotate, as, c4, dedup, drop, type Operator, recipe, rule, textStatistics } from 'sluice';
import { expect, it } from 'vitest';

const made = (...steps: Operator[]) => recipe({ name: 'order', steps });

const scores = annotate(textStatistics(), { step: 'scores' });
const short = (options = {}) => drop('short', [rule('text_chars < 200', { name: 'min' })], options);

it('refuses a rule about the text before a rewrite at once, also where a barrier stands before it', () => {
  expect(() => made(scores, c4(), dedup.exact(), short())).toThrow(
    /step short: expected annotations of the text as it is then, got text_chars from before step c4 .*allowStale: true/,
  );
  expect(() => made(scores, dedup.lines(), short())).toThrow('text_chars from before step');
  for (const steps of [
    [scores, short(), c4()],
    [c4(), scores, short()],
    [scores, c4(), short({ allowStale: true })],
    [
      scores,
      c4(),
      annotate(as(textStatistics(), 'after'), { step: 'again' }),
      drop('x', [rule('after_text_chars < 9')]),
    ],
    [c4(), drop('few', [rule('c4_sentences < 2', { name: 'few' })])],
  ])
    expect(made(...steps).steps.map((s) => s.descriptor.step)).toEqual(steps.map((s) => s.descriptor.step));
});
