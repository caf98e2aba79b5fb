import { gunzipSync, gzipSync } from 'node:zlib';
import { Int32, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadZstdModule, type ZstdModule } from '../../src/streams/codecs/zstd-module.ts';
import { generator, prose } from '../helpers/corpus.ts';
import { fixture, type ReadResult, readAll } from '../streams/formats/read-all.ts';
import { damaged, damages } from './mutations.ts';

/** More and others by hand: SLUICE_RUNS=5000 SLUICE_SEED=7. */
const RUNS = Number(process.env.SLUICE_RUNS ?? 100);
const SEED = Number(process.env.SLUICE_SEED ?? 20);
const random = generator(8);
const ROWS = Array.from({ length: 60 }, (_, i) => ({
  id: `r${i}`,
  text: i % 9 === 4 ? `Żółć ${i} \u0000\n“${'水車 '.repeat(i)}”` : prose(random, 3 + (i % 40)),
  n: i,
}));
const LINES = Buffer.from(ROWS.map((r) => `${JSON.stringify(r)}\n`).join(''));

let zstd: ZstdModule;
beforeAll(async () => {
  zstd = await loadZstdModule();
});

/** Reads what is left of a file; what comes of it in any case. */
async function read(name: string, bytes: Uint8Array, splitBytes?: number): Promise<ReadResult> {
  const result = await readAll(fixture(name, bytes), { splitBytes });
  for (const { text, id, domain, metadata } of result.documents) {
    for (const value of [text, id, domain, metadata]) expect(Buffer.from(value).toString()).toBe(value);
    expect(Array.isArray(JSON.parse(metadata))).toBe(false);
  }
  for (const q of result.quarantined) {
    expect(q.reason).toMatch(/^[a-z0-9_]+$/);
    expect(q.detail).toMatch(/^expected /);
    expect(q.bytes).toBeGreaterThanOrEqual(0);
    expect(q.offset).toBeGreaterThanOrEqual(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(q.excerpt).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  }
  return result;
}

const said = ({ quarantined, plan }: ReadResult): number =>
  quarantined.length + plan.skipped.length + plan.warnings.length;

/** Lines that are records: not blank; a mark at the start of the file is none of them. */
const records = (bytes: Buffer): number =>
  bytes
    .toString('latin1')
    .split('\n')
    .filter((l, i) => (i === 0 ? l.replace(/^\xef\xbb\xbf/, '') : l).replace(/[ \t\r]/g, '') !== '').length;

describe('damaged files: never a crash, a hang or a silent loss', () => {
  it('plain JSON lines: as many records as lines, in order, whatever the splits', async () => {
    await fc.assert(
      fc.asyncProperty(damages, fc.constantFrom(undefined, 700, 5000), async (list, splitBytes) => {
        const bytes = damaged(LINES, gzipSync(LINES), list);
        const result = await read('a.jsonl', bytes, splitBytes);
        if (result.plan.skipped.length > 0 || result.plan.files.some((f) => f.format !== 'jsonl' || f.codec !== 'none'))
          return;
        const places = [...result.documents, ...result.quarantined].map((r) => r.offset).sort((a, b) => a - b);
        expect(places.length).toBe(records(bytes));
        expect(new Set(places).size).toBe(places.length);
      }),
      { seed: SEED + 1, numRuns: RUNS },
    );
  });

  const packings: readonly [string, () => Buffer, (b: Buffer) => Uint8Array][] = [
    ['a.jsonl.gz', () => gzipSync(LINES), (b) => gunzipSync(b)],
    [
      'members.jsonl.gz',
      () => Buffer.concat([gzipSync(LINES.subarray(0, 5001)), gzipSync(LINES.subarray(5001))]),
      (b) => gunzipSync(b),
    ],
    ['a.jsonl.zst', () => Buffer.from(zstd.compress(LINES, 3)), (b) => decompress(b)],
    [
      'frames.jsonl.zst',
      () => Buffer.concat([zstd.compress(LINES.subarray(0, 5001), 3), zstd.compress(LINES.subarray(5001), 3)]),
      (b) => decompress(b),
    ],
  ];
  it.each(packings)(
    '%s: what an other decoder unpacks is read like the plain lines; what it refuses is said',
    async (name, pack, unpack) => {
      const whole = pack();
      await fc.assert(
        fc.asyncProperty(damages, fc.constantFrom(undefined, 5000), async (list, splitBytes) => {
          const bytes = damaged(whole, LINES, list);
          const result = await read(name, bytes, splitBytes);
          let plain: Buffer | null = null;
          try {
            plain = Buffer.from(unpack(bytes));
          } catch {
            // It refuses the file.
          }
          if (said(result) > 0) return;
          expect(plain).not.toBeNull();
          expect(result.documents.length).toBe(records(plain!));
        }),
        { seed: SEED + 2, numRuns: RUNS },
      );
    },
  );

  const table = new Table({
    id: vectorFromArray(
      ROWS.map((r) => r.id),
      new Utf8(),
    ),
    text: vectorFromArray(
      ROWS.map((r) => r.text),
      new Utf8(),
    ),
    n: vectorFromArray(
      ROWS.map((r) => r.n),
      new Int32(),
    ),
  });
  const parquet = (compression: Compression): Buffer =>
    Buffer.from(
      writeParquet(
        WasmTable.fromIPCStream(tableToIPC(table, 'stream')),
        new WriterPropertiesBuilder().setCompression(compression).setMaxRowGroupSize(20).build(),
      ),
    );
  const typed: readonly [string, Buffer][] = [
    ['plain.parquet', parquet(Compression.UNCOMPRESSED)],
    ['snappy.parquet', parquet(Compression.SNAPPY)],
    ['zstd.parquet', parquet(Compression.ZSTD)],
    ['gzip.parquet', parquet(Compression.GZIP)],
    ['lz4.parquet', parquet(Compression.LZ4_RAW)],
    ['brotli.parquet', parquet(Compression.BROTLI)],
    ['file.arrow', Buffer.from(tableToIPC(table, 'file'))],
    ['stream.arrows', Buffer.from(tableToIPC(table, 'stream'))],
  ];
  it.each(typed)('%s: all rows, or it is said', async (name, whole) => {
    expect((await read(name, whole)).documents.length).toBe(ROWS.length);
    await fc.assert(
      fc.asyncProperty(damages, async (list) => {
        const bytes = damaged(whole, LINES, list);
        const result = await read(name, bytes);
        if (said(result) === 0) expect(result.documents.length).toBe(ROWS.length);
      }),
      { seed: SEED + 3, numRuns: RUNS, timeout: 5000 },
    );
  });

  it('texts: one document, or it is said', async () => {
    await fc.assert(
      fc.asyncProperty(damages, fc.constantFrom('a.txt', 'a.txt.gz'), async (list, name) => {
        const whole = name === 'a.txt' ? LINES : gzipSync(LINES);
        const result = await read(name, damaged(whole, gzipSync(LINES), list));
        expect(result.documents.length === 1 || said(result) > 0).toBe(true);
      }),
      { seed: SEED + 4, numRuns: RUNS },
    );
  });
});
