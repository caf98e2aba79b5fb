import { join } from 'node:path';
import type { DuckDBConnection, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import { ConfigError } from '../errors.ts';
import { safeText, shellWord } from '../safe-text.ts';
import { documentSchema } from '../sinks/documents.ts';
import { LINEAGE_COLUMNS, ledgerSchema } from '../sinks/ledger.ts';
import { quarantineSchema } from '../sinks/quarantine.ts';
import { indexSchema } from '../sinks/tokens/index-table.ts';
import { checkBytes } from '../streams/commits/damage.ts';
import { liveFiles } from '../streams/commits/log.ts';
import { createsDocuments, rewritesText } from '../streams/operator.ts';
import { PLAN_FILE } from '../streams/plan/plan-file.ts';
import { commitsTable } from './commits-table.ts';
import { filesView } from './files-view.ts';
import { fileView, type NamedSource } from './named-source.ts';
import { withBlindRows } from './quarantine-rows.ts';
import { committedTotals, type RunFolder } from './run-folder.ts';
import { readOf } from './run-json.ts';
import { shadowView } from './shadow-view.ts';
import { DUCK_TYPES, name, type Schema, text, typedColumns } from './view-columns.ts';

/** A view in the database of a run. */
export interface View {
  readonly name: string;
  readonly rows: number;
  readonly columns: Schema;
  /** False where DuckDB cannot read this kind of file: then there is no view. */
  readonly readable: boolean;
}

export interface RunDatabase {
  /** Its folder, as it was given. */
  readonly path: string;
  readonly connection: DuckDBConnection;
  readonly views: readonly View[];
  /** Reads all files of the run, and throws an InputError when one is not as it was committed. */
  check(): Promise<unknown>;
  /** The same views over a further connection, which answers while this one is busy. Closed with this one. */
  beside(): Promise<RunDatabase>;
  close(): void;
}

/**
 * The committed files of a run as views `documents`, `ledger`, `quarantine`, one per further sink, `files` (those of
 * the input), `shadow_rules`, and a table `commits`, in an in-memory DuckDB that can read those files and nothing else.
 * @param more further runs, each in a schema of its name, and files of the user's, each a view of its name
 */
export async function openRunDatabase(folder: RunFolder, more: readonly NamedSource[] = []): Promise<RunDatabase> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const views = viewsOf(folder);
  const runs = more.flatMap((m) => ('run' in m ? [m] : []));
  const tables = more.flatMap((m) => ('file' in m ? [m] : []));
  const paths = [folder, ...runs.map((r) => r.run)].flatMap((f) => [
    ...viewsOf(f).flatMap((v) => v.files),
    join(f.path, PLAN_FILE),
  ]);
  await connection.run(`SET GLOBAL TimeZone = 'UTC'`);
  // Committed files do not change: where their columns lie is read once, not for every question.
  await connection.run('SET GLOBAL parquet_metadata_cache = true');
  await connection.run(`SET allowed_paths = [${[...paths, ...tables.map((t) => t.file)].map(text).join(', ')}]`);
  await createViews(connection, folder, '');
  for (const { name: schema, run } of runs) {
    await connection.run(`CREATE SCHEMA ${name(schema)}`);
    await createViews(connection, run, `${name(schema)}.`);
  }
  for (const table of tables) await connection.run(fileView(table));
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  const further: DuckDBConnection[] = [];
  const db: RunDatabase = {
    path: folder.given,
    connection,
    views: views.map(({ name, rows, columns, readable }) => ({ name, rows, columns, readable })),
    check: async () => {
      for (const f of [folder, ...runs.map((r) => r.run)]) await checkBytes(f);
    },
    beside: async () => {
      const another = await instance.connect();
      further.push(another);
      return { ...db, connection: another, close: () => {} };
    },
    close: () => {
      for (const c of [...further, connection]) c.closeSync();
      instance.closeSync();
    },
  };
  return db;
}

/** All views of a run. @param within the schema with a dot behind it; '' = the one that needs no name */
async function createViews(connection: DuckDBConnection, folder: RunFolder, within: string): Promise<void> {
  const views = viewsOf(folder);
  for (const view of views)
    if (view.select !== null) await connection.run(`CREATE VIEW ${within}${name(view.name)} AS ${view.select}`);
  await connection.run(commitsTable(folder.commits, within));
  const has = (view: string): boolean => views.some((v) => v.name === view);
  // It reads the ledger, which of a run in a store may not have been fetched.
  if (!has('shadow_rules') && has('ledger')) await connection.run(shadowView(folder.steps, within));
  if (!has('files')) await connection.run(filesView(folder, within));
}

