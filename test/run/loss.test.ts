import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { annotate, GuardError, parquet, type RunJson, recipe, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { openRunDatabase } from '../../src/ledger/database.ts';
import { openRunFolder } from '../../src/ledger/run-folder.ts';
import { loadZstdModule } from '../../src/streams/codecs/zstd-module.ts';
import { jsonLines } from '../helpers/corpus.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';
import { readAll } from '../streams/formats/read-all.ts';

const keep = recipe({ name: 'keep', steps: [annotate(textStatistics(), { step: 'stats' })], sinks: [parquet()] });
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
