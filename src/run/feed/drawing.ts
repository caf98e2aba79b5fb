import { setImmediate } from 'node:timers/promises';
import { ConfigError } from '../../errors.ts';
import { type LogLine, type Losses, weightsLine } from '../../mixture/log.ts';
import type { DrawnStep, MixState } from '../../mixture/mix.ts';
import type { MixtureFile } from './mixture-file.ts';

/** Steps between two lines of counters: seeking to a step draws at most so many again. */
const COUNTERS_EVERY = 64;
/** Steps whose slots are kept, for ranks that ask one after the other. */
const KEPT_STEPS = 256;
/** Steps that are drawn before others have their turn, where a step far ahead is asked for. */
const STEPS_AT_ONCE = 4096;

/** What a step and all after it are drawn by: the state before it, and the losses that have not acted yet. */
export interface Snapshot {
  readonly state: MixState;
  readonly losses: readonly LogLine[];
}

/** Draws steps by the log of a mixture, which has a line of what decided a step before anybody gets it. */
export class Drawing {
  #log: MixtureFile;
  /** States before steps that were drawn lately. */
  #states = new Map<number, MixState>();
  #drawn = new Map<number, DrawnStep>();
  /** Steps below it have their lines in the log. */
  #logged: number;
  #last: Promise<unknown> = Promise.resolve();
  #wake: (() => void)[] = [];
  #closed = false;

  constructor(log: MixtureFile) {
    this.#log = log;
    this.#logged = log.logged;
  }

  /** False where only the log tells what was drawn, which has a line of some steps: there may have been more. */
  get certain(): boolean {
    return this.#drawn.size > 0 || this.#logged === 0;
  }

  /** The state after the last step that was drawn, by an earlier process too; null before the first. */
  get state(): MixState | null {
    const drawn = this.#drawn.get(Math.max(...this.#drawn.keys()));
    if (drawn || this.#logged === 0) return drawn?.state ?? null;
    const logged = this.#log.history.stateAt(this.#logged);
    return 'waitsFor' in logged ? null : logged;
  }

  /**
   * The step with its slots; or what it waits for, when that has not come before `until`.
   * @param look whether what other servers have written counts up to this moment; default: up to the last look
   */
  async draw(step: number, until: AbortSignal, look = false): Promise<DrawnStep | string> {
    for (let shared = look && this.#log.catchUp !== undefined; ; shared = this.#log.catchUp !== undefined) {
      const known = this.#drawn.get(step);
      if (known && !shared) return known;
      const drawn = await this.#alone(async () => {
        if (shared) await this.#catchUp();
        return this.#drawn.get(step) ?? this.#draw(step);
      });
      if (typeof drawn !== 'string' || until.aborted || this.#closed) return drawn;
      await this.#posted(until);
    }
  }

  /** Takes what other servers have written since the last look. */
  look(): Promise<void> {
    return this.#alone(() => this.#catchUp());
  }

  /** Draws what another server has drawn, up to a step: its state is known then, and in the log if this one writes. */
  advance(step: number): Promise<void> {
    return this.#alone(async () => {
      if (step - 1 > Math.max(this.#logged - 1, ...this.#drawn.keys())) await this.#draw(step - 1);
    });
  }

