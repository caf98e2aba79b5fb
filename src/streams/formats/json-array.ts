import type { InputFormat } from './format.ts';
import { jsonArrayFields } from './json-fields.ts';
import { inOneGo } from './line-parts.ts';

/** A JSON array of objects, pretty or on one line; also one array after the other. Read in one go. */
export const json: InputFormat = {
  name: 'json',
  extensions: [],
  packed: true,
  ranges: 'whole',
  cut: inOneGo,
  fields: jsonArrayFields,
  reader: async () => (await import('./read-json-array.ts')).readJsonArray,
};
