import { type Condition, fails, type Leaf, type Rule } from './outcome.ts';

/** The comparisons of a rule in the order in which they are written. */
export const leavesOf = (rule: Rule): readonly Leaf[] => (rule.when === undefined ? [rule] : leaves(rule.when));

function leaves(c: Condition): readonly Leaf[] {
  if ('column' in c) return [c];
  return 'not' in c ? leaves(c.not) : ('all' in c ? c.all : c.any).flatMap(leaves);
}

/** The columns that a rule reads. */
export const columnsOfRule = (rule: Rule): readonly string[] => [...new Set(leavesOf(rule).map((l) => l.column))];

/** Of a row: the number in a column, or null. */
type Numbers = (row: number) => number | null;

/** As `holds`, for many rows: the columns are looked up once. */
export function conditionOf(c: Condition, numbersOf: (column: string) => Numbers): (row: number) => boolean | null {
  if ('column' in c) {
    const { comparison, threshold } = c;
    const numbers = numbersOf(c.column);
    return (row) => {
      const value = numbers(row);
      return value === null ? null : fails(value, comparison, threshold);
    };
  }
  if ('not' in c) {
    const inner = conditionOf(c.not, numbersOf);
    return (row) => {
      const found = inner(row);
      return found === null ? null : !found;
    };
  }
  // Of `all` one that does not hold decides, of `any` one that does.
  const decisive = 'any' in c;
  const parts = (decisive ? c.any : c.all).map((part) => conditionOf(part, numbersOf));
  return (row) => {
    let open = false;
    for (const part of parts) {
      const found = part(row);
      if (found === decisive) return decisive;
      if (found === null) open = true;
    }
    return open ? null : !decisive;
  };
}

/** Does it hold? Null where nulls leave it open. */
export function holds(c: Condition, numberOf: (column: string) => number | null): boolean | null {
  if ('column' in c) {
    const value = numberOf(c.column);
    return value === null ? null : fails(value, c.comparison, c.threshold);
  }
  if ('not' in c) {
    const inner = holds(c.not, numberOf);
    return inner === null ? null : !inner;
  }
  // Of `all` one that does not hold decides, of `any` one that does.
  const decisive = 'any' in c;
  let open = false;
  for (const part of decisive ? c.any : c.all) {
    const found = holds(part, numberOf);
    if (found === decisive) return decisive;
    if (found === null) open = true;
  }
  return open ? null : !decisive;
}

/** The condition under which a rule drops, in words that `rule()` reads and SQL too. */
export const conditionText = (rule: Rule, number: (n: number) => string = String): string =>
  textOf(rule.when ?? rule, number, false);

function textOf(c: Condition, number: (n: number) => string, inner: boolean): string {
  if ('column' in c) return `${c.column} ${c.comparison} ${number(c.threshold)}`;
  if ('not' in c) return `not (${textOf(c.not, number, false)})`;
  const parts = 'all' in c ? c.all : c.any;
  const text = parts.map((p) => textOf(p, number, true)).join('all' in c ? ' and ' : ' or ');
  return inner ? `(${text})` : text;
}

/**
 * A rule with the threshold of one of its comparisons changed. `at` counts from 0 in the order in which they are
 * written.
 */
export function withThreshold(rule: Rule, at: number, threshold: number): Rule {
  if (rule.when === undefined) return { ...rule, threshold };
  let seen = 0;
  const change = (c: Condition): Condition => {
    if ('column' in c) return seen++ === at ? { ...c, threshold } : c;
    if ('not' in c) return { not: change(c.not) };
    return 'all' in c ? { all: c.all.map(change) } : { any: c.any.map(change) };
  };
  const when = change(rule.when);
  return { ...rule, when, threshold: leaves(when)[0].threshold };
}

/** Names by which the thresholds of a rule are set: its option, and `option_2`, `option_3` for further comparisons. */
export const optionsOfRule = (rule: Rule): readonly string[] =>
  leavesOf(rule).map((_, k) => (k === 0 ? rule.option : `${rule.option}_${k + 1}`));
