import type { BarrierDecision, BarrierSplit } from '../../streams/flow/barrier.ts';
import { RankedValues, STATE } from './rank-keys.ts';
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

/** Ranks from `first` to `end`, exclusive, stay of `n`. */
export function ranksKept(
  n: number,
  { keep, rate }: Pick<RankSelection, 'keep' | 'rate'>,
): [first: number, end: number] {
  const k = Math.round(rate * n);
  const first = keep === 'low' ? 0 : keep === 'high' ? n - k : Math.floor((n - k) / 2);
  return [first, first + k];
}

/** Is the rank of a value at least `rank`? Of equal values the earlier in input order has the lower rank. */
class Boundary {
  readonly rank: number;
  /** The value that has this rank; null where none has. */
  value: number | null = null;
  below = 0;
  #equal = 0;

  constructor(rank: number) {
    this.rank = rank;
  }

  /** Call once for each value, in input order. */
  reached(value: number): boolean {
    if (this.rank === 0) return true;
    if (this.value === null || value < this.value) return false;
    return value > this.value || this.below + this.#equal++ >= this.rank;
  }
}

interface GroupCuts {
  readonly first: Boundary;
  readonly end: Boundary;
  /** The greatest value of those before `first`. */
  lowerCut: number;
}

/** Decides which documents stay; splits and their rows in input order. */
export async function* decideRanks(
  selection: RankSelection,
  splits: readonly BarrierSplit[],
  memoryBytes: number,
): AsyncGenerator<BarrierDecision> {
  const ranked = new RankedValues(splits);
  await ranked.count();
  const groups = await cutsOf(selection, ranked, memoryBytes);
  const rules = rulesOf(selection);
  for (const split of splits) {
    const parts: {
      keep: Uint8Array;
      rule: Uint8Array;
      value: Float64Array;
      threshold: Float64Array;
      missing: Uint8Array;
    }[] = [];
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
        const { first, end, lowerCut } = groups[group(i)];
        // Both are asked for every value: they count equal ones.
        const [inside, beyond] = [first.reached(value[i]), end.reached(value[i])];
        if (!inside) drop(i, rules.below, lowerCut);
        else if (beyond) drop(i, rules.above, end.value ?? Number.NaN);
      }
      parts.push(part);
    }
    yield joined(split.split, parts);
  }
}

async function cutsOf(selection: RankSelection, ranked: RankedValues, memoryBytes: number): Promise<GroupCuts[]> {
  const groups = ranked.counts.map((n): GroupCuts => {
    const [first, end] = ranksKept(n, selection);
    return { first: new Boundary(first), end: new Boundary(end), lowerCut: Number.NaN };
  });
  const wanted: RankWanted[] = [];
  const found: ((v: { value: number; below: number }) => void)[] = [];
  groups.forEach((cuts, group) => {
    for (const boundary of [cuts.first, cuts.end]) {
      if (boundary.rank >= ranked.counts[group]) continue;
      wanted.push({ group, rank: boundary.rank });
      found.push(({ value, below }) => {
        boundary.value = value;
        boundary.below = below;
      });
    }
    if (cuts.first.rank === 0) return;
    wanted.push({ group, rank: cuts.first.rank - 1 });
    found.push(({ value }) => {
      cuts.lowerCut = value;
    });
  });
  const values = await valuesAtRanks(wanted, ranked.counts, ranked.scan, memoryBytes);
  values.forEach((v, i) => {
    found[i](v);
  });
  return groups;
}

function joined(
  split: number,
  parts: readonly {
    readonly keep: Uint8Array;
    readonly rule: Uint8Array;
    readonly value: Float64Array;
    readonly threshold: Float64Array;
    readonly missing: Uint8Array;
  }[],
): BarrierDecision {
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
