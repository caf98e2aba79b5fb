import type * as z from 'zod';
import { ConfigError, nearestName } from './errors.ts';

type Issue = z.core.$ZodIssue;

/**
 * Options checked by a strict schema, defaults filled in. Errors: ConfigError for a wrong value or an unknown key
 * (naming the nearest one), in plain words; `where` is what was called, `gopherQuality()` or `recipe web`.
 */
export function parseOptions<T extends z.ZodObject>(schema: T, value: unknown, where: string): z.output<T> {
  // Options are parsed once: to compile a parser for that, as zod does, takes longer.
  const parsed = schema.safeParse(value ?? {}, { jitless: true });
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  // A misspelt key may also leave the right one missing: the misspelling says more.
  const issue = issues.find((i) => i.code === 'unrecognized_keys') ?? issues[0];
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    const near = nearestName(issue.keys[0], known);
    throw new ConfigError({
      expected: known.length > 0 ? `only ${known.join(', ')}` : 'no options',
      got: `the option ${issue.keys.join(', ')}`,
      where: path ? `${where} at ${path}` : where,
      fix: near ? `Did you mean ${near}?` : undefined,
      cause: parsed.error,
    });
  }
  const found = issue.path.reduce((v: unknown, key) => Object(v)[key], value);
  throw new ConfigError({
    expected: `${path || 'options'}: ${expectedBy(issue)}`,
    got: path === '' ? kindOf(value) : shown(found),
    where,
    cause: parsed.error,
  });
}

/** Keys that a schema knows at a path. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ('innerType' in def) return keysAt(def.innerType, path);
  if (def.type === 'object') {
    if (path.length === 0) return Object.keys(def.shape);
    const inner = def.shape[path[0] as string];
    return inner ? keysAt(inner, path.slice(1)) : [];
  }
  if (def.type === 'array' && path.length > 0) return keysAt(def.element, path.slice(1));
  if (def.type === 'record' && path.length > 0) return keysAt(def.valueType, path.slice(1));
  return [];
}

const TYPES: { readonly [type: string]: string } = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object with options',
  record: 'an object',
  function: 'a function',
};

/** What an issue asks for, in words; a message that the schema gives itself stands as it is. */
function expectedBy(issue: Issue): string {
  if (!/^(Invalid|Too|Unrecognized)\b/.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1 ? text(issue.values[0]) : `one of ${issue.values.map(text).join(', ')}`;
    case 'too_small':
      return boundOf(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return boundOf(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'invalid_union':
      return [...new Set(issue.errors.flatMap((errors) => errors.slice(0, 1).map(expectedBy)))].join(', or ');
    default:
      return issue.message;
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : String(value));

function boundOf(origin: string, than: string, bound: number | bigint): string {
  if (origin !== 'string' && origin !== 'array' && origin !== 'set') return `${than} ${bound}`;
  const things = origin === 'string' ? 'characters' : 'entries';
  if (than === 'at least' && Number(bound) === 1)
    return origin === 'string' ? 'a text that is not empty' : 'a list that is not empty';
  return `${origin === 'string' ? 'a text' : 'a list'} of ${than} ${bound} ${things}`;
}

const kindOf = (value: unknown): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'string'
        ? JSON.stringify(value)
        : typeof value;

const LONGEST = 80;

/** A value as it was given, in a line. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function';
  if (typeof value !== 'object' && typeof value !== 'string') return String(value);
  const line = JSON.stringify(value);
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}...` : line;
}
