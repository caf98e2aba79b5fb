import * as z from 'zod';
import { ConfigError, nearestName } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { columnsOfRule, leavesOf, optionsOfRule, withThreshold } from '../streams/batch/condition.ts';
import type { Condition, Rule } from '../streams/batch/outcome.ts';
import type { Json, Operator, Scope } from '../streams/operator.ts';
import { operatorOf, stepDescriptor, stepOptions } from './operator.ts';
import { conditionFrom, nameOf } from './rule-words.ts';

export interface DropOptions {
  readonly where?: Scope;
  /** Judge by annotations of an older version of the text (before a rewrite). Default false: that is an error. */
  readonly allowStale?: boolean;
}

const dropOptions = z.strictObject({ where: stepOptions.shape.where, allowStale: z.boolean().default(false) });

const ruleSchema = z.strictObject({
  name: z.string().min(1),
  version: z.int(),
  column: z.string().min(1),
  comparison: z.enum(['<', '<=', '>', '>=', '==', '!=']),
  threshold: z.number(),
  onNull: z.enum(['pass', 'drop']),
  option: z.string().min(1),
  when: z.custom<Condition>((v) => typeof v === 'object' && v !== null, 'a condition as rule() makes it').optional(),
  shadow: z.literal(true).optional(),
});

const dropArguments = z.object({ step: z.string().min(1), rules: z.array(ruleSchema) });

const ruleOptions = z.strictObject({
  name: z.string().min(1).optional(),
  onNull: z.enum(['pass', 'drop']).optional(),
  option: z.string().min(1).optional(),
  version: z.int().optional(),
  shadow: z.boolean().optional(),
});

/**
 * Drops documents whose columns break a rule. `rule` in the ledger is the first that fails in the order given, `failed`
 * are all of this step. A null passes unless the rule says `onNull: 'drop'`, and is counted. Reads: the columns of the
 * rules. Errors: ConfigError for no rules or two of one name.
 */
export function drop(step: string, rules: readonly Rule[], options: DropOptions = {}): Operator {
  const { where, allowStale } = parseOptions(dropOptions, options, `drop ${step}`);
  parseOptions(dropArguments, { step, rules }, 'drop()');
  const names = rules.map((r) => r.name);
  if (rules.length === 0 || new Set(names).size !== names.length) {
    throw new ConfigError({
      expected: 'at least one rule, each with its own name',
      got: names.join(', ') || 'none',
      where: `drop ${step}`,
    });
  }
  return dropStep(step, rules, { where, allowStale });
}

/** The step of `drop()`, also of no rules: where settings have left the last one out. */
function dropStep(step: string, rules: readonly Rule[], { where, allowStale }: z.output<typeof dropOptions>): Operator {
  const descriptor = stepDescriptor({
    step,
    stage: 'drop',
    versions: rules.map((r) => `${r.name}@${r.version}`),
    effects: { drops: 'thresholds' },
    options: { allowStale, ...Object.fromEntries(rules.flatMap(thresholdsOf)) },
    where,
    reads: [...new Set(rules.flatMap(columnsOfRule))],
    rules,
  });
  const set = (option: string, value: Json): Operator => {
    const options = rules.flatMap((r, index) => optionsOfRule(r).map((name, at) => ({ name, index, at })));
    const found =
      options.find((o) => o.name === option) ?? options.find((o) => o.at === 0 && rules[o.index].name === option);
    if (found?.at === 0 && (value === null || value === false))
      return dropStep(step, rules.toSpliced(found.index, 1), { where, allowStale });
    if (found === undefined || typeof value !== 'number' || !Number.isFinite(value)) {
      const names = options.map((o) => o.name);
      const near = nearestName(option, names);
      throw new ConfigError({
        expected:
          found === undefined
            ? `a threshold of step ${step} (${names.join(', ')})`
            : found.at > 0
              ? 'a number'
              : 'a number, or null for no such rule',
        got: found === undefined ? option : String(value),
        where: `--set ${step}.${option}`,
        fix: found === undefined && near ? `Did you mean ${near}?` : undefined,
      });
    }
    const changed = withThreshold(rules[found.index], found.at, value);
    return dropStep(step, rules.with(found.index, changed), { where, allowStale });
  };
  return operatorOf(descriptor, set);
}

const thresholdsOf = (r: Rule): [string, number][] =>
  optionsOfRule(r).map((name, at) => [name, leavesOf(r)[at].threshold]);

/**
 * A rule from words: `rule('text_max_line_length > 2000')`, `rule('text_chars < 200 and not (text_lines > 3)')`.
 * @param condition comparisons of a column with a number, with `and`, `or`, `not` and parentheses; the document is
 *   DROPPED when it holds. A null is neither true nor false, as in SQL. `value` in the ledger is that of the first
 *   comparison that holds; the first is the rule's `threshold`, further ones are set as `option_2`, `option_3`.
 * @param options name (default: made of the condition), onNull (default pass), option name for --set (default: the
 *   rule's name), shadow (default false)
 */
export function rule(condition: string, given: z.input<typeof ruleOptions> = {}): Rule {
  const options = parseOptions(ruleOptions, given, 'rule()');
  const when = conditionFrom(condition);
  const name = options.name ?? nameOf(when);
  const made: Rule = {
    name,
    version: options.version ?? 1,
    ...('column' in when ? when : { column: '', comparison: '<', threshold: 0, when }),
    onNull: options.onNull ?? 'pass',
    option: options.option ?? name,
    ...(options.shadow && { shadow: true }),
  };
  const [{ column, comparison, threshold }] = leavesOf(made);
  return { ...made, column, comparison, threshold };
}

/**
 * Rules that judge and never drop: counted beside the others in the summary, in the ledger's columns and in the view
 * `shadow_rules` of `sluice sql`. For trying a rule on a run that goes on without it.
 */
export const shadow = (rules: readonly Rule[]): Rule[] => rules.map((r) => ({ ...r, shadow: true }));
