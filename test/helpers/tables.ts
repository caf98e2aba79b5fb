import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type JS } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, afterEach } from 'vitest';
import type { TableBatch, TableColumn } from '../../src/sinks/table.ts';
import { type Column, utf8Column, validBitmap } from '../../src/streams/batch/columns.ts';

/** A row of every type that a sink may meet. */
export interface AnyRow {
  readonly id: string | null;
  readonly text: string;
  readonly score: number | null;
  readonly count: number | null;
  readonly row: number;
  readonly offset: bigint | null;
  readonly failed: readonly (string | null)[] | null;
  readonly spans: readonly { readonly start: number; readonly end: number | null; readonly rule: string }[];
}

const valid = (values: readonly unknown[]): Uint8Array | null => validBitmap(values.map((v) => v !== null));

function offsetsOf(lists: readonly (readonly unknown[] | null)[]): Int32Array {
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((l, i) => {
    offsets[i + 1] = offsets[i] + (l?.length ?? 0);
  });
  return offsets;
}

const int32 = (values: readonly (number | null)[]): Column => ({
  type: 'int32',
  values: Int32Array.from(values, (v) => v ?? 0),
  valid: valid(values),
});

export function tableOf(rows: readonly AnyRow[]): TableBatch {
  const spans = rows.flatMap((r) => r.spans);
  const columns = new Map<string, TableColumn>([
    ['id', utf8Column(rows.map((r) => r.id))],
    ['text', utf8Column(rows.map((r) => r.text))],
    [
      'score',
      { type: 'float64', values: Float64Array.from(rows, (r) => r.score ?? 0), valid: valid(rows.map((r) => r.score)) },
    ],
    ['count', int32(rows.map((r) => r.count))],
    ['row', { type: 'uint32', values: Uint32Array.from(rows, (r) => r.row), valid: null }],
    [
      'offset',
      {
        type: 'int64',
        values: BigInt64Array.from(rows, (r) => r.offset ?? 0n),
        valid: valid(rows.map((r) => r.offset)),
      },
    ],
    [
      'failed',
      {
        type: 'list',
        offsets: offsetsOf(rows.map((r) => r.failed)),
        valid: valid(rows.map((r) => r.failed)),
        child: utf8Column(rows.flatMap((r) => r.failed ?? [])),
      },
    ],
    [
      'spans',
      {
        type: 'list',
        offsets: offsetsOf(rows.map((r) => r.spans)),
        valid: null,
        child: {
          type: 'struct',
          fields: new Map<string, Column>([
            ['start', int32(spans.map((s) => s.start))],
            ['end', int32(spans.map((s) => s.end))],
            ['rule', utf8Column(spans.map((s) => s.rule))],
          ]),
        },
      },
    ],
  ]);
  return { columns, rows: rows.length };
}

const text = fc.string({ unit: 'binary', maxLength: 30 });
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const few = fc.constantFrom('gopher_min_words', 'c4_javascript', '');

export const anyRow: fc.Arbitrary<AnyRow> = fc.record({
  id: fc.option(fc.oneof(text, few)),
  text,
  score: fc.option(fc.double({ noNaN: true })),
  count: fc.option(int),
  row: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  offset: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  failed: fc.option(fc.array(fc.option(few), { maxLength: 3 })),
  spans: fc.array(fc.record({ start: int, end: fc.option(int), rule: few }), { maxLength: 2 }),
});

/** Rows cut into batches at the given sizes, again and again. */
export function batchesOf(rows: readonly AnyRow[], sizes: readonly number[]): TableBatch[] {
  const batches: TableBatch[] = [];
  for (let at = 0, k = 0; at < rows.length; k++) {
    const size = sizes[k % sizes.length];
    batches.push(tableOf(rows.slice(at, at + size)));
    at += size;
  }
  return batches;
}

/** The same rows over and over, up to `count`, each with its number in `row`. */
export const repeated = (rows: readonly AnyRow[], count: number): AnyRow[] =>
  Array.from({ length: count }, (_, i) => ({ ...rows[i % rows.length], row: i }));

export const plainRow: AnyRow = {
  id: 'a',
  text: 'some text',
  score: 1.5,
  count: -3,
  row: 0,
  offset: 7n,
  failed: ['x', 'y'],
  spans: [{ start: 1, end: 4, rule: 'r' }],
};

const folders: string[] = [];

export async function sinkFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-sinks-'));
  folders.push(folder);
  return folder;
}
afterEach(async () => {
  for (const f of folders.splice(0)) await rm(f, { recursive: true, force: true });
});

let duck: DuckDBInstance | null = null;
afterAll(() => {
  duck?.closeSync();
  duck = null;
});

/** Rows of a DuckDB query as plain JavaScript values. */
export async function query(sql: string): Promise<Record<string, JS>[]> {
  duck ??= await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await duck.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJS() as Record<string, JS>[];
  } finally {
    connection.closeSync();
  }
}
