import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { tableFromIPC } from 'apache-arrow';
import { decompress } from 'fzstd';
import { arrow, jsonl, parquet, type SinkDescriptor } from 'sluice';
import { describe, expect, it } from 'vitest';
import { publish } from '../../src/files/publish.ts';
import type { SegmentFile } from '../../src/sinks/output-file.ts';
import { openSegmentWriter, sinkExtension, writeShard } from '../../src/sinks/writers.ts';
import { type AnyRow, batchesOf, plainRow, query, repeated, sinkFolder } from '../helpers/tables.ts';

type Read = (path: string) => Promise<unknown[]>;

const fromDuckDb: Read = (path) => query(`SELECT * FROM read_parquet('${path}')`);

const fromJson =
  (unpack: (bytes: Uint8Array) => Uint8Array): Read =>
  async (path) =>
    Buffer.from(unpack(readFileSync(path)))
      .toString('utf8')
      .split('\n')
      .slice(0, -1)
      // 64 bits are more than a number of JavaScript holds.
      .map((line) => JSON.parse(line.replace(/"offset":(-?\d+)/, '"offset":"$1"')));

const fromArrow: Read = async (path) =>
  JSON.parse(
    JSON.stringify(tableFromIPC(readFileSync(path)).toArray(), (_, v) => (typeof v === 'bigint' ? String(v) : v)),
  );

/** Every sink, with a reader that is not ours; a new one is tested by one more line. */
const sinks: readonly (readonly [string, SinkDescriptor, Read])[] = [
  ['parquet zstd', parquet(), fromDuckDb],
  ['parquet snappy', parquet({ compression: 'snappy' }), fromDuckDb],
  ['parquet none', parquet({ compression: 'none' }), fromDuckDb],
  ['jsonl zst', jsonl(), fromJson((bytes) => decompress(bytes))],
  ['jsonl gz', jsonl({ compression: 'gz' }), fromJson(gunzipSync)],
  ['jsonl', jsonl({ compression: 'none' }), fromJson((bytes) => bytes)],
  ['arrow file', arrow({ format: 'file' }), fromArrow],
  ['arrow stream', arrow({ format: 'stream' }), fromArrow],
];

/** Every type, nulls, empty ones, the ends of ranges, and text of every plane. */
const kinds: AnyRow[] = [
  plainRow,
  { ...plainRow, id: null, score: null, count: null, offset: null, failed: null, spans: [] },
  { ...plainRow, id: '', text: '', failed: [], offset: -(2n ** 63n), count: -(2 ** 31) },
  { ...plainRow, text: 'Żółć\n“naïve”\t\u0000\u2028 🐎 e\u0301', offset: 2n ** 63n - 1n, score: 5e-324 },
  {
    ...plainRow,
    failed: [null, 'x'],
    spans: [
      { start: 0, end: null, rule: 'ż' },
      { start: 2, end: 3, rule: '' },
    ],
  },
];

const plainOf = (rows: readonly unknown[]): unknown[] =>
  rows.map((row) => {
    const { id, text, score, count, row: number, offset, failed, spans } = row as AnyRow;
    return { id, text, score, count, row: number, offset: offset === null ? null : String(offset), failed, spans };
  });

async function segment(sink: SinkDescriptor, folder: string, path: string, rows: readonly AnyRow[], sizes: number[]) {
  const writer = await openSegmentWriter(sink, { runDirectory: folder, path });
  for (const batch of batchesOf(rows, sizes)) await writer.write(batch);
  const file = await writer.finish();
  if (file) await publish(folder, [file]);
  return file;
}

describe.each(sinks)('%s', (_, sink, read) => {
  it('gives the same rows back: all types, nulls, text of every plane', async () => {
    const folder = await sinkFolder();
    const rows = repeated(kinds, 40);
    const file = (await segment(sink, folder, 'a', rows, [7])) as SegmentFile;
    expect(file.path).toBe(`a.${sinkExtension(sink)}`);
    expect([file.rows, file.bytes]).toEqual([40, readFileSync(join(folder, file.path)).length]);
    expect(plainOf(await read(join(folder, file.path)))).toEqual(plainOf(rows));
  });

  it('writes the same bytes whatever batches the rows come in', async () => {
    const folder = await sinkFolder();
    const rows = repeated(kinds, 8300);
    const whole = (await segment(sink, folder, 'whole', rows, [8300])) as SegmentFile;
    const cut = (await segment(sink, folder, 'cut', rows, [1, 4000, 13])) as SegmentFile;
    const { path: _, ...same } = whole;
    expect(cut).toEqual({ ...same, path: cut.path });
    expect(readFileSync(join(folder, cut.path)).equals(readFileSync(join(folder, whole.path)))).toBe(true);
  });

  it('makes no file of no rows', async () => {
    const folder = await sinkFolder();
    expect(await segment(sink, folder, 'none', [], [1])).toBeNull();
  });

  it('joins segments into one with the rows of both, and says by name which one is damaged', async () => {
    const folder = await sinkFolder();
    const rows = repeated(kinds, 60);
    const first = (await segment(sink, folder, 'a', rows.slice(0, 25), [9])) as SegmentFile;
    const second = (await segment(sink, folder, 'b', rows.slice(25), [9])) as SegmentFile;
    const joined = { runDirectory: folder, path: `joined.${sinkExtension(sink)}`, inputs: [first, second] };
    const shard = await writeShard(sink, joined);
    expect(shard.rows).toBe(60);
    await publish(folder, [shard]);
    expect(plainOf(await read(join(folder, shard.path)))).toEqual(plainOf(rows));
    const bytes = readFileSync(join(folder, second.path));
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(join(folder, second.path), bytes);
    const error = await writeShard(sink, joined).catch((e: unknown) => e);
    expect(error).toHaveProperty('message', expect.stringContaining(second.path));
  });
});
