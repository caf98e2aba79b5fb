import type * as z from 'zod';
import { ConfigError, nearestName } from '../errors.ts';
import type { Json } from '../streams/operator.ts';

/**
 * The key that `--set step.option` means: as it is, or snake_case for camelCase. Errors: ConfigError for an unknown
 * one, with those there are.
 */
export function optionKey(keys: readonly string[], step: string, option: string): string {
  const camel = option.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
  const found = [option, camel].find((k) => keys.includes(k));
  if (found !== undefined) return found;
  throw noOption(keys, step, option);
}

/** The error for an option that a step does not have. */
export function noOption(keys: readonly string[], step: string, option: string): ConfigError {
  const near = nearestName(option, keys);
  return new ConfigError({
    expected: keys.length > 0 ? `an option of step ${step} (${keys.join(', ')})` : `no option: step ${step} has none`,
    got: option,
    where: `--set ${step}.${option}`,
    fix: near ? `Did you mean ${near}?` : undefined,
  });
}

/** A value as the option takes it: on the command line a list is one word with commas. */
export function settingOf(schema: z.core.$ZodType, value: Json): Json {
  return typeof value === 'string' && isList(schema) ? value.split(',').filter(Boolean) : value;
}

function isList(schema: z.core.$ZodType): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ('innerType' in def) return isList(def.innerType);
  return def.type === 'array';
}
