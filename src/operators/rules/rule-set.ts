import * as z from 'zod';
import { parseOptions } from '../../options.ts';
import type { Comparison, Rule } from '../../streams/batch/outcome.ts';
import { ofName } from '../annotators/of.ts';
import { columnOf, type Of } from '../annotators/part-columns.ts';

/** One rule of a set as data. The document is dropped when `column comparison threshold` holds. */
export interface RuleRow<O extends string = string> {
  /** Name in the ledger. */
  readonly name: string;
  /** Option that sets the threshold, camelCase here and snake_case in `--set`. */
  readonly option: O;
  readonly column: string;
  readonly comparison: Comparison;
  readonly threshold: number;
  /** Default `pass`. */
  readonly onNull?: 'pass' | 'drop';
  /** Default 1. */
  readonly version?: number;
}

/** What the rules of a set judge: `prose` reads the columns of annotators with `of: 'prose'`. Default `text`. */
export interface JudgedPart {
  readonly of?: Of;
}

/** Thresholds of a set: a number changes one, null leaves the rule out. */
export type Thresholds<O extends string> = { readonly [option in O]?: number | null };

/**
 * The rules of a table, in its order, with some thresholds changed.
 * Errors: ConfigError for an unknown option or a threshold that is no finite number.
 */
export function ruleSet<O extends string>(
  where: string,
  rows: readonly RuleRow<O>[],
  given: Thresholds<O> & JudgedPart = {},
): Rule[] {
  const { of: part, ...thresholds } = given;
  const { of } = parseOptions(z.object({ of: ofName.default('text') }), { of: part }, where);
  const schema = z.strictObject(
    Object.fromEntries(rows.map((r) => [r.option, z.number().nullable().default(r.threshold)])),
  );
  const chosen = parseOptions(schema, thresholds, where);
  return rows.flatMap(({ name, option, column, comparison, onNull = 'pass', version = 1 }) => {
    const threshold = chosen[option];
    if (threshold === null) return [];
    return [{ name, version, column: columnOf(of, column), comparison, threshold, onNull, option: snakeCase(option) }];
  });
}

/**
 * The rules of one profile of a set, `sluice` unless told otherwise.
 * Errors: as `ruleSet`, and ConfigError for another profile.
 */
export function profileRuleSet<O extends string, P extends string>(
  where: string,
  profiles: { readonly [profile in P]: readonly RuleRow<O>[] },
  { profile, ...thresholds }: Thresholds<O> & JudgedPart & { readonly profile?: P },
): Rule[] {
  const name = z.object({ profile: z.enum(Object.keys(profiles)).default('sluice') });
  const chosen = parseOptions(name, { profile }, where).profile as P;
  return ruleSet(where, profiles[chosen], thresholds as unknown as Thresholds<O> & JudgedPart);
}

const snakeCase = (camel: string): string => camel.replace(/[A-Z]|\d+/g, (c) => `_${c.toLowerCase()}`);
