import { type MixHistory, mixHistory } from '../../../mixture/history.ts';
import type { LogLine } from '../../../mixture/log.ts';
import type { Mix } from '../../../mixture/mix.ts';
import { SendAgain } from '../../../sinks/feed/source.ts';
import { LoggedSteps } from '../logged-steps.ts';
import type { MixtureFile } from '../mixture-file.ts';
import { type At, Entries, type Entry } from './entries.ts';
import type { State } from './state-store.ts';

/** Lines that follow from others wait for so many, or for the next that does not. */
const QUEUED = 128;
/** Entries of the own log before they are merged. */
const MERGED = 512;
const START: At = { writer: 0, entry: 0 };

/** What others have written since the last look. */
export interface News {
  /** Steps from here on are void; null: none that had been drawn. */
  readonly redrawFrom: number | null;
}

/**
 * The log of a mixture that several servers follow and one writes. An entry is written by a conditional put, so one who
 * is no longer the writer cannot write, whatever he believes.
 */
export class SharedLog implements MixtureFile {
  readonly #entries: Entries;
  readonly #mix: Mix;
  readonly #lag: number;
  readonly #id: string;
  readonly #merged: number;
  readonly pollMs: number;
  history: MixHistory;
  #steps: LoggedSteps;
  #at = START;
  #writer: string | null = null;
  /** Of the own log, those that are single. */
  #own: Entry[] = [];
  #queue: LogLine[] = [];
  #redrawFrom: number | null = null;
  #changed = false;
  #last: Promise<unknown> = Promise.resolve();

  /** @param merged so many entries of its own are merged */
  constructor(state: State, id: string, mix: Mix, lag: number, merged = MERGED) {
    this.#entries = new Entries(state.store, state.prefix);
    this.pollMs = state.pollMs;
    [this.#id, this.#mix, this.#lag, this.#merged] = [id, mix, lag, merged];
    this.history = mixHistory(mix, lag);
    this.#steps = new LoggedSteps(lag);
  }

  get logged(): number {
    return this.#steps.logged;
  }

  /** Server that writes, as far as it is known here; null: nobody has yet. */
  get writer(): string | null {
    return this.#writer;
  }

  /** How many servers have written, one after the other. */
  get writers(): number {
    return this.#at.writer;
  }

  get mine(): boolean {
    return this.#writer === this.#id;
  }

  /** Reads what others have written; null: nothing. What it says is told once. */
  catchUp(): Promise<News | null> {
    return this.#alone(async () => {
      await this.#read();
      const news = this.#changed ? { redrawFrom: this.#redrawFrom } : null;
      [this.#changed, this.#redrawFrom] = [false, null];
      return news;
    });
  }

  /**
   * Writes lines. What follows from the losses (weights, counters) waits for the next losses, or for `flush`. Errors:
   * SendAgain where another server writes by now: nothing of it is in the log, and the history is that of the log.
   */
  append(lines: readonly LogLine[]): Promise<void> {
    return this.#alone(async () => {
      this.#queue.push(...lines);
      const follows = lines.every((line) => line.type === 'weights' || line.type === 'counters');
      if (!follows || this.#queue.length >= QUEUED) await this.#put();
    });
  }

  /** Writes what waits, and keeps the log in few objects; by the writer. */
  flush(): Promise<void> {
    return this.#alone(async () => {
      if (!this.mine) return;
      await this.#put();
      if (this.#own.length < this.#merged) return;
      this.#own.splice(0, await this.#entries.merge(this.#at.writer, this.#own, this.#at.entry));
    });
  }

  /**
   * Makes this server the writer, unless another has written in the meantime: the entry that would be the next of the
   * writer before says so, and can be made once. @returns whether it is the writer
   */
  claim(): Promise<boolean> {
    return this.#alone(async () => {
      await this.#read();
      if (this.mine) return true;
      const seal = { ...this.#at, entry: this.#at.entry + 1 };
      const to = this.#at.writer + 1;
      if (!(await this.#entries.put(seal, { by: this.#id, lines: [], writer: to }))) return false;
      if (await this.#entries.isVoid(seal)) return false;
      this.#at = { writer: to, entry: 0 };
      [this.#writer, this.#own, this.#queue] = [this.#id, [], []];
      return true;
    });
  }

  async close(): Promise<void> {
    await this.flush().catch((error) => {
      // What waited follows from the losses: the one who writes by now writes it too.
      if (!(error instanceof SendAgain)) throw error;
    });
  }

  async #put(): Promise<void> {
    if (this.#queue.length === 0) return;
    const entry: Entry = { by: this.#id, lines: this.#queue };
    const at = { ...this.#at, entry: this.#at.entry + 1 };
    if (!this.mine || !(await this.#entries.put(at, entry))) {
      await this.#startAgain();
      throw new SendAgain({
        expected: 'to write the log of the mixture',
        got: 'another server that writes it by now',
        where: 'the feed',
        fix: 'Send the request again.',
      });
    }
    [this.#at, this.#queue] = [at, []];
    this.#own.push(entry);
    for (const line of entry.lines) this.#steps.take(line);
  }

  /** The history has lines that are not in the log: it is read anew. */
  async #startAgain(): Promise<void> {
    [this.#at, this.#writer, this.#own, this.#queue] = [START, null, [], []];
    this.history = mixHistory(this.#mix, this.#lag);
    this.#steps = new LoggedSteps(this.#lag);
    await this.#read();
    [this.#changed, this.#redrawFrom] = [true, 0];
  }

  async #read(): Promise<void> {
    for (const { at, entry } of await this.#entries.after(this.#at)) {
      this.#at = at;
      this.#changed = true;
      if (entry.writer !== undefined) [this.#writer, this.#own, this.#queue] = [entry.by, [], []];
      for (const line of entry.lines) this.#take(line);
    }
  }

  #take(line: LogLine): void {
    this.#steps.take(line);
    let redrawFrom: number | null = null;
    if (line.type === 'losses') redrawFrom = this.history.post(line.step, line.losses)?.redrawFrom ?? null;
    else if (line.type === 'rewind') redrawFrom = this.history.rewind(line.step).redrawFrom;
    else this.history.record(line);
    if (redrawFrom !== null) this.#redrawFrom = Math.min(redrawFrom, this.#redrawFrom ?? redrawFrom);
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work);
    // Whoever waits for the result is told; those behind go on.
    this.#last = next.catch(() => {});
    return next;
  }
}
