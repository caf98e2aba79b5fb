import { ConfigError, nearestName } from '../../errors.ts';
import type { ColumnSpec } from '../../streams/batch/columns.ts';
import type { ParquetOptions } from '../options.ts';
import type { TableBatch, TableColumn } from '../table.ts';

/** Written to be read often, by anything: snappy. */
export const INDEX_OPTIONS: ParquetOptions = { compression: 'snappy', level: 1, columns: null };

/** The document and its position in the input. */
const DOCUMENT = ['file', 'block', 'offset', 'row', 'id', 'domain'] as const;

/** Names and types of the index of a token store, in order. */
export const indexSchema = (annotations: readonly ColumnSpec[], chosen: readonly string[]): ColumnSpec[] => [
  { name: 'file', type: 'utf8' },
  { name: 'block', type: 'int64' },
  { name: 'offset', type: 'int64' },
  { name: 'row', type: 'uint32' },
  { name: 'id', type: 'utf8' },
  { name: 'domain', type: 'utf8' },
  ...annotations.filter((a) => chosen.includes(a.name)),
  { name: 'begin', type: 'uint32' },
  { name: 'length', type: 'uint32' },
];

/** Columns of the index but those of the tokens. Errors: ConfigError for a column that there is not. */
export function indexColumns(batch: TableBatch, chosen: readonly string[], where: string): [string, TableColumn][] {
  return [...DOCUMENT, ...chosen].map((name) => {
    const column = batch.columns.get(name);
    if (column) return [name, column];
    const near = nearestName(name, batch.columns.keys());
    throw new ConfigError({
      expected: `a column of the documents (${[...batch.columns.keys()].join(', ')})`,
      got: name,
      where: `${where}, option columns of tokens()`,
      fix: near ? `Did you mean ${near}?` : undefined,
    });
  });
}
