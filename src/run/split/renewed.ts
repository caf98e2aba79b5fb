/** A pool of threads, as far as this needs one. */
interface Endable {
  readonly threads: readonly unknown[];
  destroy(): Promise<void>;
}

/** A pool that is opened again when all of its threads have died: one that dies while it starts is not replaced. */
export interface Renewed<P> {
  readonly current: P;
  /**
   * Told by every task whose thread has died, with the pool it ran on; all tasks of a dead pool get the same new
   * one.
   */
  died(pool: P): Promise<void>;
  close(): Promise<void>;
}

export function renewed<P extends Endable>(open: () => P): Renewed<P> {
  let current = open();
  return {
    get current() {
      return current;
    },
    async died(pool) {
      if (pool !== current || pool.threads.length > 0) return;
      // Before anything is awaited: another task of the same pool must not open one more.
      current = open();
      await pool.destroy();
    },
    close: () => current.destroy(),
  };
}
