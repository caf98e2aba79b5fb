import { csvFields } from './csv-fields.ts';
import type { InputFormat } from './format.ts';
import { inOneGo } from './line-parts.ts';

/**
 * Tables of text: a header line, quotes by RFC 4180; fields end with a comma, with a tab in .tsv and .tab, or as
 * `dialectOf` finds.
 */
export const csv: InputFormat = {
  name: 'csv',
  extensions: ['csv', 'tsv', 'tab'],
  packed: true,
  ranges: 'whole',
  cut: inOneGo,
  fields: csvFields,
  reader: async () => (await import('./read-csv.ts')).readCsv,
};