interface ViewSource extends View {
  readonly files: readonly string[];
  /** Null: DuckDB cannot read this kind of file. */
  readonly select: string | null;
}

function viewsOf(folder: RunFolder): ViewSource[] {
  const { run, steps } = folder;
  const rewritten = steps.some(rewritesText);
  const creates = steps.some(createsDocuments);
  const documents: Schema = documentSchema(run.schema.annotations, rewritten, creates);
  const read = readOf(run);
  const sinks = (
    run.recipe as unknown as { readonly sinks: readonly { options: { columns?: readonly string[] | null } }[] }
  ).sinks;
  const views = [
    ...run.sinks.map((s, i) => {
      const chosen = sinks[i]?.options.columns;
      const index = indexViews[s.kind];
      if (index) return { ...index(folder, s.name, chosen ?? []), name: s.name };
      return viewOf(
        folder,
        s.name,
        s.kind,
        chosen ? documents.filter((c) => chosen.includes(c.name)) : documents,
        read.maxLineBytes,
      );
    }),
    // One schema for every ledger: what format 1, or a recipe that creates nothing, does not write is null.
    viewOf(folder, 'ledger', 'parquet', ledgerSchema(run.schema.annotations, true), 0, creates ? [] : LINEAGE_COLUMNS),
    quarantineView(folder),
  ];
  // Of a run in a store only the tables that a query names were fetched.
  return views.filter((v) => !folder.absent?.some((table) => table === v.name || table === `${v.name}.index`));
}

/** Sinks that are no tables, by what lists their documents. */
const indexViews: Readonly<Record<string, (folder: RunFolder, sink: string, chosen: readonly string[]) => ViewSource>> =
  {
    tokens: (folder, sink, chosen) =>
      viewOf(folder, `${sink}.index`, 'parquet', indexSchema(folder.run.schema.annotations, chosen), 0),
  };

/** Of a run that is not joined yet `rows` is what its commits tell so far, as in its totals. */
function quarantineView(folder: RunFolder): ViewSource {
  const view = viewOf(folder, 'quarantine', 'jsonl', quarantineSchema, 0);
  const blind = folder.run.status === 'done' ? undefined : committedTotals(folder).quarantined.blind;
  return view.select === null || blind === undefined ? view : { ...view, select: withBlindRows(view.select, blind) };
}

function viewOf(
  folder: RunFolder,
  view: string,
  kind: string,
  columns: Schema,
  lineBytes: number,
  absent: readonly string[] = [],
): ViewSource {
  const live = liveFiles(folder.commits.all, view).filter((f) => f.rows > 0);
  const files = live.map((f) => join(folder.path, f.path));
  const rows = live.reduce((n, f) => n + f.rows, 0);
  const list = `[${files.map(text).join(', ')}]`;
  const typed = typedColumns(columns, absent);
  let select: string | null = null;
  if (files.length === 0) {
    select =
      `SELECT ${columns.map((c) => `CAST(NULL AS ${DUCK_TYPES[c.type]}) AS ${name(c.name)}`).join(', ')} ` +
      'WHERE false';
  } else if (kind === 'parquet') {
    select = `SELECT ${typed} FROM read_parquet(${list})`;
  } else if (kind === 'jsonl') {
    // A text escaped at its worst takes six bytes for one.
    const longest = Math.min(6 * lineBytes + 2 ** 20, 2 ** 28);
    const types = columns.map((c) => `${text(c.name)}: ${text(DUCK_TYPES[c.type])}`).join(', ');
    select =
      `SELECT ${typed} FROM read_json(${list}, format = 'newline_delimited', columns = {${types}}, ` +
      `maximum_object_size = ${longest})`;
  }
  return { name: view, rows, columns, files, select, readable: select !== null };
}

/** StatementType of DuckDB: what only reads. */
const READING = new Map([
  [1, 'SELECT'],
  [4, 'EXPLAIN'],
]);

