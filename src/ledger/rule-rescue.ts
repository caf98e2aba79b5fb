import type { Comparison, Condition, Rule } from '../streams/batch/outcome.ts';
import { fails } from '../streams/batch/outcome.ts';

/**
 * What a threshold would have to be for a comparison to come out the other way: `comparison` holds between threshold
 * and `bound`.
 */
export interface Rescue {
  readonly comparison: Comparison;
  readonly bound: number;
  /** A threshold for `--set` that keeps the document. */
  readonly threshold: number;
}

/** The change of one comparison of a rule; `at` counts from 0 in the order in which they are written. */
export interface LeafRescue extends Rescue {
  readonly at: number;
}

/** The thresholds that let a value pass: those for which `value comparison threshold` does not hold. */
export function rescueOf(value: number, comparison: Comparison): Rescue {
  switch (comparison) {
    case '<':
      return { comparison: '<=', bound: value, threshold: value };
    case '>':
      return { comparison: '>=', bound: value, threshold: value };
    case '<=':
      return { comparison: '<', bound: value, threshold: beside(value, -1) };
    case '>=':
      return { comparison: '>', bound: value, threshold: beside(value, 1) };
    case '==':
      return { comparison: '!=', bound: value, threshold: value + 1 };
    case '!=':
      return { comparison: '==', bound: value, threshold: value };
  }
}

/** The next threshold below or above: a whole number for whole numbers, else the next double. */
function beside(value: number, direction: 1 | -1): number {
  if (Number.isInteger(value)) return value + direction;
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0] += BigInt(value > 0 ? direction : -direction);
  return new Float64Array(bits.buffer)[0];
}

const OPPOSITE: Readonly<Record<Comparison, Comparison>> = {
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
  '==': '!=',
  '!=': '==',
};

/**
 * The fewest changes of thresholds under which a rule of several comparisons lets a document pass; null where none
 * does, because the values that decide are missing. Every comparison has a threshold of its own, so the parts of a
 * condition are changed independently of each other and the fewest of the parts are the fewest of all.
 */
export function rescuesOf(
  { when, onNull }: Pick<Rule, 'when' | 'onNull'>,
  numberOf: (column: string) => number | null,
): readonly LeafRescue[] | null {
  let at = 0;
  // The comparisons are visited as written, each once, so that they are counted right.
  const change = (c: Condition, to: boolean): readonly LeafRescue[] | null => {
    if ('not' in c) return change(c.not, !to);
    if (!('column' in c)) {
      const parts = ('all' in c ? c.all : c.any).map((part) => change(part, to));
      // `all` becomes false by one part, and `any` true.
      return 'all' in c === to ? together(parts) : fewest(parts);
    }
    const place = at++;
    const value = numberOf(c.column);
    // A null leaves a rule open, and an open rule lets pass unless it says otherwise.
    if (value === null) return onNull === 'pass' ? [] : null;
    if (fails(value, c.comparison, c.threshold) === to) return [];
    return [{ at: place, ...rescueOf(value, to ? OPPOSITE[c.comparison] : c.comparison) }];
  };
  return when === undefined ? null : change(when, false);
}

type Changes = readonly LeafRescue[] | null;

const together = (parts: readonly Changes[]): Changes =>
  parts.some((p) => p === null) ? null : parts.flatMap((p) => p ?? []);

const fewest = (parts: readonly Changes[]): Changes =>
  parts.reduce<Changes>((best, p) => (p !== null && (best === null || p.length < best.length) ? p : best), null);
