import { ConfigError, nearestName } from '../../errors.ts';
import { optionsOfRule } from '../../streams/batch/condition.ts';
import type { Rule } from '../../streams/batch/outcome.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { isMovable, type Plan } from './plan.ts';
import type { Change } from './prepared.ts';

const EXAMPLE = 'For example --set gopher_quality.min_words=30';

/**
 * What `--set step.option=value` means for the rules of a plan: a number moves the threshold, `null` or `false` leaves
 * the rule out. Errors: ConfigError for a step or option that there is none of, and for one that is no threshold.
 */
export function changesOf(plan: Plan, settings: readonly string[]): Change[] {
  return settings.flatMap((setting) => {
    const match = /^([a-z0-9_+.-]+)\.([a-zA-Z0-9_]+)=(.*)$/s.exec(setting);
    if (!match)
      throw new ConfigError({ expected: 'step.option=value', got: `'${setting}'`, where: '--set', fix: EXAMPLE });
    const [, name, option, raw] = match;
    const step = stepCalled(plan, name);
    const own = isMovable(step) ? step.rules : [];
    const rules = own.filter((r) => [snake(option), option].some((o) => named(r, o)));
    if (rules.length === 0) throw notAThreshold(step, option);
    const off = raw === 'null' || raw === 'false';
    const isSwitch = rules.some((r) => typeof step.options[camel(r.option)] === 'boolean');
    const threshold = raw === '' ? Number.NaN : Number(raw);
    // `true` leaves a switch on, as it is: where it was off there is no such rule.
    if (isSwitch && raw === 'true') return [];
    if (!off && (isSwitch || !Number.isFinite(threshold)))
      throw new ConfigError({
        expected: isSwitch ? 'true or false' : 'a number, or null for no such rule',
        got: `'${raw}'`,
        where: `--set ${name}.${option}`,
      });
    return rules.map((r) => {
      const comparison = Math.max(0, optionsOfRule(r).indexOf(option));
      return {
        step: step.step,
        rule: r.name,
        threshold: off ? null : threshold,
        ...(comparison > 0 && { comparison }),
      };
    });
  });
}

const named = (r: Rule, option: string): boolean => r.name === option || optionsOfRule(r).includes(option);

const snake = (option: string): string => option.replace(/[A-Z]|\d+/g, (c) => `_${c.toLowerCase()}`);
const camel = (option: string): string => option.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

function stepCalled(plan: Plan, name: string): StepDescriptor {
  const found = plan.steps.find((s) => s.step === name);
  if (found) return found;
  const names = plan.steps.map((s) => s.step);
  const near = nearestName(name, names);
  throw new ConfigError({
    expected: `a step of the run (${names.join(', ')})`,
    got: name,
    where: '--set',
    fix: near ? `Did you mean ${near}?` : undefined,
  });
}

function notAThreshold(step: StepDescriptor, option: string): ConfigError {
  const options = isMovable(step) ? step.rules.flatMap(optionsOfRule) : [];
  const near = nearestName(option, options);
  return new ConfigError({
    expected:
      options.length > 0
        ? `a threshold of step ${step.step} (${options.join(', ')})`
        : `a step whose decisions are thresholds on columns in the ledger; ${step.step} has none`,
    got: option,
    where: `--set ${step.step}.${option}`,
    fix: near
      ? `Did you mean ${near}?`
      : 'If the step has that option, what it changes cannot be read off the ledger: run with that --set and --recut.',
  });
}
