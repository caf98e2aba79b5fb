import { type Column, float64Column, stringAt, utf8Column } from '../../streams/batch/columns.ts';
import type { BarrierDecision, BarrierSplit, Round, Rounds, RoundWork, Send } from '../../streams/flow/barrier.ts';
import { RankedValues, STATE } from './rank-keys.ts';
import { boundsOf, joinedPoints, type Points, pointsOf, totalOf } from './rank-summary.ts';
import { valuesAtRanks } from './values-at-ranks.ts';

/** Points of the summary of a group in one task: about two in so many values may be the value at a rank. */
const POINTS = 2048;
/** With many groups and parts there are fewer, down to so many, because every task holds those of all. */
const FEWEST_POINTS = 64;
/** Of a point, with its place in their order. */
const POINT_BYTES = 64;
/** In place of a split. */
const WHOLE = -1;

/** The value at a rank of a group, as one split sees it. */
export interface Cut {
  readonly value: number;
  /** Values of the group that are less. */
  readonly below: number;
  /** Equal values in earlier splits. */
  readonly equalBefore: number;
}

/** A group as one split sees it: how many values it has in all, and those at the ranks that were asked for. */
export interface GroupCuts {
  readonly count: number;
  readonly cuts: ReadonlyMap<number, Cut>;
}

/** A step on ranks: which it asks for, and what it makes of the values there. */
export interface RankUse {
  /** Ranks from 0 to `count - 1`. */
  ranksOf(count: number): readonly number[];
  decide(
    split: BarrierSplit,
    ranked: RankedValues,
    cutsOf: (group: number) => GroupCuts,
  ): BarrierDecision | Promise<BarrierDecision>;
}

/** All values of a split are in one part. */
export const partsBySplit = ({ rows, split }: { readonly rows: number; readonly split: number }): Uint32Array =>
  new Uint32Array(rows).fill(split);

/**
 * Values at ranks in parts. Every part summarises the values of its splits by points; of all points together every part
 * knows between which bounds a value must lie, counts what is below and hands on what is between; a task alone finds
 * the values among these, and tells every split how many equal ones come before it.
 */
export function rankRounds(use: RankUse): Rounds {
  const summarise: Round = { toAll: true, run: sendPoints };
  const between: Round = { run: (work, send) => sendBetween(use, work, send) };
  const cut: Round = { alone: true, run: sendCuts };
  return { before: [summarise, between, cut], decide: (work) => decideSplits(use, work) };
}

/** Rows that are put together one by one. */
class Rows<N extends string> {
  #groups: string[] = [];
  #to: number[] = [];
  #numbers: Record<N, number[]>;
  #names: readonly N[];

  constructor(names: readonly N[]) {
    this.#names = names;
    this.#numbers = Object.fromEntries(names.map((n) => [n, []])) as unknown as Record<N, number[]>;
  }

