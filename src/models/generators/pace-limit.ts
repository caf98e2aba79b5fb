/**
 * How many requests may be out at once, found by one question: do more of them bring more answers in a time? A server
 * that queues without a word, one that refuses what is too much, and one that refuses at random are told apart by it.
 * Plain data.
 */
export interface PaceLimit {
  readonly limit: number;
  readonly most: number;
  /** Changes whenever the limit does: only requests begun since then say something about it. */
  readonly epoch: number;
  /** Of the requests begun in this epoch that have ended. */
  readonly answered: number;
  readonly ended: number;
  /** Time for which they held their slots, ms. */
  readonly heldMs: number;
  /** Windows of this epoch that are over. Its first sees short answers sooner than long ones. */
  readonly windows: number;
  /** The limit that was worth it so far, and the answers a second there; null: none yet. */
  readonly proven: { readonly limit: number; readonly rate: number } | null;
  /** Windows to go until another limit is tried, and how many there will be after the next try that brings nothing. */
  readonly hold: number;
  readonly nextHold: number;
  /** True until a higher limit has brought nothing: the limit doubles. */
  readonly doubling: boolean;
  /** The last try was a higher limit: the next is a lower one. */
  readonly triedMore: boolean;
}

const START = 8;
const LEAST_WINDOW = 12;
const FIRST_HOLD = 4;
const LONGEST_HOLD = 32;
const STEP = 1.5;
/** A higher limit must bring so large a part of its share in answers, or it was not worth it. */
const WORTH_PART = 0.4;
/** The same while it doubles: a wrong step up is found later, a wrong stop costs more. */
const WORTH_PART_DOUBLING = 0.2;
/** A lower limit with so large a part of the answers is as good, and leaves the server alone. */
const AS_GOOD = 0.92;

export const paceLimit = (most: number): PaceLimit => ({
  limit: Math.min(START, most),
  most,
  epoch: 0,
  ...{ answered: 0, ended: 0, heldMs: 0, windows: 0 },
  proven: null,
  hold: 0,
  nextHold: FIRST_HOLD,
  doubling: true,
  triedMore: false,
});

/**
 * After a request has ended.
 *
 * @param heldMs time for which it held its slot
 * @param epoch that it was begun in
 * @param came `refused`: the server had too much to do; `failed`: no answer for another reason
 */
export function afterRequest(
  now: PaceLimit,
  heldMs: number,
  epoch: number,
  came: 'answered' | 'refused' | 'failed',
): PaceLimit {
  if (epoch !== now.epoch) return now;
  const pace: PaceLimit = {
    ...now,
    answered: now.answered + (came === 'answered' ? 1 : 0),
    ended: now.ended + 1,
    heldMs: now.heldMs + heldMs,
  };
  // The first word of too much is heeded at once, where nothing has shown yet that this limit is worth it.
  if (came === 'refused' && pace.limit > 1 && pace.proven === null && pace.answered === 0)
    return at(pace, pace.limit >> 1, {});
  const window = Math.max(Math.min(LEAST_WINDOW, 4 * pace.limit), pace.limit) * (pace.doubling ? pace.windows + 1 : 1);
  if (pace.ended < window) return pace;
  return afterWindow(pace);
}

function afterWindow(pace: PaceLimit): PaceLimit {
  const { limit, proven } = pace;
  const rate = (1000 * limit * pace.answered) / Math.max(1, pace.heldMs);
  if (rate === 0) return at(pace, Math.max(1, limit >> 1), { proven: null, doubling: true });
  if (proven === null) return tryAnother({ ...pace, proven: { limit, rate } });
  if (pace.windows === 0 && !pace.doubling) return again(pace, {});
  if (limit === proven.limit) {
    const smooth = { ...pace, proven: { limit, rate: (proven.rate + rate) / 2 } };
    return pace.hold > 0 ? again(smooth, { hold: pace.hold - 1 }) : tryAnother(smooth);
  }
  const gain = rate / proven.rate;
  const part = pace.doubling ? WORTH_PART_DOUBLING : WORTH_PART;
  const worth = limit > proven.limit ? 1 + part * (limit / proven.limit - 1) : AS_GOOD;
  if (gain >= worth) {
    // The same way again: what was right may be right further on.
    const triedMore = limit < proven.limit;
    return tryAnother({ ...pace, proven: { limit, rate }, nextHold: FIRST_HOLD, triedMore });
  }
  // It may be chance: twice as many are looked at.
  if (pace.doubling && limit > proven.limit && pace.windows === 0) return { ...pace, windows: 1 };
  const { nextHold } = pace;
  return at(pace, proven.limit, {
    hold: pace.doubling ? 1 : nextHold,
    nextHold: pace.doubling ? FIRST_HOLD : Math.min(LONGEST_HOLD, 2 * nextHold),
    doubling: pace.doubling && limit < proven.limit,
    triedMore: limit > proven.limit && !pace.doubling,
  });
}

function tryAnother(pace: PaceLimit): PaceLimit {
  const { limit, most } = pace;
  const more = Math.min(most, pace.doubling ? 2 * limit : Math.max(limit + 1, Math.ceil(limit * STEP)));
  const less = Math.max(1, Math.min(limit - 1, Math.floor(limit / STEP)));
  const up = more > limit && (pace.doubling || !pace.triedMore);
  const next = up ? more : less;
  if (next === limit) return again(pace, { triedMore: up });
  // At the most that is allowed a lower limit is tried seldom: most servers have room.
  if (!up && limit === most && pace.hold === 0 && pace.nextHold === FIRST_HOLD)
    return again(pace, { hold: 2 * FIRST_HOLD, nextHold: 4 * FIRST_HOLD, doubling: false });
  return at(pace, next, { hold: 0 });
}

const again = (pace: PaceLimit, changed: Partial<PaceLimit>): PaceLimit => ({
  ...pace,
  ...{ answered: 0, ended: 0, heldMs: 0, windows: pace.windows + 1 },
  ...changed,
});

const at = (pace: PaceLimit, limit: number, changed: Partial<PaceLimit>): PaceLimit => ({
  ...again(pace, changed),
  limit,
  ...(limit === pace.limit ? {} : { epoch: pace.epoch + 1, windows: 0 }),
});
