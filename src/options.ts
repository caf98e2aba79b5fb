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
  const { expected, got } = issueInWords(issue, value);
  throw new ConfigError({ expected: `${path || 'options'}: ${expected}`, got, where, cause: parsed.error });
}

/** The first thing that a schema found wrong with `value`, in words: `a number of at least 16777216`, `10`. */
export function issueInWords(issue: z.core.$ZodIssue, value: unknown): { expected: string; got: string } {
  const found = issue.path.reduce(
    (v: unknown, key) => (v as { [key: PropertyKey]: unknown } | undefined)?.[key],
    value,
  );
  const got = typeof found === 'object' && found !== null && issue.path.length === 0 ? 'an object' : shown(found);
  switch (issue.code) {
    case 'too_small':
      return { expected: bound(issue.origin, issue.inclusive === false ? 'above' : 'of at least', issue.minimum), got };
    case 'too_big':
      return { expected: bound(issue.origin, issue.inclusive === false ? 'below' : 'of at most', issue.maximum), got };
    default:
      return { expected: issue.message, got };
  }
}

function bound(origin: string, word: string, limit: number | bigint): string {
  if (origin === 'array' || origin === 'set') return `a list ${word} ${limit} entries`;
  if (origin === 'string') return `a text ${word} ${limit} characters`;
  return `a number ${word} ${limit}`;
}

const shown = (v: unknown): string =>
  v === undefined
    ? 'nothing'
    : typeof v === 'number' || typeof v === 'bigint'
      ? `${v}`
      : (JSON.stringify(v) ?? typeof v);
