/** Where the thread of a split is; shared with it, so that it is known when the thread is not any more. */
const BEATS = 0;
const BATCH = 1;
const ROW = 2;
const STEP = 3;
const WORDS = 4;

/** Instead of a row: the next batch is being read, the steps run on the whole batch, or it is being written. */
export const READING = -1;
export const WHOLE = -2;
export const WRITING = -3;

/** What a thread writes: one word at a time, no locks. */
export type Beat = Int32Array<SharedArrayBuffer>;

/** A sign of life, with the place. @param step index of the step at work. */
export function beatAt(beat: Beat | null | undefined, batch: number, row: number, step = -1): void {
  if (!beat) return;
  Atomics.store(beat, BATCH, batch);
  Atomics.store(beat, ROW, row);
  Atomics.store(beat, STEP, step);
  Atomics.add(beat, BEATS, 1);
}

export interface Watch {
  readonly beat: Beat;
  /** Aborts when no sign came for the time allowed. Writing is not timed: a slow disk is nobody's fault. */
  readonly signal: AbortSignal;
  place(): { readonly batch: number; readonly row: number; readonly step: number };
  end(): void;
}

/**
 * Watches a thread at work, from its first sign of life on.
 * @param timeoutMs time without a sign of life; the time that this process itself stood still does not count.
 * @param waits true while the thread waits for an answer of this one, which is not its time
 */
export function openWatch(timeoutMs: number, waits: () => boolean = () => false): Watch {
  const beat: Beat = new Int32Array(new SharedArrayBuffer(4 * WORDS));
  const abort = new AbortController();
  const every = Math.max(5, Math.min(1000, timeoutMs / 8));
  let seen = 0;
  let still = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const beats = Atomics.load(beat, BEATS);
    still =
      beats > 0 && beats === seen && Atomics.load(beat, ROW) !== WRITING && !waits()
        ? still + Math.min(now - last, 2 * every)
        : 0;
    seen = beats;
    last = now;
    if (still >= timeoutMs) abort.abort(new Error('no sign of life'));
  }, every);
  timer.unref();
  return {
    beat,
    signal: abort.signal,
    place: () => ({ batch: beat[BATCH], row: beat[ROW], step: beat[STEP] }),
    end: () => clearInterval(timer),
  };
}
