import { stat } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import {
  type Column,
  type ColumnSpec,
  doublesOf,
  nullColumn,
  stringAt,
  utf8Column,
} from '../../streams/batch/columns.ts';
import { pageCodecs } from '../../streams/codecs/pages.ts';
import type { TakenStep } from './taken-steps.ts';

/** Rows of a file of the ledger of an earlier run. */
export interface LedgerPiece {
  /** Absolute. */
  readonly path: string;
  readonly from: number;
  readonly rows: number;
}

/** What the ledger of an earlier run says of one split; plain data. */
export interface EarlierSplit {
  readonly pieces: readonly LedgerPiece[];
  /** Names of the steps of the earlier run. */
  readonly steps: readonly string[];
  readonly taken: readonly TakenStep[];
}

type Values = readonly unknown[];

/** Names of the columns beside the annotations. */
const POSITION = ['file', 'block', 'offset', 'row'] as const;

/** The rows of one split in the ledger of an earlier run, by position. */
export interface EarlierRows {
  /** Row of each document of a batch; -1 where there is none. */
  placesOf(batch: DocumentBatch): Int32Array;
  /** Place of the step that ended a document; the number of steps of a kept one; -1 of one without outcome. */
  readonly reached: Int32Array;
  /** A column of `at.length` rows: the values of rows, null where `at` is -1. */
  column(spec: ColumnSpec, at: Int32Array): Column;
}

/** Reads the columns that are wanted of one split. */
export async function earlierRows({ pieces, steps, taken }: EarlierSplit): Promise<EarlierRows> {
  const names = taken.flatMap((t) => t.columns.map((c) => c.name));
  const values = await readColumns(pieces, [...POSITION, 'outcome', 'step', ...names]);
  const of = (name: string): Values => values.get(name) ?? [];
  const rows = of('outcome').length;
  const reached = new Int32Array(rows).fill(-1);
  const byPosition = new Map<string, number>();
  const position = POSITION.map(of);
  for (let i = 0; i < rows; i++) {
    const outcome = of('outcome')[i];
    if (outcome === 'kept') reached[i] = steps.length;
    else if (outcome === 'dropped') reached[i] = steps.indexOf(of('step')[i] as string);
    byPosition.set(keyOf(position, i), i);
  }
  const places = new WeakMap<Column, Int32Array>();
  return {
    reached,
    placesOf(batch) {
      const offsets = batch.column('offset');
      const known = places.get(offsets);
      if (known) return known;
      const [file, ...numbers] = POSITION.map((name) => batch.column(name));
      const doubles = numbers.map((c) => (c.type === 'utf8' ? new Float64Array(batch.rows) : doublesOf(c)));
      const found = Int32Array.from(
        { length: batch.rows },
        (_, i) =>
          byPosition.get(`${file.type === 'utf8' ? stringAt(file, i) : ''}\n${doubles.map((d) => d[i]).join(' ')}`) ??
          -1,
      );
      places.set(offsets, found);
      return found;
    },
    column: ({ name, type }, at) => columnOf(type, of(name), at),
  };
}

const keyOf = ([file, ...numbers]: readonly Values[], row: number): string =>
  `${file[row]}\n${numbers.map((n) => Number(n[row])).join(' ')}`;

function columnOf(type: ColumnSpec['type'], values: Values, at: Int32Array): Column {
  const valueAt = (i: number): unknown => (at[i] < 0 ? null : (values[at[i]] ?? null));
  if (type === 'utf8') return utf8Column(Array.from(at, (_, i) => valueAt(i) as string | null));
  const column = nullColumn(type, at.length) as Exclude<Column, { type: 'utf8' }>;
  const { values: into, valid } = column;
  for (let i = 0; i < at.length; i++) {
    const value = valueAt(i);
    if (value === null) continue;
    into[i] = (type === 'int64' ? BigInt(value as bigint) : Number(value)) as never;
    valid![i >> 3] |= 1 << (i & 7);
  }
  return column;
}

/** The columns of some rows, one piece after the other. */
export async function readColumns(
  pieces: readonly LedgerPiece[],
  names: readonly string[],
): Promise<Map<string, Values>> {
  const [{ asyncBufferFromFile, parquetRead }, compressors] = await Promise.all([import('hyparquet'), pageCodecs()]);
  const columns = [...new Set(names)];
  const rows = pieces.reduce((n, p) => n + p.rows, 0);
  const all = new Map(columns.map((name) => [name, new Array<unknown>(rows).fill(null)]));
  let first = 0;
  for (const { path, from, rows } of pieces) {
    const file = await asyncBufferFromFile(path);
    const metadata = await footerOf(path, file);
    const at = first - from;
    const [least, end] = [first, first + rows];
    await parquetRead({
      file,
      metadata,
      compressors,
      columns,
      rowStart: from,
      rowEnd: from + rows,
      // Whole pages, which begin before and end behind what was asked for.
      onChunk({ columnName, columnData, rowStart }) {
        const into = all.get(columnName)!;
        const begin = Math.max(0, least - at - rowStart);
        for (let i = begin; i < columnData.length && rowStart + i + at < end; i++)
          into[rowStart + i + at] = columnData[i] ?? null;
      },
    });
    first += rows;
  }
  return all;
}

/** The footer that was read last: a finished file has the rows of many splits. */
let lastFooter: { readonly of: string; readonly metadata: FileMetaData } | null = null;

async function footerOf(path: string, file: AsyncBuffer): Promise<FileMetaData> {
  const { mtimeMs } = await stat(path);
  const of = `${path}\n${mtimeMs}\n${file.byteLength}`;
  if (lastFooter?.of !== of) {
    const { parquetMetadataAsync } = await import('hyparquet');
    lastFooter = { of, metadata: await parquetMetadataAsync(file, { geoparquet: false }) };
  }
  return lastFooter.metadata;
}