/** Runs one statement that only reads, as a stream of rows. Errors: ConfigError with DuckDB's message. */
export async function query(db: RunDatabase, sql: string, values: DuckDBValue[] = []): Promise<DuckDBResult> {
  if (isEmptyQuery(sql)) throw notOneQuery('an empty query', db.path);
  try {
    const statements = await db.connection.extractStatements(sql);
    if (statements.count !== 1)
      throw notOneQuery(statements.count === 0 ? 'nothing' : `${statements.count} statements`, db.path);
    const prepared = await statements.prepare(0);
    if (!READING.has(prepared.statementType)) throw notOneQuery('a statement that writes or sets something', db.path);
    if (values.length > 0) prepared.bind(values);
    return await prepared.stream();
  } catch (error) {
    throw error instanceof ConfigError ? error : await readError(db, error, sql);
  }
}

/** Nothing but white space, comments and semicolons, of which DuckDB's client says something else. */
const isEmptyQuery = (sql: string): boolean =>
  sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, '').replace(/[\s;]+/g, '') === '';

/** Columns of ours whose names are keywords of SQL. */
const KEYWORDS = ['offset', 'at', 'end'];

/** How to write a column that is a keyword; '' when the query has none. */
function quoteHint(message: string, sql: string): string {
  if (!/syntax error/i.test(message)) return '';
  const bare = sql.replace(/'[^']*'|"[^"]*"/g, ' ');
  const found = KEYWORDS.filter((word) => new RegExp(`\\b${word}\\b`, 'i').test(bare));
  return found.length === 0 ? '' : `A column that is a keyword of SQL needs quotes: ${found.map(name).join(', ')}. `;
}

const notOneQuery = (got: string, run: string): ConfigError =>
  new ConfigError({
    expected: 'one SELECT (or DESCRIBE, SUMMARIZE, EXPLAIN)',
    got,
    where: 'query',
    fix: `To write a file, redirect: sluice sql ${shellWord(run)} --csv "SELECT * FROM documents" > file.csv`,
  });

/** What DuckDB says of a damaged file is about its own code: the commits know which file it is. */
export async function readError(db: RunDatabase, error: unknown, sql = ''): Promise<Error> {
  if (!(error instanceof Error)) return error as Error;
  if (!/^[A-Z][A-Za-z -]{0,60} Error: /.test(saidBy(error))) return error;
  if (UNREADABLE.test(saidBy(error))) await db.check();
  return queryError(error, db, sql);
}

/** What DuckDB says, without what its client puts before it where a statement cannot be parsed. */
const saidBy = (error: unknown): string => (error as Error).message.replace(/^Failed to extract statements: /, '');

/** Errors of DuckDB that a query alone does not have. */
const UNREADABLE = /^(IO|Invalid Input|Invalid|Serialization|INTERNAL|TransactionContext|Out of Range) Error: /;

/** An error of DuckDB, with what there is to ask. */
function queryError(error: unknown, { path, views }: RunDatabase, sql: string): ConfigError {
  const message = saidBy(error).replace(/\n+LINE \d+:[\s\S]*$/, (m) => m.replace(/\n+/g, '\n'));
  const external = /file system operations are disabled|Cannot access file/.test(message);
  const unread = views.find((v) => !v.readable && message.includes(v.name));
  if (unread) {
    return new ConfigError({
      expected: 'a view that DuckDB can read',
      got: `${unread.name}, which this run wrote as Arrow files`,
      where: 'query',
      fix: 'Query the ledger, or add parquet() to the sinks of the recipe.',
    });
  }
  const names = views
    .filter((v) => v.readable)
    .map((v) => safeText(v.name))
    .join(', ');
  return new ConfigError({
    expected: 'a query that DuckDB understands',
    got: message.trim(),
    where: 'query',
    fix: external
      ? `Only the files of this run can be read, through the views ${names}, files, commits and shadow_rules.`
      : `${quoteHint(message, sql)}Views: ${names}, files, commits, shadow_rules. ` +
        `Columns: sluice sql ${shellWord(path)} "DESCRIBE ledger"`,
    cause: error,
  });
}

/** All rows of a small result, as plain values. */
export async function rowsOf(
  db: RunDatabase,
  sql: string,
  values: DuckDBValue[] = [],
): Promise<Record<string, DuckDBValue>[]> {
  const result = await query(db, sql, values);
  const rows: Record<string, DuckDBValue>[] = [];
  try {
    for await (const part of result.yieldRowObjects()) rows.push(...part);
  } catch (error) {
    throw await readError(db, error);
  }
  return rows;
}
