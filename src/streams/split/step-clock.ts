/** Where the time of a thread goes, shared with it: read it while the thread is deep in a step. */
export type ClockWords = Int32Array<SharedArrayBuffer>;

/** Milliseconds since the start at which the thread last went from one place to another. */
const TURNED = 0;
const HEAD = 1;
/** Tenths of a millisecond: 32 bits of them are more than two days, for one split. */
const UNITS = 10;

/**
 * The places of a phase with so many steps: `READ`, the steps from 1 on, then writing (or the barrier that ends the
 * phase), then what is none of these.
 */
export const placesOf = (steps: number): number => steps + 3;
export const READ = 0;
export const stepPlace = (step: number): number => step + 1;
export const writePlace = (steps: number): number => steps + 1;

/** Words for a clock of a phase: for each place how often it is entered now, and the time spent there. */
export const clockWords = (steps: number): ClockWords =>
  new Int32Array(new SharedArrayBuffer(4 * (HEAD + 2 * placesOf(steps))));

/**
 * Divides the time of a thread among places. Where several are at work at once each has an equal part, so that the
 * times add up to that of the thread.
 */
export class StepClock {
  #words: ClockWords;
  #places: number;
  #startedMs: number;
  #now: () => number;
  #last: number;
  #inside: Int32Array;
  #spent: Float64Array;

  /** @param startedMs epoch time of the task, from the thread that reads the words; @param now epoch milliseconds */
  constructor(words: ClockWords, startedMs: number, now: () => number = epochMs) {
    this.#words = words;
    this.#places = (words.length - HEAD) / 2;
    this.#startedMs = startedMs;
    this.#now = now;
    this.#last = now();
    this.#inside = new Int32Array(this.#places);
    this.#spent = new Float64Array(this.#places);
    this.#turn();
  }

  enter(place: number): void {
    this.#turn();
    this.#inside[place]++;
    Atomics.store(this.#words, HEAD + place, this.#inside[place]);
  }

  leave(place: number): void {
    this.#turn();
    this.#inside[place]--;
    Atomics.store(this.#words, HEAD + place, this.#inside[place]);
  }

  /** A clock outlives nothing: the rest of the time goes to where the thread is. */
  end(): void {
    this.#turn();
  }

  #turn(): void {
    const now = this.#now();
    divide(now - this.#last, this.#inside, (place, part) => {
      this.#spent[place] += part;
      Atomics.store(this.#words, HEAD + this.#places + place, Math.round(this.#spent[place] * UNITS));
    });
    this.#last = now;
    Atomics.store(this.#words, TURNED, Math.round(now - this.#startedMs));
  }
}

/** Milliseconds at each place until now, read from another thread. */
export function readClock(words: ClockWords, startedMs: number, now: number = epochMs()): number[] {
  const places = (words.length - HEAD) / 2;
  const inside = new Int32Array(places);
  const spent: number[] = [];
  for (let p = 0; p < places; p++) {
    inside[p] = Atomics.load(words, HEAD + p);
    spent.push(Atomics.load(words, HEAD + places + p) / UNITS);
  }
  const turned = Atomics.load(words, TURNED);
  // A thread that has not begun has turned nowhere.
  const since = turned === 0 ? 0 : Math.max(0, now - startedMs - turned);
  divide(since, inside, (place, part) => {
    spent[place] += part;
  });
  return spent;
}

function divide(time: number, inside: Int32Array, give: (place: number, part: number) => void): void {
  let all = 0;
  for (let p = 0; p < inside.length; p++) all += inside[p];
  if (all === 0) give(inside.length - 1, time);
  else for (let p = 0; p < inside.length; p++) if (inside[p] > 0) give(p, (time * inside[p]) / all);
}

/** Milliseconds since 1970 that never go back: the same in every thread of the process, to a millisecond. */
export const epochMs = (): number => performance.timeOrigin + performance.now();
