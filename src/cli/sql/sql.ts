import { once } from 'node:events';
import { ConfigError } from '../../errors.ts';
import { openRunDatabase, query, type RunDatabase, readError } from '../../ledger/database.ts';
import { type NamedSource, namedPath, namedSource } from '../../ledger/named-source.ts';
import { openRunFolder, type RunFolder } from '../../ledger/run-folder.ts';
import { cellText, type Plain, plain, shownText } from '../../ledger/sql-values.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { warnSoFar } from '../nodes/so-far.ts';
import { count, plural } from '../terminal/format.ts';
import { standardOutput, tableLines } from '../terminal/terminal.ts';

const options = {
  json: { help: 'One JSON array of objects on standard output, with all digits of a fraction (tables show twelve).' },
  csv: { help: 'CSV with a header line, quoted as in RFC 4180; lines end with LF.' },
  rows: { value: 'N', help: 'Rows to show. Default 100; --json and --csv always print all.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('sql', args, options, ['run-dir', 'query...']);
  const shown = wholeNumber(values.rows, '--rows') ?? 100;
  const { db, folder } = await openSources(positionals.slice(0, -1), namedIn(positionals.at(-1)!));
  try {
    const result = await query(db, positionals.at(-1)!);
    const columns = result.deduplicatedColumnNames();
    const rows = result.yieldRows();
    try {
      if (values.json) await printJson(columns, rows);
      else if (values.csv) await printCsv(columns, rows);
      else await printTable(columns, rows, shown);
      warnSoFar(folder);
    } catch (error) {
      // A stream finds out about some errors only while it is read.
      throw await readError(db, error);
    }
  } finally {
    db.close();
  }
  return 0;
}

/** Tables that a query names: of a run in a store only those are fetched. */
const namedIn = (query: string) => {
  const words = query.toLowerCase();
  return (table: string): boolean =>
    words.includes(table.replace(/\.index$/, '').toLowerCase()) ||
    (table === 'ledger' && words.includes('shadow_rules'));
};

interface Sources {
  readonly db: RunDatabase;
  /** The first run. */
  readonly folder: RunFolder;
}

/** The first run needs no name in the query; whatever else there is has one. */
async function openSources(given: readonly string[], wanted: (table: string) => boolean): Promise<Sources> {
  const [first, ...rest] = given.map(namedPath);
  const nameless = rest.find((s) => s.name === null);
  if (nameless !== undefined)
    throw new ConfigError({
      expected: 'one run and one query, or name=path for each further run or file',
      got: `also '${nameless.path}'`,
      where: 'sluice sql',
      fix: 'Quote the query so that the shell does not expand it, or write for example labels=labels.csv.',
    });
  const folder = await openRunFolder(first.path, wanted);
  const more: NamedSource[] = first.name === null ? [] : [await namedSource(first.name, first.path, [], wanted)];
  for (const { name, path } of rest)
    more.push(
      await namedSource(
        name!,
        path,
        more.map((m) => m.name),
        wanted,
      ),
    );
  return { db: await openRunDatabase(folder, more), folder };
}

type Rows = AsyncIterable<Parameters<typeof plain>[0][][]>;

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

async function printJson(columns: readonly string[], rows: Rows): Promise<void> {
  let first = true;
  for await (const part of rows) {
    const lines = part.map((row) =>
      safeJson(JSON.stringify(Object.fromEntries(columns.map((c, i) => [c, plain(row[i])])))),
    );
    if (lines.length === 0) continue;
    await write((first ? '[' : ',\n ') + lines.join(',\n '));
    first = false;
  }
  await write(first ? '[]\n' : ']\n');
}

/** Exact in a file or a pipe; on a terminal what would act on it is escaped. */
async function printCsv(columns: readonly string[], rows: Rows): Promise<void> {
  const onTerminal = process.stdout.isTTY === true;
  const field = (v: Plain): string => {
    const s = onTerminal ? safeText(cellText(v)) : cellText(v);
    return /[",\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
  };
  await write(`${columns.map(field).join(',')}\n`);
  for await (const part of rows)
    await write(part.map((row) => `${row.map((v) => field(plain(v))).join(',')}\n`).join(''));
}

async function printTable(columns: readonly string[], rows: Rows, shown: number): Promise<void> {
  const { out, style, width } = standardOutput();
  const cells: string[][] = [];
  const numeric = columns.map(() => true);
  let total = 0;
  for await (const part of rows) {
    for (const row of part) {
      if (total++ >= shown) continue;
      cells.push(
        row.map((v, i) => {
          const p = plain(v);
          if (p !== null && typeof p !== 'number') numeric[i] = false;
          return p === null ? style.dim('null') : safeText(shownText(p));
        }),
      );
    }
  }
  // An id is there to be copied into the next command: it is cut last.
  const ids = columns.map((c, i) =>
    /^(id|duplicate_of)$/.test(c) ? cells.reduce((w, row) => Math.max(w, row[i].length), c.length) : 0,
  );
  const room = width - ids.reduce((n, w) => n + (w > 0 ? w + 2 : 0), 0);
  const others = columns.flatMap((_, i) => (ids[i] > 0 ? [] : [i]));
  const whole = room >= 10 * others.length;
  const rest = whole ? others : columns.map((_, i) => i);
  const max = cellWidth(
    rest.map((i) => columns[i]),
    cells.map((row) => rest.map((i) => row[i])),
    whole ? room : width,
  );
  const specs = columns.map(
    (c, i) =>
      ({
        title: style.bold(safeText(c)),
        max: whole && ids[i] > 0 ? ids[i] : max,
        align: numeric[i] ? 'right' : 'left',
      }) as const,
  );
  if (columns.length * 5 > width) {
    printRecords(columns, cells);
  } else for (const line of tableLines(specs, cells, '')) out(line);
  const more = total > shown ? `, the first ${count(shown)} shown (--rows N, --csv or --json for all)` : '';
  out(style.dim(`(${plural(total, 'row')}${more})`));
}

/** Widest cell that lets a row fit the terminal, if any does; the wide ones share what the narrow ones leave. */
function cellWidth(columns: readonly string[], cells: readonly (readonly string[])[], width: number): number {
  const widest = columns
    .map((c, i) => cells.reduce((w, row) => Math.max(w, row[i].length), c.length))
    .sort((a, b) => a - b);
  let left = width - 2 * (columns.length - 1);
  for (let i = 0; i < widest.length; i++) {
    const share = Math.floor(left / (widest.length - i));
    if (widest[i] > share) return Math.max(8, share);
    left -= widest[i];
  }
  return width;
}

/** More columns than the terminal has room for: one line per value. */
function printRecords(columns: readonly string[], cells: readonly (readonly string[])[]): void {
  const { out, style, width } = standardOutput();
  cells.forEach((row, i) => {
    out(style.dim(`-- row ${i + 1}`));
    const lines = tableLines(
      [{}, { max: width - 4 - Math.max(...columns.map((c) => c.length)) }],
      columns.map((c, k) => [style.bold(safeText(c)), row[k]]),
      '',
    );
    for (const line of lines) out(line);
  });
}

export const sql: Command = {
  help: {
    usage: '<run-dir> [name=run-dir | name=file]... "SELECT ..." [options]',
    about:
      'Queries a run in SQL (DuckDB, times in UTC). Views: documents (the kept ones), ledger (one row per ' +
      'document read, with outcome, step, rule, value, threshold and every annotation), quarantine (what ' +
      'could not be read), files (of the input, with the reason where one was ' +
      'skipped), commits, shadow_rules, and further Parquet and JSONL sinks by name. A further run is a schema of ' +
      'its name (b.ledger), a CSV, Parquet or JSON file of yours a view of its name. Only committed files are ' +
      'read, so it works while the run is in progress.',
    options,
    examples: [
      [
        `sluice sql sluice-out/quickstart "SELECT rule, count(*) AS n FROM ledger WHERE outcome = 'dropped' ` +
          'GROUP BY ALL ORDER BY n DESC"',
        'why documents were dropped',
      ],
      [
        'sluice sql sluice-out/quickstart "SELECT id, value, threshold, excerpt FROM ledger WHERE rule = ' +
          `'gopher_min_words' AND value >= threshold * 0.95"`,
        'documents that narrowly failed a rule',
      ],
      [
        `sluice sql sluice-out/quickstart --csv "SELECT domain, count(*) FROM documents GROUP BY ALL" > domains.csv`,
        'into a file',
      ],
      ['sluice sql sluice-out/quickstart "DESCRIBE ledger"', 'list the columns'],
      [
        'sluice sql a=out b=out-2 labels=labels.csv "SELECT label, count(*) FROM b.ledger JOIN labels USING (id) ' +
          'GROUP BY ALL"',
        'two runs, and a file of your own',
      ],
    ],
  },
  run,
};
