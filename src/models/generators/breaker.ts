import type { Clock } from './clock.ts';

export interface BreakerOptions {
  /** Failures one after the other that open it. Default 10. */
  readonly failures?: number;
  /** Probes in vain after which it is over for good. Default 5. */
  readonly probes?: number;
  /** Wait before the first probe; doubles up to a minute. Default 1,000 ms. */
  readonly coolMs?: number;
  readonly clock: Clock;
}

/**
 * Stops asking a server that only fails. Open, it lets one request through after a while; when probes fail too, it
 * gives up, and whoever asks is told at once.
 */
export interface Breaker {
  /** Resolves when a request may go; null, or why none may go any more. */
  enter(signal?: AbortSignal): Promise<string | null>;
  succeeded(): void;
  /** @param fatal true: every other request will meet the same */
  failed(why: string, fatal: boolean): void;
  /** Why it has given up; null: it has not. */
  readonly over: string | null;
}

export function openBreaker({ failures = 10, probes = 5, coolMs = 1000, clock }: BreakerOptions): Breaker {
  let inRow = 0;
  let probed = 0;
  let over: string | null = null;
  /** While open: resolves when the probe in work has come back. */
  let probing: { readonly done: Promise<void>; readonly end: () => void } | null = null;
  const endProbe = (): void => {
    probing?.end();
    probing = null;
  };
  return {
    get over() {
      return over;
    },
    async enter(signal) {
      for (;;) {
        if (over !== null) return over;
        if (inRow < failures) return null;
        if (probing === null) {
          let end = (): void => {};
          const done = new Promise<void>((resolve) => {
            end = resolve;
          });
          probing = { done, end };
          try {
            await clock.wait(Math.min(60_000, coolMs * 2 ** probed), signal);
          } catch (error) {
            endProbe();
            throw error;
          }
          return over;
        }
        await probing.done;
      }
    },
    succeeded() {
      inRow = 0;
      probed = 0;
      endProbe();
    },
    failed(why, fatal) {
      inRow++;
      if (probing) probed++;
      if (fatal || probed >= probes) over ??= why;
      endProbe();
    },
  };
}