  /** Errors: ConfigError for values that are no losses, and for a step that nobody has been given. */
  async post(step: number, losses: Losses): Promise<void> {
    await this.#alone(async () => {
      await this.#catchUp();
      await this.#checkDrawn(step);
      const posted = this.#log.history.post(step, losses);
      if (posted === null) return;
      await this.#append([posted.line]);
      this.#forget(posted.redrawFrom);
    });
    this.#wakeAll();
  }

  /** Nobody can have the losses of a step that nobody was given: it would depend on losses that have not come. */
  async #checkDrawn(step: number): Promise<void> {
    if (this.#drawn.has(step) || step < this.#logged) return;
    const reach = Math.max(this.#logged, ...this.#drawn.keys());
    // Another server may have given it, and this one does not know yet.
    if (this.#log.mine && step < reach + STEPS_AT_ONCE) {
      await this.#draw(step);
      if (this.#drawn.has(step)) return;
    }
    const far = step > Math.max(this.#logged + KEPT_STEPS, ...this.#drawn.keys());
    const before = far ? null : await this.#seek(step);
    if (before !== null && !('waitsFor' in before) && before.step === step) return;
    const why = before !== null && 'waitsFor' in before ? `: that waits for the losses of step ${before.waitsFor}` : '';
    throw new ConfigError({
      expected: 'losses of a step that was drawn',
      got: `step ${step}${why}`,
      where: 'losses',
    });
  }

  rewind(step: number): Promise<void> {
    return this.#alone(async () => {
      await this.#catchUp();
      const { line, redrawFrom } = this.#log.history.rewind(step);
      await this.#append([line]);
      this.#forget(redrawFrom);
    });
  }

  /** Of a step that was drawn, or comes next. Errors: ConfigError for a step further on. */
  snapshot(step: number, lag: number): Promise<Snapshot> {
    return this.#alone(async () => {
      const { history } = this.#log;
      const state = this.#states.get(step) ?? history.stateAt(step);
      if ('waitsFor' in state || state.step !== step)
        throw new ConfigError({ expected: 'a step that was drawn', got: `${step}`, where: 'snapshot' });
      return { state, losses: history.lossesBetween(step - lag, step) };
    });
  }

  /**
   * Goes back to a step as it was, also where the log does not know it. What was posted for it and for later ones no
   * longer counts.
   */
  restore({ state, losses }: Snapshot): Promise<void> {
    return this.#alone(async () => {
      const { history } = this.#log;
      const { line, redrawFrom } = history.rewind(state.step);
      const lines: LogLine[] = [line, ...losses, { type: 'counters', state }];
      for (const known of lines.slice(1)) history.record(known);
      await this.#append(lines);
      this.#forget(redrawFrom);
      this.#states.set(state.step, state);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeAll();
    await this.#last;
    const { state } = this;
    try {
      // Whoever looks next sees how far it came.
      if (this.#log.mine !== false && this.#drawn.size > 0 && state !== null)
        await this.#log.append([{ type: 'counters', state }]);
    } finally {
      await this.#log.close();
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  async #draw(step: number): Promise<DrawnStep | string> {
    const { history } = this.#log;
    const near = this.#near(step);
    // Workers of a loader take turns: the steps between are another's, who will ask for them.
    for (let between = near ?? step; between < step; between++) {
      const drawn = await this.#draw(between);
      if (typeof drawn === 'string' || drawn.ended !== null) return drawn;
    }
    const state = this.#states.get(step) ?? (await this.#seek(step));
    if ('waitsFor' in state) return `the losses of step ${state.waitsFor}`;
    const drawn = history.draw(state);
    if ('waitsFor' in drawn) return `the losses of step ${drawn.waitsFor}`;
    // Where the feed ends before the step, the state is that of its end.
    if (drawn.ended !== null) return drawn;
    await this.#write(step, state, drawn.state);
    this.#keep(step, drawn);
    return drawn;
  }

  /** The last step before this one, not far away, whose state is known; null: none. */
  #near(step: number): number | null {
    for (let at = step; at > step - COUNTERS_EVERY && at > 0; at--) if (this.#states.has(at)) return at;
    return null;
  }

  async #seek(step: number): Promise<MixState | { readonly waitsFor: number }> {
    const { history } = this.#log;
    for (let at = this.#logged + STEPS_AT_ONCE; at < step; at += STEPS_AT_ONCE) {
      const state = history.stateAt(at);
      if ('waitsFor' in state) return state;
      history.record({ type: 'counters', state });
      await setImmediate();
    }
    return history.stateAt(step);
  }

  /** What says how a step was drawn, before anybody gets it. */
  async #write(step: number, before: MixState, after: MixState): Promise<void> {
    if (step < this.#logged) return;
    this.#logged = step + 1;
    if (this.#log.mine === false) return;
    const lines: LogLine[] = [];
    const weights = weightsLine(step === 0 ? null : before, after);
    if (weights) lines.push(weights);
    if (after.step % COUNTERS_EVERY === 0) lines.push({ type: 'counters', state: after });
    for (const line of lines) this.#log.history.record(line);
    await this.#append(lines);
  }

  /** Where another server writes by now, what was drawn by lines that are not in the log is void. */
  async #append(lines: readonly LogLine[]): Promise<void> {
    try {
      await this.#log.append(lines);
    } catch (error) {
      await this.#catchUp();
      throw error;
    }
  }

  async #catchUp(): Promise<void> {
    const news = await this.#log.catchUp?.();
    if (!news) return;
    this.#forget(news.redrawFrom);
    this.#wakeAll();
  }

  #keep(step: number, drawn: DrawnStep): void {
    this.#drawn.set(step, drawn);
    this.#states.set(step + 1, drawn.state);
    for (const old of this.#drawn.keys()) {
      if (this.#drawn.size <= KEPT_STEPS) break;
      this.#drawn.delete(old);
      this.#states.delete(old + 1);
    }
  }

  /** Void after other losses came for a step. */
  #forget(from: number | null): void {
    if (from === null) return;
    for (const step of this.#states.keys()) if (step > from) this.#states.delete(step);
    for (const step of this.#drawn.keys()) if (step >= from) this.#drawn.delete(step);
    this.#logged = Math.min(this.#logged, from);
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work);
    // Whoever waits for the result is told; those behind go on.
    this.#last = next.catch(() => {});
    return next;
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Until something was posted, or time is up. */
  #posted(until: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const { pollMs } = this.#log;
      const timer = pollMs === undefined ? undefined : setTimeout(() => wake(), pollMs);
      const wake = (): void => {
        clearTimeout(timer);
        until.removeEventListener('abort', wake);
        resolve();
      };
      until.addEventListener('abort', wake);
      this.#wake.push(wake);
    });
  }
}
