import { describe, expect, it } from 'vitest';
import {
  clockWords,
  READ,
  readClock,
  StepClock,
  stepPlace,
  writePlace,
} from '../../../src/streams/split/step-clock.ts';

/** A clock of two steps, and a hand to turn it. */
function clock() {
  let now = 1000;
  const words = clockWords(2);
  const made = new StepClock(words, 900, () => now);
  return {
    made,
    pass: (ms: number) => {
      now += ms;
    },
    read: () => readClock(words, 900, now),
  };
}

describe('the clock of a split', () => {
  it('adds up the time at each place, and gives what is between to nobody', () => {
    const { made, pass, read } = clock();
    made.enter(READ);
    pass(40);
    made.leave(READ);
    pass(5);
    made.enter(stepPlace(1));
    pass(100);
    made.leave(stepPlace(1));
    made.enter(writePlace(2));
    pass(7);
    made.leave(writePlace(2));
    expect(read()).toEqual([40, 0, 100, 7, 5]);
  });

  it('is read from outside while a step is at work', () => {
    const { made, pass, read } = clock();
    pass(1);
    made.enter(stepPlace(0));
    pass(2500);
    expect(read()).toEqual([0, 2500, 0, 0, 1]);
  });

  it('divides time among places that are at work at once', () => {
    const { made, pass, read } = clock();
    made.enter(stepPlace(0));
    made.enter(stepPlace(0));
    made.enter(writePlace(2));
    pass(90);
    made.leave(stepPlace(0));
    pass(10);
    expect(read()).toEqual([0, 65, 0, 35, 0]);
  });

  it('shows nothing before its thread has begun', () => {
    expect(readClock(clockWords(1), 0, 5000)).toEqual([0, 0, 0, 0]);
  });
});
