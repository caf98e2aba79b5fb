import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import { decompress } from 'fzstd';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { publish } from '../../src/files/publish.ts';
import { xxh64Hex } from '../../src/hash.ts';
import { arrow, jsonl, parquet } from '../../src/sinks/descriptors.ts';
import type { SinkDescriptor } from '../../src/sinks/options.ts';
import type { SegmentFile } from '../../src/sinks/output-file.ts';
import { openSegmentWriter, planShards, writeShard } from '../../src/sinks/writers.ts';
import { batchesOf, plainRow, query, repeated, sinkFolder } from '../helpers/tables.ts';

const segment = (path: string, bytes: number): SegmentFile => ({ path, bytes, rows: 1, textBytes: 1, xxh64: '' });

describe('plan', () => {
  it('packs consecutive segments up to the size; a larger one stands alone', () => {
    const shards = planShards(
      parquet(),
      [4, 5, 2, 30, 1, 9].map((n, i) => segment(`s${i}`, n)),
      10,
    );
    expect(shards.map((s) => [s.name, s.inputs.map((i) => i.path).join(' ')])).toEqual([
      ['part-00000-of-00004.parquet', 's0 s1'],
      ['part-00001-of-00004.parquet', 's2'],
      ['part-00002-of-00004.parquet', 's3'],
      ['part-00003-of-00004.parquet', 's4 s5'],
    ]);
  });

  it('names files by what is in them', () => {
    const name = (s: SinkDescriptor): string => planShards(s, [segment('s', 1)], 1)[0].name;
    expect(
      [jsonl(), jsonl({ compression: 'gz' }), jsonl({ compression: 'none' }), arrow(), arrow({ format: 'stream' })].map(
        name,
      ),
    ).toEqual([
      'part-00000-of-00001.jsonl.zst',
      'part-00000-of-00001.jsonl.gz',
      'part-00000-of-00001.jsonl',
      'part-00000-of-00001.arrow',
      'part-00000-of-00001.arrows',
    ]);
    expect(planShards(parquet(), [], 10)).toEqual([]);
  });
});

/** Three segments of 9000, 1 and 300 rows, numbered through in `row`. */
async function threeSegments(sink: SinkDescriptor, runDirectory: string): Promise<SegmentFile[]> {
  const rows = repeated([plainRow, { ...plainRow, id: null, text: 'żółć', failed: [] }], 9301);
  const files: SegmentFile[] = [];
  for (const [name, from, to] of [
    ['a', 0, 9000],
    ['b', 9000, 9001],
    ['c', 9001, 9301],
  ] as const) {
    const writer = await openSegmentWriter(sink, { runDirectory, path: name });
    for (const batch of batchesOf(rows.slice(from, to), [1000])) await writer.write(batch);
    const file = (await writer.finish())!;
    await publish(runDirectory, [file]);
    files.push(file);
  }
  return files;
}

const compressors = { ZSTD: (bytes: Uint8Array, size: number) => decompress(bytes, new Uint8Array(size)) };
const jsonRows = (bytes: Uint8Array): number[] =>
  Buffer.from(bytes)
    .toString()
    .trimEnd()
    .split('\n')
    .map((l) => (JSON.parse(l) as { row: number }).row);

const readers: [string, SinkDescriptor, (bytes: Uint8Array) => Promise<number[]>][] = [
  [
    'parquet',
    parquet(),
    async (b) =>
      (await parquetReadObjects({ file: new Uint8Array(b).buffer, columns: ['row'], compressors })).map(
        (r) => r.row as number,
      ),
  ],
  ['jsonl.zst', jsonl(), async (b) => jsonRows(decompress(b))],
  ['jsonl.gz', jsonl({ compression: 'gz' }), async (b) => jsonRows(gunzipSync(b))],
  ['jsonl', jsonl({ compression: 'none' }), async (b) => jsonRows(b)],
  ['arrow', arrow(), async (b) => [...tableFromIPC(b).getChild('row')!]],
  ['arrows', arrow({ format: 'stream' }), async (b) => [...tableFromIPC(b).getChild('row')!]],
];

