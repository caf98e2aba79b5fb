import type { InputFormat } from './format.ts';
import { inOneGo } from './line-parts.ts';
import { readText } from './read-text.ts';

/** Plain UTF-8 text: a file is one document. */
export const text: InputFormat = {
  name: 'text',
  extensions: [],
  packed: true,
  ranges: 'whole',
  cut: inOneGo,
  reader: async () => (file, _range, window, context) => readText(file, window, context),
};
