import type { Clock } from './clock.ts';
import { afterRequest, type PaceLimit, paceLimit } from './pace-limit.ts';

export interface PaceOptions {
  /** Requests at once, at most. */
  readonly most: number;
  /** True: always as many as that, as for a model in this process. */
  readonly fixed?: boolean;
  /** null: no limit. */
  readonly requestsPerMinute?: number | null;
  /** Of prompt and answer together; null: no limit. */
  readonly tokensPerMinute?: number | null;
  readonly clock: Clock;
}

/** A request that is out. */
export interface Turn {
  /** The answer is there. */
  answered(): void;
  /** The server had too much to do. @param retryAfterMs when it wants to be asked again */
  refused(retryAfterMs: number): void;
  /** @param tokens that it really took; null: as many as were asked for */
  end(tokens: number | null): void;
}

/** Lets requests out: so many at once, so many a minute, none while the server wants to be left alone. */
export interface Pace {
  /** @param tokens that the request may take at most */
  enter(tokens: number, signal?: AbortSignal): Promise<Turn>;
  readonly limit: number;
  readonly out: number;
  /** Slot-milliseconds in use, and those there were, while there was something to ask. */
  readonly busy: { readonly used: number; readonly had: number };
}

export function openPace({ most, fixed = false, requestsPerMinute, tokensPerMinute, clock }: PaceOptions): Pace {
  let state: PaceLimit = fixed ? { ...paceLimit(most), limit: most } : paceLimit(most);
  let out = 0;
  let pausedUntil = 0;
  let [used, had, last] = [0, 0, clock.now()];
  const waiting: (() => void)[] = [];
  const requests = bucket(requestsPerMinute ?? null, clock);
  const tokens = bucket(tokensPerMinute ?? null, clock);
  const count = (): void => {
    const now = clock.now();
    used += (now - last) * Math.min(out, state.limit);
    if (out > 0 || waiting.length > 0) had += (now - last) * state.limit;
    last = now;
  };
  const wake = (): void => {
    while (out < state.limit && waiting.length > 0) {
      out++;
      waiting.shift()!();
    }
  };
  const slot = (signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal!.reason);
      };
      signal?.addEventListener('abort', stop, { once: true });
      count();
      waiting.push(go);
      wake();
    });
  const leave = (): void => {
    count();
    out--;
    wake();
  };
  return {
    get limit() {
      return state.limit;
    },
    get out() {
      return out;
    },
    get busy() {
      count();
      return { used, had };
    },
    async enter(most, signal) {
      signal?.throwIfAborted();
      await slot(signal);
      try {
        for (let ms = pausedUntil - clock.now(); ms > 0; ms = pausedUntil - clock.now()) await clock.wait(ms, signal);
        await requests.take(1, signal);
        await tokens.take(most, signal);
      } catch (error) {
        leave();
        throw error;
      }
      const { epoch } = state;
      const begun = clock.now();
      let came: Parameters<typeof afterRequest>[3] = 'failed';
      return {
        answered() {
          came = 'answered';
        },
        refused(retryAfterMs) {
          came = 'refused';
          pausedUntil = Math.max(pausedUntil, clock.now() + retryAfterMs);
        },
        end(took) {
          if (took !== null) tokens.giveBack(most - took);
          count();
          if (!fixed) state = afterRequest(state, clock.now() - begun, epoch, came);
          leave();
        },
      };
    },
  };
}

/** A bucket that fills evenly over a minute and is full at first. */
function bucket(perMinute: number | null, clock: Clock) {
  let [left, at] = [perMinute ?? 0, clock.now()];
  let queue: Promise<void> = Promise.resolve();
  const fill = (): void => {
    const now = clock.now();
    left = Math.min(perMinute!, left + ((now - at) * perMinute!) / 60_000);
    at = now;
  };
  const take = async (n: number, signal?: AbortSignal): Promise<void> => {
    // What is more than a minute's worth waits for a full bucket.
    const wanted = Math.min(n, perMinute!);
    for (fill(); left < wanted; fill())
      await clock.wait(Math.max(1, Math.ceil(((wanted - left) * 60_000) / perMinute!)), signal);
    left -= wanted;
  };
  return {
    take(n: number, signal?: AbortSignal): Promise<void> {
      if (perMinute === null) return Promise.resolve();
      const mine = queue.then(() => take(n, signal));
      // Whoever asked is told; the next has its turn all the same.
      queue = mine.catch(() => {});
      return mine;
    },
    giveBack(n: number): void {
      if (perMinute !== null) left = Math.min(perMinute, left + Math.max(0, n));
    },
  };
}