describe.each(readers)('joined %s', (extension, sink, read) => {
  it('holds the rows of all segments in order, and says so', async () => {
    const runDirectory = await sinkFolder();
    const inputs = await threeSegments(sink, runDirectory);
    const path = `part-00000-of-00001.${extension}`;
    const file = await writeShard(sink, { runDirectory, path, inputs });
    const bytes = readFileSync(join(runDirectory, `${path}.tmp`));
    expect(file).toEqual({
      path,
      rows: 9301,
      textBytes: inputs.reduce((n, i) => n + i.textBytes, 0),
      bytes: bytes.length,
      xxh64: await xxh64Hex(bytes),
    });
    const rows = await read(bytes);
    expect(rows.length).toBe(9301);
    expect(rows.findIndex((r, i) => r !== i)).toBe(-1);
    const again = await writeShard(sink, { runDirectory, path: `again.${extension}`, inputs });
    expect(again.xxh64).toBe(file.xxh64);
  });

  it('refuses a segment that changed since its commit, and leaves nothing', async () => {
    const runDirectory = await sinkFolder();
    const inputs = await threeSegments(sink, runDirectory);
    const path = join(runDirectory, inputs[0].path);
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.length / 3)] ^= 1;
    writeFileSync(path, bytes);
    const before = readdirSync(runDirectory);
    await expect(writeShard(sink, { runDirectory, path: 'shard', inputs })).rejects.toThrow(/as it was committed, got/);
    expect(readdirSync(runDirectory)).toEqual(before);
  });
});

describe('joined parquet', () => {
  it('keeps statistics, dictionaries and row groups, and DuckDB reads them', async () => {
    const runDirectory = await sinkFolder();
    const inputs = await threeSegments(parquet({ compression: 'snappy' }), runDirectory);
    await writeShard(parquet({ compression: 'snappy' }), { runDirectory, path: 'shard.parquet', inputs });
    const path = join(runDirectory, 'shard.parquet.tmp');
    const metadata = parquetMetadata(new Uint8Array(readFileSync(path)).buffer);
    expect(metadata.created_by).toBe('sluice version 1');
    expect(metadata.num_rows).toBe(9301n);
    expect(metadata.row_groups.map((g) => [Number(g.num_rows), g.ordinal])).toEqual([
      [8192, 0],
      [808, 1],
      [1, 2],
      [300, 3],
    ]);
    const row = metadata.row_groups.map((g) => g.columns[4].meta_data!.statistics!);
    expect(row.map((s) => [s.min_value, s.max_value])).toEqual([
      [0, 8191],
      [8192, 8999],
      [9000, 9000],
      [9001, 9300],
    ]);
    const sql =
      'SELECT count(*)::INT AS n, count(id)::INT AS ids, sum("row")::INT AS sum, sum(len(failed))::INT AS ' +
      `failed FROM read_parquet('${path}')`;
    expect(await query(sql)).toEqual([{ n: 9301, ids: 4651, sum: (9300 * 9301) / 2, failed: 9302 }]);
    expect(await query(`SELECT text FROM read_parquet('${path}') WHERE "row" = 9001`)).toEqual([{ text: 'żółć' }]);
  });

  it('refuses segments of different schemas', async () => {
    const runDirectory = await sinkFolder();
    const inputs = await threeSegments(parquet(), runDirectory);
    const other = await openSegmentWriter(parquet({ columns: ['id'] }), { runDirectory, path: 'other' });
    await other.write(batchesOf([plainRow], [1])[0]);
    const file = (await other.finish())!;
    await publish(runDirectory, [file]);
    await expect(writeShard(parquet(), { runDirectory, path: 'shard', inputs: [inputs[0], file] })).rejects.toThrow(
      /one schema and one writer/,
    );
  });
});
