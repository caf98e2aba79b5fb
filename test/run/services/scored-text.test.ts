import { expect, it } from 'vitest';
import { scoredText } from '../../../src/run/services/scored-text.ts';

it('adds up batches by the share that each step has scored, and never sinks', () => {
  const text = scoredText(['small', 'large']);
  const [first, second] = [
    [0, 100],
    [1, 20],
  ] as const;
  let share = 0;
  expect(text.bytes()).toBe(0);
  text.scoring('small', ...first, () => share);
  expect(text.bytes()).toBe(0);
  share = 0.5;
  expect(text.bytes()).toBe(25);
  share = 1;
  text.scoring('large', ...first, () => 0.2);
  text.scoring('small', ...second, () => 0.1);
  expect(text.bytes()).toBeCloseTo(50 + 10 + 1, 12);
  // The same work given once more counts once.
  text.scoring('large', ...first, () => 0.1);
  expect(text.bytes()).toBeCloseTo(61, 12);
  text.scoring('large', ...first, () => 1);
  expect(text.bytes()).toBeCloseTo(101, 12);
});
