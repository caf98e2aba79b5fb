import type { InputFormat } from './format.ts';

/**
 * WARC (ISO 28500) and WET: web pages as a crawler kept them, or their text. A part is a run of gzip members, zstd
 * frames or records.
 */
export const warc: InputFormat = {
  name: 'warc',
  extensions: ['warc', 'wet'],
  packed: true,
  ranges: 'records',
  cut: async (file, cutting) => (await import('./warc/cut.ts')).betweenRecords(file, cutting),
  fields: async (file, window) => (await import('./warc/fields.ts')).warcFields(file, window),
  reader: async () => (await import('./warc/read.ts')).readWarc,
};
