import type { LogLine } from '../../mixture/log.ts';

/** Steps whose lines are in a log. What follows a rewind, or losses that replace others, is logged again. */
export class LoggedSteps {
  #lag: number;
  #posted = new Set<number>();
  #logged = 0;

  constructor(lag: number) {
    this.#lag = lag;
  }

  /** Steps below it have their lines. */
  get logged(): number {
    return this.#logged;
  }

  take(line: LogLine): void {
    if (line.type === 'weights') this.#logged = Math.max(this.#logged, line.step + 1);
    if (line.type === 'counters') this.#logged = Math.max(this.#logged, line.state.step);
    if (line.type === 'rewind' || (line.type === 'losses' && this.#posted.has(line.step)))
      this.#logged = Math.min(this.#logged, line.step + this.#lag);
    if (line.type === 'losses') this.#posted.add(line.step);
  }
}
