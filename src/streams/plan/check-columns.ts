import { ConfigError, nearestName } from '../../errors.ts';
import { fieldsOf } from '../formats/fields-of.ts';
import type { PlannedFile } from './splits.ts';

/** Files that are looked into, spread over the input. */
const FILES = 64;
const LISTED = 12;

/**
 * Refuses a name that no column has, with the nearest that exists. Of JSON lines only the beginning is known: there a
 * name that is like no other is a note, for the field may come later.
 * @param columns as asked for; names in the metadata
 */
export async function checkColumns(
  files: readonly PlannedFile[],
  columns: readonly string[],
): Promise<readonly string[]> {
  const structured = files.filter((f) => f.format !== 'text' && f.size > 0);
  const step = Math.max(1, structured.length / FILES);
  const names = new Set<string>();
  const missing = new Set(columns);
  let open = structured.length === 0;
  for (let i = 0; i < structured.length && missing.size > 0; i = Math.ceil(i + step)) {
    const file = structured[i];
    const found = await fieldsOf(file);
    if (found === null) open = true;
    for (const { name, types } of found?.fields ?? []) {
      const [first, ...rest] = name.split('.');
      const own = first === 'metadata' && rest.length > 0 ? rest : [first];
      names.add(own[0]);
      for (const known of [name, own[0], own.join('.')]) missing.delete(known);
      // Its members are known when its values are read.
      if (name === 'metadata' && !types.includes('object')) open = true;
    }
    if (file.format === 'jsonl' || file.format === 'json') open = true;
  }
  names.delete('metadata');
  const notes: string[] = [];
  for (const name of missing) {
    const near = nearestName(
      name,
      [...names].filter((n) => !columns.includes(n)),
    );
    const listed = [...names].slice(0, LISTED).join(', ') + (names.size > LISTED ? ', ...' : '');
    if (open && near === null) {
      notes.push(`no record at the start of the input has the field ${name} (--columns)`);
      continue;
    }
    throw new ConfigError({
      expected: 'a column or metadata field of the input',
      got: name,
      where: '--columns',
      fix: near === null ? `There are ${listed || 'none'}.` : `Did you mean ${near}?`,
    });
  }
  return notes;
}
