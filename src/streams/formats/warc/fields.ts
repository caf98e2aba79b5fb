import type { FileWindow } from '../../codecs/window.ts';
import type { PlannedFile } from '../../plan/splits.ts';
import type { FileFields } from '../format.ts';

/** Members of the metadata of a page, in their order. */
export const WARC_FIELDS = [
  'url',
  'date',
  'warc_type',
  'content_type',
  'http_status',
  'charset',
  'replaced',
  'digest',
  'language',
  'truncated',
] as const;
export type WarcField = (typeof WARC_FIELDS)[number];

/** Fields of every page: its text, its id, and in the metadata what its record tells. */
export async function warcFields(_file: PlannedFile, _window: FileWindow): Promise<FileFields> {
  const fields = ['text', 'id', ...WARC_FIELDS].map((name) => ({
    name,
    types: [name === 'http_status' || name === 'replaced' ? 'number' : 'string'],
    share: null,
    meanLength: 0,
  }));
  return { fields, rows: null };
}
