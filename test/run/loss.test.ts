import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { annotate, GuardError, parquet, type RunJson, recipe, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { openRunDatabase } from '../../src/ledger/database.ts';
import { committedTotals, openRunFolder } from '../../src/ledger/run-folder.ts';
import { loadZstdModule } from '../../src/streams/codecs/zstd-module.ts';
import { jsonLines } from '../helpers/corpus.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';
import { readAll } from '../streams/formats/read-all.ts';

const parts = { name: 'keep', steps: [annotate(textStatistics(), { step: 'stats' })], sinks: [parquet()] };
const keep = recipe(parts);
const small = recipe({ ...parts, splitBytes: 50_000 });
const ROWS = 5000;
const ids = Array.from({ length: ROWS }, (_, i) => `d${i}`);
const texts = ids.map((id) => `Document ${id} of the mill by the river, where the wheel turns.`);

/** Five row groups of 1,000 rows; of `broken` of them the pages are damaged. */
function parquetBytes(broken: number): Uint8Array {
  const columnData = [
    { name: 'id', data: ids, type: 'STRING' as const },
    { name: 'text', data: texts, type: 'STRING' as const },
  ];
  const bytes = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: ROWS / 5, codec: 'SNAPPY' }));
  const body = bytes.length - 8 - Buffer.from(bytes).readUInt32LE(bytes.length - 8);
  for (let i = 0; i < broken; i++) bytes.fill(0xff, Math.floor((body * i) / 5) + 8, Math.floor((body * i) / 5) + 60);
  return bytes;
}

