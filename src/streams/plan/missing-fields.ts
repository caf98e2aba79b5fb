import { existsSync } from 'node:fs';
import { nearestName } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import { fieldsOf } from '../formats/fields-of.ts';
import type { FieldSeen } from '../formats/format.ts';
import type { ReadOptions } from '../inputs/read-options.ts';
import type { PlannedFile } from './splits.ts';

/** Files whose fields are looked at. */
const FILES = 4;
const METADATA = 'metadata.';

/** A field that an option names. */
export interface NamedField {
  readonly field: string;
  readonly option: string;
}

/**
 * Fields that an option names and no record at the start of the first files has, a sentence each, with the nearest that
 * exists: the field of the text, of the id, of the domain, and others. Defaults that need not be there (`id`, `domain`)
 * are not missed.
 * @param metadata fields of the metadata that options name, without `metadata.`
 */
export async function missingFields(
  files: AsyncIterable<PlannedFile> | Iterable<PlannedFile>,
  read: ReadOptions,
  metadata: readonly NamedField[],
): Promise<string[]> {
  const structured: PlannedFile[] = [];
  for await (const file of files) {
    // After a run, the copy of a pipe is gone, and the user may have moved the input: then there is nothing to note.
    if (!isUrl(file.absolutePath) && !existsSync(file.absolutePath)) return [];
    if (file.format !== 'text' && file.size > 0) structured.push(file);
    if (structured.length === FILES) break;
  }
  const seen: FieldSeen[] = [];
  for (const file of structured) {
    const found = await fieldsOf(file);
    // A file of whose fields nothing is known may have them all.
    if (found === null || found.fields.length === 0) return [];
    seen.push(...found.fields);
  }
  if (seen.length === 0) return [];
  const names = new Set(seen.map((f) => f.name));
  const leftOut = ({ field }: NamedField): boolean =>
    read.columns !== undefined && !read.columns.includes(field.split('.')[0]);
  const inMetadata = new Set([...names].map((name) => name.replace(/^metadata\./, '')));
  return [
    ...namedFields(read).flatMap(({ field, option }) => {
      if (isThere(field, names)) return [];
      const likely = field === read.textField ? likelyTextField(seen) : null;
      return [sentence(field, option, nearestName(field, names) ?? likely, names)];
    }),
    ...metadata.filter(leftOut).map(({ field, option }) => `${METADATA}${field} (${option}) is left out by --columns.`),
    ...metadata.flatMap(({ field, option }) =>
      isThere(field, inMetadata)
        ? []
        : [sentence(METADATA + field, option, nearestName(field, inMetadata), inMetadata)],
    ),
  ];
}

/** The field of the metadata that an option such as `metadata.source` names; none for `text`. */
export const metadataField = (value: string, option: string): NamedField[] =>
  value.startsWith(METADATA) ? [{ field: value.slice(METADATA.length), option }] : [];

/** The field that most likely holds the text: strings in most records, the longest on average. */
export function likelyTextField(fields: readonly FieldSeen[]): string | null {
  const strings = fields.filter((f) => f.meanLength > 20 && (f.share === null || f.share > 0.5));
  return strings.sort((a, b) => b.meanLength - a.meanLength)[0]?.name ?? null;
}

function namedFields({ textField, idField, domainFrom }: ReadOptions): NamedField[] {
  const fields: NamedField[] = [{ field: textField, option: '--text-field' }];
  if (idField !== 'id') fields.push({ field: idField, option: '--id-field' });
  if (domainFrom.startsWith('field:'))
    fields.push({ field: domainFrom.slice('field:'.length), option: '--domain-from' });
  return fields;
}

/** Whether a path is a field, or leads to or through one; below what is known of objects and lists anything may be. */
function isThere(path: string, names: ReadonlySet<string>): boolean {
  const own = path.replace(NUMBER, '.0');
  if (names.has(own)) return true;
  const within = (outer: string): boolean => [...names].some((name) => name.startsWith(`${outer}.`));
  if (within(own)) return true;
  const parts = own.split('.');
  return parts.some((_, i) => {
    const outer = parts.slice(0, i).join('.');
    return names.has(outer) && !within(outer);
  });
}

/** Numbers of items in a path. */
const NUMBER = /\.\d+(?=\.|$)/g;

function sentence(field: string, option: string, near: string | null, names: ReadonlySet<string>): string {
  const listed = [...names].slice(0, 8).join(', ');
  const fix = near === null ? `Fields: ${listed}${names.size > 8 ? ', ...' : ''}` : `Did you mean ${near}?`;
  return `No record at the start of the input has the field ${field} (${option}). ${fix}`;
}
