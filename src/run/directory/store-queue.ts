import type { Commit } from '../../streams/commits/log.ts';
import type { StoreSide } from './store-side.ts';

/** Commits that may be on their way to a store; their files are on this disk until they have arrived. */
const MOST_WAITING = 64;

/** A commit whose files are being put, or what is to be done once all before it has arrived. */
type Queued =
  | { readonly line: string; readonly uploaded: Promise<void>; arrived: boolean }
  | { readonly work: () => Promise<void> };

/**
 * Commits of a run on their way to its store, which the run does not wait for: what is committed here goes on being
 * worked on. Files are put as they come, the lines that make them true in order: those whose files have arrived
 * meanwhile together. After a failure nothing more is put.
 */
export class StoreQueue {
  #mirror: StoreSide;
  #last: Promise<void> = Promise.resolve();
  #queued: Queued[] = [];
  #waiting = 0;
  #free: (() => void)[] = [];
  #failure: { readonly error: unknown } | null = null;

  constructor(mirror: StoreSide) {
    this.#mirror = mirror;
  }

  /** Sends a commit whose files are there; waits while too many are on their way. Errors: those of earlier ones. */
  async send({ phase, files }: Pick<Commit, 'phase' | 'files'>, line: string): Promise<void> {
    this.#refuse();
    const uploaded = this.#mirror.upload(phase, files);
    const queued = { line, uploaded, arrived: false };
    uploaded.then(
      () => {
        queued.arrived = true;
      },
      () => {}, // The queue is told.
    );
    this.#waiting++;
    this.#add(queued);
    while (this.#waiting >= MOST_WAITING && this.#failure === null)
      await new Promise<void>((free) => this.#free.push(free));
    this.#refuse();
  }

  /** Does something once all that was sent before has arrived. */
  afterwards(work: () => Promise<void>): void {
    this.#add({ work });
  }

  /** Waits until all has arrived. Errors: the first that a commit met. */
  async arrived(): Promise<void> {
    await this.#last;
    this.#refuse();
  }

  #add(queued: Queued): void {
    this.#queued.push(queued);
    this.#last = this.#last
      .then(() => this.#next())
      .catch((error: unknown) => {
        // Whoever sends the next one, or waits for all, is told.
        this.#failure ??= { error };
        for (const free of this.#free.splice(0)) free();
      });
  }

  /** Does what is next, if another has not done it along. */
  async #next(): Promise<void> {
    const next = this.#queued.shift();
    if (next === undefined || this.#failure !== null) return;
    if ('work' in next) return next.work();
    await next.uploaded;
    const lines = [next.line];
    for (let [other] = this.#queued; other && 'line' in other && other.arrived; [other] = this.#queued) {
      lines.push(other.line);
      this.#queued.shift();
    }
    await this.#mirror.commit(lines);
    this.#waiting -= lines.length;
    for (const free of this.#free.splice(0, lines.length)) free();
  }

  #refuse(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