describe('loss is counted in what was lost', () => {
  it('rows of damaged row groups: in counters, quarantine, guard and views', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.jsonl'), jsonLines(ids.slice(0, 1200).map((id) => ({ id, text: 'kept' }))));
    await writeFile(join(folder, 'b.parquet'), parquetBytes(5));
    const output = join(folder, 'out');
    const stopped = await runToEnd(keep, { input: [join(folder, '*.*')], output }).catch((e: unknown) => e);
    expect(stopped).toBeInstanceOf(GuardError);
    expect((stopped as GuardError).saw).toMatchObject({
      guard: 'quarantine',
      documents: 5000,
      outOf: 6200,
      flag: '--allow-quarantine',
    });
    const { last } = await runToEnd(keep, { input: [join(folder, '*.*')], output, allow: { quarantine: true } });
    const { totals } = (last as { result: RunJson }).result;
    expect(totals).toMatchObject({
      read: { documents: 6200 },
      kept: { documents: 1200 },
      quarantined: { records: 5, documents: 5000, estimated: 0, byReason: { undecodable: 5000 } },
    });
    const db = await openRunDatabase(await openRunFolder(output));
    try {
      const reader = await db.connection.runAndReadAll('SELECT sum(rows)::INT, max(rows_estimated) FROM quarantine');
      expect(reader.getRows()).toEqual([[5000, 0]]);
      const commits = await db.connection.runAndReadAll('SELECT sum(read)::INT, sum(quarantined)::INT FROM commits');
      expect(commits.getRows()).toEqual([[6200, 5000]]);
    } finally {
      db.close();
    }
    expect(readFileSync(join(output, 'README.md'), 'utf8')).toContain('5000 in 5 records');
  });

  it('rows of a damaged record batch, by its header', async () => {
    const table = new Table({ id: vectorFromArray(ids, new Utf8()), text: vectorFromArray(texts, new Utf8()) });
    const bytes = tableToIPC(
      new Table(
        table.schema,
        [0, 2000].flatMap((n) => table.slice(n, n + 2000).batches),
      ),
      'file',
    );
    const folder = await temporaryFolder();
    const path = join(folder, 'x.arrow');
    await writeFile(path, bytes);
    const whole = await readAll(path);
    expect(whole.documents.length).toBe(4000);
    const second = whole.documents[2000].block;
    // Offsets of the ids: they decrease now.
    const damaged = Uint8Array.from(bytes);
    damaged.fill(0xee, second + 500, second + 600);
    await writeFile(path, damaged);
    const { documents, quarantined } = await readAll(path);
    expect(documents.length).toBe(2000);
    expect(quarantined).toMatchObject([{ block: second, rows: 2000 }]);
    expect(quarantined[0].estimated).toBeUndefined();
  });

  it('documents of a damaged frame that tells its size, by the size of those read', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'x.jsonl.zst');
    const zstd = await loadZstdModule();
    const frames = [0, 1, 2, 3, 4].map((i) => {
      const lines = ids.slice(i * 1000, i * 1000 + 1000).map((id, k) => ({ id, text: texts[i * 1000 + k] }));
      return Buffer.from(zstd.compress(Buffer.from(jsonLines(lines)), 3));
    });
    frames[3].fill(0xff, 20, 60);
    await writeFile(path, Buffer.concat(frames));
    const { documents, quarantined } = await readAll(path);
    expect(documents.length).toBe(4000);
    expect(quarantined).toMatchObject([{ reason: 'undecodable', estimated: true }]);
    expect(Math.abs(quarantined[0].rows! - 1000)).toBeLessThan(10);
  });

  it('documents after damage in a file of one stream, by how well the rest is packed', async () => {
    const folder = await temporaryFolder();
    const random = Array.from({ length: ROWS }, (_, i) => ({ text: `${Math.sin(i)} ${Math.cos(i)} ${texts[i]}` }));
    const packed = gzipSync(jsonLines(random));
    packed.fill(0xff, Math.floor(packed.length / 2), Math.floor(packed.length / 2) + 200);
    const path = join(folder, 'x.jsonl.gz');
    await writeFile(path, packed);
    const { documents, quarantined } = await readAll(path);
    const lost = quarantined.reduce((n, q) => n + (q.rows ?? 1), 0);
    expect(documents.length).toBeGreaterThan(2000);
    expect(quarantined.filter((q) => q.reason === 'undecodable')).toMatchObject([{ estimated: true }]);
    expect(Math.abs(documents.length + lost - ROWS)).toBeLessThan(0.05 * ROWS);
  });

  it('files of which nothing is read, by what the run read of others', async () => {
    const folder = await temporaryFolder();
    const bytes = parquetBytes(0);
    for (const i of [0, 1, 2]) await writeFile(join(folder, `train-${i}.parquet`), bytes);
    for (const i of [3, 4]) await writeFile(join(folder, `train-${i}.parquet`), bytes.subarray(0, bytes.length - 20));
    const input = [join(folder, '*.parquet')];
    const output = join(folder, 'out');
    const stopped = await runToEnd(keep, { input, output }).catch((e: unknown) => e);
    expect(stopped).toBeInstanceOf(GuardError);
    expect((stopped as GuardError).message).toContain('about ');
    const { last } = await runToEnd(keep, { input, output, allow: { quarantine: true } });
    const { totals } = (last as { result: RunJson }).result;
    const lost = totals!.quarantined;
    expect(totals!.kept.documents).toBe(3 * ROWS);
    expect(Math.abs(lost.documents - 2 * ROWS)).toBeLessThan(0.01 * ROWS);
    expect(lost).toMatchObject({ records: 2, estimated: lost.documents, byReason: { undecodable: lost.documents } });
    expect(totals!.read.documents).toBe(totals!.kept.documents + lost.documents);
  });

  it('the same over the files of quarantine, in sql and in the summary, before the end and at it', async () => {
    const folder = await temporaryFolder();
    const lines = ids.map((id, i) => ({ id, text: texts[i].repeat((i % 7) + 1) }));
    for (const i of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const packed = Buffer.from(
        (await loadZstdModule()).compress(Buffer.from(jsonLines(lines.slice(100 * i, 500 * i + 500))), 3),
      );
      if (i > 1) packed.fill(0xff, 40, 90);
      await writeFile(join(folder, `${i}.jsonl.zst`), packed);
    }
    const input = [join(folder, '*.zst')];
    const output = join(folder, 'out');
    const sums = async () => {
      const run = await openRunFolder(output);
      const db = await openRunDatabase(run);
      try {
        const reader = await db.connection.runAndReadAll('SELECT sum(rows)::INT, min(rows)::INT FROM quarantine');
        return { sum: reader.getRows()[0], totals: committedTotals(run).quarantined };
      } finally {
        db.close();
      }
    };
    await expect(runToEnd(small, { input, output, shardSize: 1024 })).rejects.toThrow(GuardError);
    const stopped = await sums();
    expect(stopped.totals.blind).toHaveLength(1);
    expect(stopped.sum[0]).toBe(stopped.totals.documents);
    // Shards of one segment each: what comes before a shard is counted with it.
    await runToEnd(small, { input, output, allow: { quarantine: true } });
    const done = await sums();
    expect(done.totals).toMatchObject({ records: 6, blind: [{ records: 6, documents: done.totals.documents }] });
    expect(done.sum).toEqual([done.totals.documents, expect.any(Number)]);
    expect(done.sum[1]).toBeGreaterThan(100);
    const files = readdirSync(join(output, 'quarantine')).map((f) =>
      readFileSync(join(output, 'quarantine', f), 'utf8'),
    );
    expect(files.length).toBeGreaterThan(1);
    const rows = files.flatMap((f) =>
      f
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { rows: number }).rows),
    );
    expect(rows.reduce((a, b) => a + b)).toBe(done.totals.documents);
  });

  it('one damaged frame with its size in the header, by the lines of another file', async () => {
    const folder = await temporaryFolder();
    const lines = Buffer.from(jsonLines(ids.map((id, i) => ({ id, text: texts[i] }))));
    const packed = Buffer.from((await loadZstdModule()).compress(lines, 3));
    packed.fill(0xff, 40, 90);
    await writeFile(join(folder, 'a.jsonl'), lines);
    await writeFile(join(folder, 'b.jsonl.zst'), packed);
    const input = [join(folder, '*.*')];
    const { last } = await runToEnd(keep, { input, output: join(folder, 'out'), allow: { quarantine: true } });
    expect((last as { result: RunJson }).result.totals).toMatchObject({
      read: { documents: 2 * ROWS },
      kept: { documents: ROWS },
      quarantined: { records: 1, documents: ROWS, estimated: ROWS },
    });
  });

  it('with a sample, the same share of what is lost', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'b.parquet'), parquetBytes(1));
    const options = { input: [join(folder, '*.*')], output: join(folder, 'out'), samplePercent: 10 };
    const { last } = await runToEnd(keep, { ...options, allow: { quarantine: true } });
    const { totals } = (last as { result: RunJson }).result;
    expect(totals!.quarantined.documents).toBe(100);
    expect(Math.abs(totals!.kept.documents - 400)).toBeLessThan(60);
  });

  it('of an Arrow file without its end: the rows of the batch that is cut, and none with the footer', async () => {
    const table = new Table({ id: vectorFromArray(ids, new Utf8()), text: vectorFromArray(texts, new Utf8()) });
    const batches = [0, 2000].flatMap((n) => table.slice(n, n + 2000).batches);
    // The messages of a file are those of a stream; of the footer only the beginning is there.
    const messages = tableToIPC(new Table(table.schema, batches), 'stream');
    const bytes = Buffer.concat([Buffer.from('ARROW1\0\0'), messages, Buffer.alloc(100, 7)]);
    const folder = await temporaryFolder();
    const path = join(folder, 'x.arrow');
    await writeFile(path, bytes);
    const whole = await readAll(path);
    expect([whole.documents.length, whole.quarantined]).toEqual([4000, []]);
    const second = whole.documents[2000].block;
    await writeFile(path, bytes.subarray(0, second + 5000));
    const cut = await readAll(path);
    expect(cut.documents.length).toBe(2000);
    expect(cut.quarantined).toMatchObject([{ block: second, rows: 2000, bytes: 5000 }]);
    expect(cut.quarantined[0].estimated).toBeUndefined();
  });

  it('lines of nonsense before a wrong checksum, and the rest of the file, by the bytes', async () => {
    const random = Array.from({ length: ROWS }, (_, i) => ({ text: `${Math.sin(i)} ${Math.cos(i)} ${texts[i]}` }));
    const packed = gzipSync(jsonLines(random));
    const folder = await temporaryFolder();
    const path = join(folder, 'x.jsonl.gz');
    for (const part of [0.3, 0.5, 0.7]) {
      const broken = Buffer.from(packed);
      broken.fill(0xff, Math.floor(packed.length * part), Math.floor(packed.length * part) + 50);
      await writeFile(path, broken);
      const { documents, quarantined } = await readAll(path);
      const lost = quarantined.reduce((n, q) => n + (q.rows ?? 1), 0);
      expect(Math.abs(documents.length + lost - ROWS)).toBeLessThan(0.05 * ROWS);
    }
  });

  it('a file whose footer is gone by its bytes, and says that it is an estimate', async () => {
    const folder = await temporaryFolder();
    const bytes = parquetBytes(0);
    const path = join(folder, 'x.parquet');
    await writeFile(path, bytes.subarray(0, bytes.length - 20));
    const { quarantined } = await readAll(path);
    expect(quarantined).toMatchObject([
      { reason: 'undecodable', rows: Math.round((bytes.length - 20) / 2048), estimated: true },
    ]);
  });
});
