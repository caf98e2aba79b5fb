import type * as z from 'zod';
import { ConfigError, nearestName } from './errors.ts';

/**
 * Options checked by a strict schema, defaults filled in. Errors: ConfigError for a wrong value or an unknown key
 * (naming the nearest one); `where` is the function called, `gopherQuality()`.
 */
export function parseOptions<T extends z.ZodObject>(schema: T, value: unknown, where: string): z.output<T> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const keys = Object.keys(schema.shape);
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    const near = nearestName(issue.keys[0], keys);
    const fix = near ? `Did you mean ${near}?` : undefined;
    throw new ConfigError({ expected: `only ${keys.join(', ')}`, got: `the option ${issue.keys[0]}`, where, fix });
  }
  const path = issue.path.map(String).join('.');
  const found = issue.path.reduce((v: unknown, key) => (v as { [key: PropertyKey]: unknown })[key], value);
  const got = path === '' ? typeof value : typeof found === 'number' ? `${found}` : JSON.stringify(found);
  throw new ConfigError({ expected: `${path || 'options'}: ${issue.message}`, got, where, cause: parsed.error });
}
