import type { Commit } from '../../streams/commits/log.ts';
import type { StoreSide } from './store-side.ts';

/** Commits that may be on their way to a store; their files are on this disk until they have arrived. */
const MOST_WAITING = 64;

/**
 * Commits of a run on their way to its store, which the run does not wait for: what is committed here goes on being
 * worked on. Files are put as they come, the lines that make them true in order. After a failure nothing more is put.
 */
export class StoreQueue {
  #mirror: StoreSide;
  #last: Promise<void> = Promise.resolve();
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
    // The queue is told.
    uploaded.catch(() => {});
    this.#waiting++;
    this.#then(async () => {
      await uploaded;
      await this.#mirror.commit(line);
      this.#waiting--;
      this.#free.shift()?.();
    });
    while (this.#waiting >= MOST_WAITING && this.#failure === null)
      await new Promise<void>((free) => this.#free.push(free));
    this.#refuse();
  }

  /** Does something once all that was sent before has arrived. */
  afterwards(work: () => Promise<void>): void {
    this.#then(work);
  }

  /** Waits until all has arrived. Errors: the first that a commit met. */
  async arrived(): Promise<void> {
    await this.#last;
    this.#refuse();
  }

  #then(work: () => Promise<void>): void {
    this.#last = this.#last
      .then(() => (this.#failure === null ? work() : undefined))
      .catch((error: unknown) => {
        // Whoever sends the next one, or waits for all, is told.
        this.#failure ??= { error };
        for (const free of this.#free.splice(0)) free();
      });
  }

  #refuse(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
