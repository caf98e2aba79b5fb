/** Types of DuckDB, by those of our tables. */
export const DUCK_TYPES: Readonly<Record<string, string>> = {
  utf8: 'VARCHAR',
  int32: 'INTEGER',
  uint32: 'UINTEGER',
  int64: 'BIGINT',
  float64: 'DOUBLE',
  'list<utf8>': 'VARCHAR[]',
  'list<struct<start int32, end int32, rule utf8>>': 'STRUCT("start" INTEGER, "end" INTEGER, "rule" VARCHAR)[]',
};

export type Schema = readonly { readonly name: string; readonly type: string }[];

export const text = (s: string): string => `'${s.replaceAll("'", "''")}'`;
export const name = (s: string): string => `"${s.replaceAll('"', '""')}"`;

/** Columns of a table in SQL, each of its type. @param absent those that its files do not have; they are null */
export function typedColumns(columns: Schema, absent: readonly string[] = []): string {
  const source = (c: string): string => (absent.includes(c) ? 'NULL' : name(c));
  return columns.map((c) => `CAST(${source(c.name)} AS ${DUCK_TYPES[c.type]}) AS ${name(c.name)}`).join(', ');
}
