import type { BarrierDecision, BarrierSplit } from '../../streams/flow/barrier.ts';
import { RankedValues, STATE } from './rank-keys.ts';
import type { Cut, GroupCuts, RankUse } from './rank-rounds.ts';
import { type RankWanted, valuesAtRanks } from './values-at-ranks.ts';

/** Which part of the ranking stays. */
export type Criterion = 'low' | 'medium' | 'high';

export interface RankSelection {
  readonly keep: Criterion;
  readonly rate: number;
  readonly nulls: 'keep' | 'drop';
}

/** The rules of a selection by the ends they cut off, in their order; the index of each, -1 where it has none. */
export function rulesOf({ keep, nulls }: Pick<RankSelection, 'keep' | 'nulls'>) {
  const ends = [
    ...(keep === 'low' ? [] : ['below' as const]),
    ...(keep === 'high' ? [] : ['above' as const]),
    ...(nulls === 'drop' ? ['missing' as const] : []),
  ];
  return { ends, below: ends.indexOf('below'), above: ends.indexOf('above'), missing: ends.indexOf('missing') };
}

/** Ranks from `first` to `end`, exclusive, stay of `n`. One value has nothing to be ranked against, so it stays. */
export function ranksKept(
  n: number,
  { keep, rate }: Pick<RankSelection, 'keep' | 'rate'>,
): [first: number, end: number] {
  const k = n === 1 ? 1 : Math.round(rate * n);
  const first = keep === 'low' ? 0 : keep === 'high' ? n - k : Math.floor((n - k) / 2);
  return [first, first + k];
}

/** Is the rank of a value at least `rank`? Of equal values the earlier in input order has the lower rank. */
class Boundary {
  readonly rank: number;
  /** The value that has this rank; null where none has. */
  readonly value: number | null;
  #below: number;
  #equal: number;

  constructor(rank: number, cut: Cut | undefined) {
    this.rank = rank;
    this.value = cut?.value ?? null;
    this.#below = cut?.below ?? 0;
    this.#equal = cut?.equalBefore ?? 0;
  }

  /** Call once for each value, in input order. */
  reached(value: number): boolean {
    if (this.rank === 0) return true;
    if (this.value === null || value < this.value) return false;
    return value > this.value || this.#below + this.#equal++ >= this.rank;
  }
}

interface Ends {
  readonly first: Boundary;
  readonly end: Boundary;
  /** The greatest value of those before `first`. */
  readonly lowerCut: number;
}

function endsOf(selection: RankSelection, { count, cuts }: GroupCuts): Ends {
  const [first, end] = ranksKept(count, selection);
  return {
    first: new Boundary(first, cuts.get(first)),
    end: new Boundary(end, cuts.get(end)),
    lowerCut: cuts.get(first - 1)?.value ?? Number.NaN,
  };
}

/** What `decideRanks` asks for, and what it makes of a split. */
export const rankUse = (selection: RankSelection): RankUse => ({
  ranksOf: (count) => ranksAsked(selection, count),
  decide(split, ranked, cutsOf) {
    const ends: Ends[] = [];
    return decideSplit(selection, split, ranked, (group) => {
      ends[group] ??= endsOf(selection, cutsOf(group));
      return ends[group];
    });
  },
});

/** The first rank that stays, the last before it, and the first behind those that stay. */
function ranksAsked(selection: RankSelection, count: number): number[] {
  const [first, end] = ranksKept(count, selection);
  return [first, end, first - 1].filter((rank) => rank >= 0 && rank < count);
}

/** Decides which documents stay; splits and their rows in input order. */
export async function* decideRanks(
  selection: RankSelection,
  splits: readonly BarrierSplit[],
  memoryBytes: number,
): AsyncGenerator<BarrierDecision> {
  const ranked = new RankedValues(splits);
  const groups = await cutsOfGroups(ranked, (count) => ranksAsked(selection, count), memoryBytes);
  // Of all splits: they go on counting equal values.
  const ends = groups.map((g) => endsOf(selection, g));
  for (const split of splits) yield decideSplit(selection, split, ranked, (group) => ends[group]);
}

/** The values at some ranks of every group, of all splits. */
export async function cutsOfGroups(
  ranked: RankedValues,
  ranksOf: (count: number) => readonly number[],
  memoryBytes: number,
): Promise<GroupCuts[]> {
  await ranked.count();
  const wanted = ranked.counts.flatMap((count, group) => ranksOf(count).map((rank): RankWanted => ({ group, rank })));
  const values = await valuesAtRanks(wanted, ranked.counts, ranked.scan, memoryBytes);
  const groups = ranked.counts.map((count) => ({ count, cuts: new Map<number, Cut>() }));
  for (const [i, { group, rank }] of wanted.entries()) groups[group].cuts.set(rank, { ...values[i], equalBefore: 0 });
  return groups;
}

async function decideSplit(
  selection: RankSelection,
  split: BarrierSplit,
  ranked: RankedValues,
  endsOfGroup: (group: number) => Ends,
): Promise<BarrierDecision> {
  const rules = rulesOf(selection);
  const parts: Part[] = [];
  for await (const { rows, value, state, group } of ranked.rowsOf(split)) {
    const part = {
      keep: new Uint8Array(rows).fill(1),
      rule: new Uint8Array(rows),
      value: new Float64Array(rows).fill(Number.NaN),
      threshold: new Float64Array(rows).fill(Number.NaN),
      missing: new Uint8Array(rows),
    };
    const drop = (i: number, rule: number, threshold: number): void => {
      part.keep[i] = 0;
      part.rule[i] = rule;
      part.threshold[i] = threshold;
    };
    for (let i = 0; i < rows; i++) {
      if (state[i] === STATE.outOfScope) continue;
      if (state[i] === STATE.missing) {
        part.missing[i] = 1;
        if (selection.nulls === 'drop') drop(i, rules.missing, Number.NaN);
        continue;
      }
      part.value[i] = value[i];
      const { first, end, lowerCut } = endsOfGroup(group(i));
      // Both are asked for every value: they count equal ones.
      const [inside, beyond] = [first.reached(value[i]), end.reached(value[i])];
      if (!inside) drop(i, rules.below, lowerCut);
      else if (beyond) drop(i, rules.above, end.value ?? Number.NaN);
    }
    parts.push(part);
  }
  return joined(split.split, parts);
}

interface Part {
  readonly keep: Uint8Array;
  readonly rule: Uint8Array;
  readonly value: Float64Array;
  readonly threshold: Float64Array;
  readonly missing: Uint8Array;
}

function joined(split: number, parts: readonly Part[]): BarrierDecision {
  const rows = parts.reduce((n, p) => n + p.keep.length, 0);
  const out = {
    keep: new Uint8Array(rows),
    rule: new Uint8Array(rows),
    value: new Float64Array(rows),
    threshold: new Float64Array(rows),
    missing: new Uint8Array(rows),
  };
  let at = 0;
  for (const part of parts) {
    for (const name of ['keep', 'rule', 'value', 'threshold', 'missing'] as const) out[name].set(part[name], at);
    at += part.keep.length;
  }
  const similarity = new Float64Array(rows).fill(Number.NaN);
  return { split, ...out, duplicateOf: new Array<string | null>(rows).fill(null), similarity };
}
