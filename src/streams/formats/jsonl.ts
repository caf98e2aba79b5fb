import { linesAreBytes } from '../codecs/encodings.ts';
import type { InputFormat } from './format.ts';
import { jsonLinesFields } from './json-fields.ts';
import { betweenLines, inOneGo } from './line-parts.ts';
import { readJsonl } from './read-jsonl.ts';

/** JSON Lines: one object a line. A part is a run of lines. */
export const jsonl: InputFormat = {
  name: 'jsonl',
  extensions: ['jsonl', 'ndjson', 'jsonlines'],
  packed: true,
  ranges: 'lines',
  cut: (file, cutting) => (linesAreBytes(file.encoding) ? betweenLines : inOneGo)(file, cutting),
  fields: jsonLinesFields,
  reader: async () => readJsonl,
};
