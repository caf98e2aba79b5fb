import * as z from 'zod';
import { ConfigError, nearestName } from '../errors.ts';
import { parseOptions } from '../options.ts';
import type { Comparison, Rule } from '../streams/batch/outcome.ts';
import type { Json, Operator, Scope } from '../streams/operator.ts';
import { operatorOf, stepDescriptor, stepOptions } from './operator.ts';

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
});

const dropArguments = z.object({ step: z.string().min(1), rules: z.array(ruleSchema) });

const ruleOptions = z.strictObject({
  name: z.string().min(1).optional(),
  onNull: z.enum(['pass', 'drop']).optional(),
  option: z.string().min(1).optional(),
  version: z.int().optional(),
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
  const descriptor = stepDescriptor({
    step,
    stage: 'drop',
    versions: rules.map((r) => `${r.name}@${r.version}`),
    effects: { drops: 'thresholds' },
    options: { allowStale, ...Object.fromEntries(rules.map((r) => [r.option, r.threshold])) },
    where,
    reads: [...new Set(rules.map((r) => r.column))],
    rules,
  });
  const set = (option: string, value: Json): Operator => {
    const index = rules.findIndex((r) => r.option === option || r.name === option);
    if (index < 0 || typeof value !== 'number' || !Number.isFinite(value)) {
      const near = nearestName(
        option,
        rules.map((r) => r.option),
      );
      throw new ConfigError({
        expected: index < 0 ? `a threshold of step ${step} (${rules.map((r) => r.option).join(', ')})` : 'a number',
        got: index < 0 ? option : String(value),
        where: `--set ${step}.${option}`,
        fix: index < 0 && near ? `Did you mean ${near}?` : undefined,
      });
    }
    return drop(
      step,
      rules.map((r, i) => (i === index ? { ...r, threshold: value } : r)),
      { where, allowStale },
    );
  };
  return operatorOf(descriptor, set);
}

/**
 * A rule from words: `rule('text_max_line_length > 2000')`.
 * @param condition `column comparison number`; the document is DROPPED when it holds.
 * @param options name (default: made of the condition), onNull (default pass), option name for --set (default: the
 *   rule's name)
 */
export function rule(condition: string, given: z.input<typeof ruleOptions> = {}): Rule {
  const options = parseOptions(ruleOptions, given, 'rule()');
  const match = /^\s*([a-z][a-z0-9_]{0,100})\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*$/.exec(condition);
  if (!match)
    throw new ConfigError({
      expected: '`column < number` (or <=, >, >=, ==, !=)',
      got: typeof condition === 'string' ? `'${condition}'` : String(condition),
      where: 'rule()',
    });
  const [, column, comparison, number] = match;
  const words: Record<Comparison, string> = {
    '<': 'below',
    '<=': 'at_most',
    '>': 'above',
    '>=': 'at_least',
    '==': 'equals',
    '!=': 'differs',
  };
  const name = options.name ?? `${column}_${words[comparison as Comparison]}`;
  return {
    name,
    version: options.version ?? 1,
    column,
    comparison: comparison as Comparison,
    threshold: Number(number),
    onNull: options.onNull ?? 'pass',
    option: options.option ?? name,
  };
}
