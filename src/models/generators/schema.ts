import type { JsonSchema } from './generator.ts';

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: (v) => typeof v === 'object' && v !== null && !Array.isArray(v),
  array: Array.isArray,
  string: (v) => typeof v === 'string',
  number: (v) => typeof v === 'number',
  integer: Number.isInteger,
  boolean: (v) => typeof v === 'boolean',
  null: (v) => v === null,
};

/**
 * Whether a text is JSON of a schema: types, required members, items and enums, which is what the operators here ask
 * for. Other keywords are left to the server.
 */
export function fitsSchema(text: string, schema: JsonSchema): boolean {
  try {
    return fits(JSON.parse(text), schema);
  } catch {
    // Half a JSON, or none.
    return false;
  }
}

function fits(value: unknown, schema: JsonSchema): boolean {
  const { type, properties, required, items } = schema;
  if (typeof type === 'string' && TYPES[type] && !TYPES[type](value)) return false;
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) return false;
  if (Array.isArray(value)) return items === undefined || value.every((v) => fits(v, items as JsonSchema));
  if (typeof value !== 'object' || value === null) return true;
  const members = value as Record<string, unknown>;
  if (Array.isArray(required) && !required.every((name) => Object.hasOwn(members, name as string))) return false;
  return Object.entries((properties ?? {}) as Record<string, JsonSchema>).every(
    ([name, own]) => !Object.hasOwn(members, name) || fits(members[name], own),
  );
}