  add(group: string, row: Readonly<Record<N, number>>, to = 0): void {
    this.#groups.push(group);
    this.#to.push(to);
    for (const name of this.#names) this.#numbers[name].push(row[name]);
  }

  async send(send: Send): Promise<void> {
    const columns = new Map<string, Column>([['group', utf8Column(this.#groups)]]);
    for (const name of this.#names) columns.set(name, float64Column(Float64Array.from(this.#numbers[name])));
    if (this.#to.length > 0) await send(columns, this.#to);
    this.#groups = [];
    this.#to = [];
    for (const name of this.#names) this.#numbers[name] = [];
  }
}

/** Calls `visit` for every row received. */
async function eachRow<N extends string>(
  work: RoundWork,
  names: readonly N[],
  visit: (group: string, row: Readonly<Record<N, number>>) => void,
): Promise<void> {
  for await (const batch of work.received()) {
    const groups = batch.utf8('group');
    const columns = names.map((name) => batch.number(name).values as Float64Array);
    for (let i = 0; i < batch.rows; i++)
      visit(
        stringAt(groups, i)!,
        Object.fromEntries(names.map((name, k) => [name, columns[k][i]])) as Record<N, number>,
      );
  }
}

const POINT = ['value', 'less', 'upTo'] as const;

async function sendPoints({ splits, parts, memoryBytes }: RoundWork, send: Send): Promise<void> {
  const ranked = new RankedValues(splits);
  const most = Math.max(1024, Math.floor(memoryBytes / 16));
  let held: number[][] = [];
  let count = 0;
  const rows = new Rows(POINT);
  const flush = async (): Promise<void> => {
    const room = Math.floor(memoryBytes / POINT_BYTES / parts / Math.max(1, ranked.names.length));
    const points = Math.max(FEWEST_POINTS, Math.min(POINTS, room));
    held.forEach((values, g) => {
      const { value, less, upTo } = pointsOf(Float64Array.from(values).sort(), points);
      for (let k = 0; k < value.length; k++)
        rows.add(ranked.names[g], { value: value[k], less: less[k], upTo: upTo[k] });
    });
    await rows.send(send);
    [held, count] = [[], 0];
  };
  for (const split of splits)
    for await (const { rows, value, state, group } of ranked.rowsOf(split)) {
      for (let i = 0; i < rows; i++) {
        if (state[i] !== STATE.ranked) continue;
        const g = group(i);
        held[g] ??= [];
        held[g].push(value[i]);
        count++;
      }
      if (count >= most) await flush();
    }
  await flush();
}

/** A rank that is asked for, with the bounds of its value. */
interface Wanted {
  readonly rank: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
  below: number;
}

const BETWEEN = ['rank', 'value', 'split', 'times'] as const;

async function sendBetween(use: RankUse, work: RoundWork, send: Send): Promise<void> {
  const wanted = await wantedOf(use, work);
  const rows = new Rows(BETWEEN);
  const ranked = new RankedValues(work.splits);
  for (const split of work.splits) {
    // Of each group and rank: values between its bounds, and how often they come.
    const times = new Map<Wanted, Map<number, number>>();
    for await (const { rows: n, value, state, group } of ranked.rowsOf(split))
      for (let i = 0; i < n; i++) {
        if (state[i] !== STATE.ranked) continue;
        for (const w of wanted.get(ranked.names[group(i)])!) {
          if (value[i] < w.low) w.below++;
          if (value[i] < w.low || value[i] > w.high) continue;
          const own = times.get(w) ?? new Map<number, number>();
          times.set(w, own.set(value[i], (own.get(value[i]) ?? 0) + 1));
        }
      }
    for (const [group, list] of wanted)
      for (const w of list)
        for (const [value, n] of times.get(w) ?? [])
          rows.add(group, { rank: w.rank, value, split: split.split, times: n });
    await rows.send(send);
  }
  for (const [group, list] of wanted)
    for (const { rank, count, below } of list) rows.add(group, { rank, value: count, split: WHOLE, times: below });
  await rows.send(send);
}

async function wantedOf(use: RankUse, work: RoundWork): Promise<Map<string, Wanted[]>> {
  const points = new Map<string, Points[]>();
  for await (const batch of work.received()) {
    const [groups, columns] = [batch.utf8('group'), POINT.map((n) => batch.number(n).values as Float64Array)];
    for (let from = 0; from < batch.rows; ) {
      const group = stringAt(groups, from)!;
      let to = from + 1;
      while (to < batch.rows && stringAt(groups, to) === group) to++;
      const [value, less, upTo] = columns.map((c) => c.slice(from, to));
      const known = points.get(group) ?? [];
      points.set(group, known);
      known.push({ value, less, upTo });
      from = to;
    }
  }
  return new Map(
    [...points].map(([group, lists]) => {
      const all = joinedPoints(lists);
      const count = totalOf(all);
      const list = [...new Set(use.ranksOf(count))].map((rank): Wanted => {
        const [low, high] = boundsOf(all, rank);
        return { rank, low, high, count, below: 0 };
      });
      return [group, list];
    }),
  );
}

const CUT = ['rank', 'value', 'below', 'count', 'split', 'equal'] as const;

async function sendCuts(work: RoundWork, send: Send): Promise<void> {
  interface Found {
    readonly group: string;
    readonly rank: number;
    readonly count: number;
    readonly at: number;
    below: number;
    between: number;
  }
  const found = new Map<string, Found>();
  const named = (group: string, rank: number): string => `${rank} ${group}`;
  const foundOf = (group: string, rank: number, count: number): Found => {
    const name = named(group, rank);
    const own = found.get(name) ?? { group, rank, count, at: found.size, below: 0, between: 0 };
    found.set(name, own);
    return own;
  };
  await eachRow(work, BETWEEN, (group, { rank, value, split, times }) => {
    if (split === WHOLE) foundOf(group, rank, value).below += times;
  });
  await eachRow(work, BETWEEN, (group, { rank, split, times }) => {
    if (split !== WHOLE) found.get(named(group, rank))!.between += times;
  });
  const list = [...found.values()];
  const values = await valuesAtRanks(
    list.map(({ at, rank, below }) => ({ group: at, rank: rank - below })),
    list.map((f) => f.between),
    (visit) =>
      eachRow(work, BETWEEN, (group, { rank, value, split, times }) => {
        if (split !== WHOLE) visit(found.get(named(group, rank))!.at, value, times);
      }),
    work.memoryBytes,
  );
  const equal = list.map((): [split: number, times: number][] => []);
  await eachRow(work, BETWEEN, (group, { rank, value, split, times }) => {
    const { at } = found.get(named(group, rank))!;
    if (split !== WHOLE && value === values[at].value) equal[at].push([split, times]);
  });
  const rows = new Rows(CUT);
  for (const { group, rank, count, below, at } of list) {
    const cut = { rank, count, value: values[at].value, below: below + values[at].below };
    for (let part = 0; part < work.parts; part++) rows.add(group, { ...cut, split: WHOLE, equal: 0 }, part);
    let before = 0;
    for (const [split, times] of equal[at].sort(([a], [b]) => a - b)) {
      rows.add(group, { ...cut, split, equal: before }, split);
      before += times;
    }
  }
  await rows.send(send);
}

async function* decideSplits(use: RankUse, work: RoundWork): AsyncGenerator<BarrierDecision> {
  const groups = new Map<string, { count: number; cuts: Map<number, Cut & { equal: Map<number, number> }> }>();
  await eachRow(work, CUT, (group, { rank, value, below, count, split, equal }) => {
    const own = groups.get(group) ?? { count, cuts: new Map() };
    groups.set(group, own);
    const cut = own.cuts.get(rank) ?? { value, below, equalBefore: 0, equal: new Map<number, number>() };
    own.cuts.set(rank, cut);
    if (split !== WHOLE) cut.equal.set(split, equal);
  });
  const ranked = new RankedValues(work.splits);
  for (const split of work.splits)
    yield use.decide(split, ranked, (g) => {
      const { count, cuts } = groups.get(ranked.names[g])!;
      const seen = [...cuts].map(([rank, { value, below, equal }]): [number, Cut] => {
        return [rank, { value, below, equalBefore: equal.get(split.split) ?? 0 }];
      });
      return { count, cuts: new Map(seen) };
    });
}
