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
  /** The last limit that was worth it, and the median wait there; null: none yet. */
  readonly proven: { readonly limit: number; readonly median: number } | null;
  /** Times in a row that more requests have brought nothing. */
  readonly useless: number;
  /** Median and limit before the last cut, to see whether the cut has helped. */
  readonly before: { readonly median: number; readonly limit: number } | null;
}

const START = 8;
const LEAST_WINDOW = 12;
/** Waits that are so many times those without a queue, and so much longer, are a queue. */
const QUEUE_RATIO = 2;
const QUEUE_MS = 50;
const HOLD_WINDOWS = 4;
/** So many times the limit must bring a part of that in throughput, or it was not worth it. */
const WORTH_RATIO = 1.5;
const WORTH_PART = 0.25;

export const paceLimit = (most: number): PaceLimit => ({
  limit: Math.min(START, most),
  most,
  epoch: 0,
  base: null,
  waits: [],
  hold: 0,
  doubling: true,
  proven: null,
  useless: 0,
  before: null,
});

/** After a server said that it has too much to do. */
export function afterRefusal(pace: PaceLimit, epoch: number): PaceLimit {
  if (epoch !== pace.epoch) return pace;
  return at(pace, Math.max(1, Math.floor(pace.limit / 2)), { hold: HOLD_WINDOWS, doubling: false, before: null });
}

/**
 * After an answer began. A server that queues without a word shows it here: its median wait grows with the number of
 * requests, and what is done in a time does not. Medians of whole windows are compared, so that answers of any random
 * length are no queue.
 */
export function afterFirstToken(now: PaceLimit, waitMs: number, epoch: number): PaceLimit {
  if (epoch !== now.epoch) return now;
  let pace = now;
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
  const { proven } = pace;
  if (proven && pace.limit >= WORTH_RATIO * proven.limit) {
    const more = pace.limit / proven.limit;
    if ((more * proven.median) / median < 1 + WORTH_PART * (more - 1)) {
      // Once may be chance: it is tried again.
      const useless = pace.useless + 1;
      const hold = useless > 1 ? HOLD_WINDOWS : 1;
      return at(pace, proven.limit, { base, hold, useless, doubling: pace.doubling && useless < 2, before: null });
    }
  }
  pace = { ...pace, ...provenAt(pace, median) };
  if (pace.hold > 0) return { ...pace, base, waits: [], hold: pace.hold - 1, before: null };
  const more = pace.doubling ? pace.limit : Math.max(1, pace.limit >> 3);
  return at({ ...pace, base }, Math.min(pace.most, pace.limit + more), { before: null });
}

/** A limit that was worth it; the median of one that stays is smoothed. */
function provenAt({ limit, proven, useless }: PaceLimit, median: number): Pick<PaceLimit, 'proven' | 'useless'> {
  if (proven && limit > proven.limit && limit < WORTH_RATIO * proven.limit) return { proven, useless };
  if (proven?.limit !== limit)
    return { proven: { limit, median }, useless: limit > (proven?.limit ?? 0) ? 0 : useless };
  return { proven: { limit, median: (proven.median + median) / 2 }, useless };
}

const at = (pace: PaceLimit, limit: number, changed: Partial<PaceLimit>): PaceLimit => ({
  ...pace,
  ...changed,
  waits: [],
  limit,
  epoch: limit === pace.limit ? pace.epoch : pace.epoch + 1,
});
