/** How many requests may be out at once, found by watching how long servers take to begin an answer. Plain data. */
export interface PaceLimit {
  readonly limit: number;
  readonly most: number;
  /** Changes whenever the limit does: only requests begun since then say something about it. */
  readonly epoch: number;
  /** Median wait for the first token where nothing queues, in ms; null: not known yet. */
  readonly base: number | null;
  /** Waits since the limit changed, ms. */
  readonly waits: readonly number[];
  /** Windows to go before the limit may grow again. */
  readonly hold: number;
  /** True until the first sign of a queue: the limit doubles. */
  readonly doubling: boolean;
  /** Median and limit before the last cut, to see whether the cut has helped. */
  readonly before: { readonly median: number; readonly limit: number } | null;
}

const START = 8;
const LEAST_WINDOW = 12;
/** Waits that are so many times those without a queue, and so much longer, are a queue. */
const QUEUE_RATIO = 2;
const QUEUE_MS = 50;
const HOLD_WINDOWS = 4;

export const paceLimit = (most: number): PaceLimit => ({
  limit: Math.min(START, most),
  most,
  epoch: 0,
  base: null,
  waits: [],
  hold: 0,
  doubling: true,
  before: null,
});

/** After a server said that it has too much to do. */
export function afterRefusal(pace: PaceLimit, epoch: number): PaceLimit {
  if (epoch !== pace.epoch) return pace;
  return at(pace, Math.max(1, Math.floor(pace.limit / 2)), { hold: HOLD_WINDOWS, doubling: false, before: null });
}

/**
 * After an answer began. A server that queues without a word shows it here: its median wait grows with the number of
 * requests. Medians of whole windows are compared, so that answers of any random length are no queue.
 */
export function afterFirstToken(pace: PaceLimit, waitMs: number, epoch: number): PaceLimit {
  if (epoch !== pace.epoch) return pace;
  const waits = [...pace.waits, waitMs];
  if (waits.length < Math.max(LEAST_WINDOW, pace.limit)) return { ...pace, waits };
  const median = waits.toSorted((a, b) => a - b)[waits.length >> 1];
  const { before } = pace;
  if (before && median > 0.8 * before.median) {
    // Fewer requests and the same waits: the server is slower than it was, and nothing queues.
    return at(pace, before.limit, { base: median, before: null, hold: 0 });
  }
  const base = Math.min(pace.base ?? median, median);
  if (pace.limit > 1 && median > QUEUE_RATIO * base + QUEUE_MS) {
    const fitting = Math.floor((pace.limit * 1.5 * base) / median);
    const limit = Math.max(1, pace.limit >> 1, fitting);
    return at(pace, Math.min(limit, pace.limit - 1), {
      base,
      hold: HOLD_WINDOWS,
      doubling: false,
      before: { median, limit: pace.limit },
    });
  }
  if (pace.hold > 0) return { ...pace, base, waits: [], hold: pace.hold - 1, before: null };
  const more = pace.doubling ? pace.limit : Math.max(1, pace.limit >> 3);
  return at({ ...pace, base }, Math.min(pace.most, pace.limit + more), { before: null });
}

const at = (pace: PaceLimit, limit: number, changed: Partial<PaceLimit>): PaceLimit => ({
  ...pace,
  ...changed,
  waits: [],
  limit,
  epoch: limit === pace.limit ? pace.epoch : pace.epoch + 1,
});
