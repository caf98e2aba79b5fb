import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { type Random, seededRandom } from '../../random.ts';
import { ConnectionError } from './request.ts';

/** What passes by: a server that is busy, or broke down for a moment. */
export class PassingError extends Error {
  override readonly name = 'PassingError';
  readonly status: number;
  readonly retryAfterMs: number;
  constructor(status: number, message: string, retryAfterMs = 0) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Patience {
  /** Tries of one call without progress. Default 10. */
  readonly attempts?: number;
  /** All tries of a call together, in milliseconds. Default 10 minutes. */
  readonly totalMs?: number;
  /** Waits. Default: a timer; tests do not wait. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** 0 to 1, spreads the waits of many processes. Default: seeded by process and thread. */
  readonly random?: Random;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 20_000;
const MOST_AT_ONCE = 64;
const FIRST_AT_ONCE = 16;

/** Statuses that another try may turn into an answer. */
export const isPassing = (status: number): boolean => [408, 425, 429, 500, 502, 503, 504].includes(status);

/** `Retry-After` in milliseconds: seconds, or a date; 0 where there is none. */
export function retryAfterMs(header: string | undefined, now = Date.now()): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), 5 * 60_000) : 0;
}

/**
 * The requests to one server: as many at once as it takes. Each that it answers with 429 or 503 halves the number and
 * lets all wait; each that it answers well raises it a little.
 */
export class Traffic {
  #patience: Required<Patience>;
  #atOnce = FIRST_AT_ONCE;
  #busy = 0;
  #queue: (() => void)[] = [];
  #quietUntil = 0;

  constructor(patience: Patience = {}) {
    this.#patience = {
      attempts: 10,
      totalMs: 10 * 60_000,
      wait: async (ms, signal) => void (await sleep(ms, undefined, { signal })),
      random: seededRandom(process.pid * 4096 + threadId, 'stores'),
      ...patience,
    };
  }

  /** Requests that may be under way at once, at this moment. */
  get atOnce(): number {
    return Math.floor(this.#atOnce);
  }

  /** Calls until there is an answer, or too many tries brought none: then the last error is thrown. */
  async call<T>(once: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { attempts, totalMs } = this.#patience;
    const started = performance.now();
    for (let tried = 1; ; tried++) {
      await this.#enter(signal);
      try {
        const answer = await once();
        this.#atOnce = Math.min(MOST_AT_ONCE, this.#atOnce + 1 / this.#atOnce);
        return answer;
      } catch (error) {
        if (!(error instanceof PassingError || error instanceof ConnectionError)) throw error;
        if (tried >= attempts || performance.now() - started > totalMs) throw error;
        const asked = error instanceof PassingError ? error.retryAfterMs : 0;
        if (error instanceof PassingError && [429, 503].includes(error.status)) this.#slower(asked);
        await this.pause(tried, asked, signal);
      } finally {
        this.#leave();
      }
    }
  }

  /** Tries without progress that are made of one call. */
  get attempts(): number {
    return this.#patience.attempts;
  }

  /** Waits before another try: longer each time, and never as long as others do. */
  pause(tried: number, askedMs: number, signal?: AbortSignal): Promise<void> {
    const grown = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tried - 1));
    return this.#patience.wait(askedMs + grown * (0.25 + 0.75 * this.#patience.random.uniform()), signal);
  }

  /** Once for all requests that are under way: they were all sent at the same pace. */
  #slower(quietMs: number): void {
    const now = performance.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + Math.max(quietMs, FIRST_WAIT_MS);
    this.#atOnce = Math.max(1, this.#atOnce / 2);
  }

  async #enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    while (this.#busy >= this.atOnce) await new Promise<void>((r) => this.#queue.push(r));
    this.#busy++;
  }

  /** Lets in as many as fit: the number may have grown since one had to wait. */
  #leave(): void {
    this.#busy--;
    for (let free = this.atOnce - this.#busy; free > 0 && this.#queue.length > 0; free--) this.#queue.shift()!();
  }
}
