import { readFileSync } from 'node:fs';
import { InputError } from '../../errors.ts';

/** The fields of a JSON object, each checked when it is read. null counts as absent. */
export interface JsonFields {
  readonly where: string;
  /** Of all fields, those that are null too. */
  readonly names: readonly string[];
  has(name: string): boolean;
  number(name: string, fallback?: number): number;
  boolean(name: string, fallback: boolean): boolean;
  text(name: string, fallback?: string): string;
  /** A number, or the first of a list of numbers; null when absent. */
  first(name: string): number | null;
  /** As it stands there, not checked. */
  value(name: string): unknown;
  /** null when absent. */
  object(name: string): JsonFields | null;
}

export function jsonFields(value: unknown, where: string): JsonFields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InputError({ expected: 'a JSON object', got: JSON.stringify(value)?.slice(0, 40) ?? 'nothing', where });
  const fields = value as Readonly<Record<string, unknown>>;
  const read = <T>(name: string, kind: string, is: (v: unknown) => v is T, fallback?: T): T => {
    const found = fields[name] ?? fallback;
    if (is(found)) return found;
    const got = found === undefined ? 'nothing' : JSON.stringify(found);
    throw new InputError({ expected: `${kind} for ${name}`, got, where });
  };
  return {
    where,
    names: Object.keys(fields),
    has: (name) => fields[name] !== undefined && fields[name] !== null,
    number: (name, fallback) => read(name, 'a number', (v) => typeof v === 'number', fallback),
    boolean: (name, fallback) => read(name, 'true or false', (v) => typeof v === 'boolean', fallback),
    text: (name, fallback) => read(name, 'a text', (v) => typeof v === 'string', fallback),
    first: (name) => {
      const value = Array.isArray(fields[name]) ? fields[name][0] : fields[name];
      return value == null ? null : jsonFields({ [name]: value }, where).number(name);
    },
    value: (name) => fields[name],
    object: (name) => (fields[name] == null ? null : jsonFields(fields[name], `${where}, ${name}`)),
  };
}

/** A small JSON file. */
export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const cause = error as NodeJS.ErrnoException;
    throw new InputError({ expected: 'a JSON file', got: cause.code ?? cause.message, where: path, cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InputError({ expected: 'JSON', got: (cause as Error).message, where: path, cause });
  }
}
