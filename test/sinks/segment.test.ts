import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { publish } from '../../src/files/publish.ts';
import { xxh64Hex } from '../../src/hash.ts';
import { arrow, jsonl, parquet } from '../../src/sinks/descriptors.ts';
import type { SinkDescriptor } from '../../src/sinks/options.ts';
import { groupedWriter } from '../../src/sinks/segment.ts';
import { openSegmentWriter } from '../../src/sinks/writers.ts';
import { type AnyRow, anyRow, batchesOf, plainRow, repeated, sinkFolder } from '../helpers/tables.ts';

const sinks: SinkDescriptor[] = [
  parquet(),
  parquet({ compression: 'snappy' }),
  parquet({ compression: 'none' }),
  jsonl(),
  jsonl({ compression: 'gz' }),
  jsonl({ compression: 'none' }),
  arrow(),
  arrow({ format: 'stream' }),
];
const label = (s: SinkDescriptor): string => `${s.kind} ${Object.values(s.options).join(' ')}`;

async function bytesOf(sink: SinkDescriptor, rows: readonly AnyRow[], sizes: readonly number[]): Promise<Buffer> {
  const runDirectory = await sinkFolder();
  const writer = await openSegmentWriter(sink, { runDirectory, path: 'segment' });
  for (const batch of batchesOf(rows, sizes)) await writer.write(batch);
  const file = await writer.finish();
  return readFileSync(join(runDirectory, `${file!.path}.tmp`));
}

describe.each(sinks.map((s) => [label(s), s] as const))('%s', (_, sink) => {
  it('makes the same bytes however the rows are cut into batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyRow, { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
        async (rows, sizes) => {
          expect((await bytesOf(sink, rows, sizes)).equals(await bytesOf(sink, rows, [rows.length]))).toBe(true);
        },
      ),
      { seed: 11, numRuns: 15 },
    );
  });

  it('makes the same bytes across row groups of 8,192', async () => {
    const rows = repeated([plainRow, { ...plainRow, id: null, score: null, failed: null, spans: [] }], 20_000);
    const whole = await bytesOf(sink, rows, [20_000]);
    expect((await bytesOf(sink, rows, [8191, 1, 1, 513])).equals(whole)).toBe(true);
    expect((await bytesOf(sink, rows, [8192])).equals(whole)).toBe(true);
  });

  it('describes the file it wrote and leaves the rename to publish', async () => {
    const runDirectory = await sinkFolder();
    const writer = await openSegmentWriter(sink, { runDirectory, path: 'segment' });
    await writer.write(batchesOf([plainRow, { ...plainRow, text: 'ż' }], [2])[0]);
    const file = await writer.finish();
    expect(readdirSync(runDirectory)).toEqual([`${file!.path}.tmp`]);
    await publish(runDirectory, [file!]);
    expect(readdirSync(runDirectory)).toEqual([file!.path]);
    const bytes = readFileSync(join(runDirectory, file!.path));
    expect(file).toEqual({
      path: file!.path,
      rows: 2,
      textBytes: 11,
      bytes: bytes.length,
      xxh64: await xxh64Hex(bytes),
    });
  });

  it('writes no file for no rows, and none after an abort', async () => {
    const runDirectory = await sinkFolder();
    const empty = await openSegmentWriter(sink, { runDirectory, path: 'empty' });
    await empty.write({ columns: batchesOf([plainRow], [1])[0].columns, rows: 0 });
    expect(await empty.finish()).toBeNull();
    const aborted = await openSegmentWriter(sink, { runDirectory, path: 'aborted' });
    await aborted.write(batchesOf(repeated([plainRow], 9000), [9000])[0]);
    await aborted.abort();
    expect(readdirSync(runDirectory)).toEqual([]);
  });
});

describe('row groups', () => {
  async function groups(rows: readonly AnyRow[], sizes: readonly number[]): Promise<number[]> {
    const found: number[] = [];
    const group = (table: { rows: number }): Uint8Array[] => {
      found.push(table.rows);
      return [Buffer.from('x')];
    };
    const writer = groupedWriter(
      { runDirectory: await sinkFolder(), path: 'g' },
      { limits: { rows: 4, bytes: 20 }, group, end: () => [] },
      ['text'],
    );
    for (const batch of batchesOf(rows, sizes)) await writer.write(batch);
    await writer.finish();
    return found;
  }
  const texts = (...lengths: number[]): AnyRow[] => lengths.map((n) => ({ ...plainRow, text: 'x'.repeat(n) }));

  it('close at the row limit', async () => {
    expect(await groups(texts(1, 1, 1, 1, 1, 1, 1, 1, 1), [3])).toEqual([4, 4, 1]);
  });

  it('close before the row that would exceed the byte limit; a larger row stands alone', async () => {
    expect(await groups(texts(10, 10, 1, 50, 5, 16, 4), [7])).toEqual([2, 1, 1, 1, 2]);
    expect(await groups(texts(10, 10, 1, 50, 5, 16, 4), [2, 3])).toEqual([2, 1, 1, 1, 2]);
  });

  it('refuse batches of another schema', async () => {
    const runDirectory = await sinkFolder();
    const writer = await openSegmentWriter(parquet(), { runDirectory, path: 's' });
    await writer.write(batchesOf([plainRow], [1])[0]);
    const { columns } = batchesOf([plainRow], [1])[0];
    const other = new Map(columns).set('text', columns.get('count')!);
    await expect(writer.write({ columns: other, rows: 1 })).rejects.toThrow(
      /expected the columns id utf8, text utf8.* got id utf8, text int32/,
    );
    await writer.abort();
    expect(existsSync(join(runDirectory, 's.parquet.tmp'))).toBe(false);
  });
});
