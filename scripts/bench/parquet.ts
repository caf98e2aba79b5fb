// Our Parquet writer and reader beside hyparquet-writer, hyparquet and parquet-wasm, on the same documents, with the
// same rows: npx tsx scripts/bench/parquet.ts [--json] [--mb 16]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Table as ArrowTable, tableFromIPC, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { Compression, readParquet, Table, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm/node';
import { lastValueFrom, reduce } from 'rxjs';
import { parquet } from '../../src/sinks/descriptors.ts';
import type { TableBatch } from '../../src/sinks/table.ts';
import { openSegmentWriter } from '../../src/sinks/writers.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { readDocuments } from '../../src/streams/inputs/read-documents.ts';
import { beside, printMeasured } from './beside.ts';
import { benchmarkLines, inTemporaryFolder } from './corpus.ts';

const { values: options } = parseArgs({ options: { json: { type: 'boolean' }, mb: { type: 'string' } } });
const { lines, what } = benchmarkLines(Number(options.mb ?? 16) * 1e6);
const documents = lines
  .toString('utf8')
  .trimEnd()
  .split('\n')
  .map((line, i) => {
    const { id, text } = JSON.parse(line) as { id?: string; text: string };
    return { id: id ?? `d${i}`, text };
  });
const { folder, done } = inTemporaryFolder(Buffer.alloc(0));
const ids = documents.map((d) => d.id);
const texts = documents.map((d) => d.text);
const textBytes = texts.reduce((n, t) => n + Buffer.byteLength(t), 0);
const told = (rows: number, bytes: number): string => `${rows} rows, ${bytes} bytes of text`;

/** Rows and bytes of text of a Parquet file, read by a library that is none of those measured as writers. */
async function readBack(bytes: Uint8Array): Promise<string> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, columns: ['text'] });
  return told(
    rows.length,
    rows.reduce((n, r) => n + Buffer.byteLength(r.text as string), 0),
  );
}

/** Batches of 256 documents, as a run has them. */
const BATCH = 256;
const batches: TableBatch[] = Array.from({ length: Math.ceil(documents.length / BATCH) }, (_, i) => {
  const part = documents.slice(i * BATCH, (i + 1) * BATCH);
  const columns = new Map([
    ['id', utf8Column(part.map((d) => d.id))],
    ['text', utf8Column(part.map((d) => d.text))],
  ]);
  return { rows: part.length, columns };
});
const utf8 = (values: readonly string[]) => vectorFromArray(values, new Utf8());
const arrow = tableToIPC(new ArrowTable({ id: utf8(ids), text: utf8(texts) }), 'stream');

const written = new Map<string, Uint8Array>();
const sink = parquet({ compression: 'snappy' });
const writing = await beside('write, snappy', textBytes, [
  {
    name: 'ours (bounded, canonical)',
    run: async () => {
      const writer = await openSegmentWriter(sink, { runDirectory: folder, path: 'segment' });
      for (const batch of batches) await writer.write(batch);
      return `${(await writer.finish())?.rows} rows`;
    },
  },
  {
    name: 'hyparquet-writer',
    run: () => {
      const columnData = [
        { name: 'id', data: ids, type: 'STRING' as const },
        { name: 'text', data: texts, type: 'STRING' as const },
      ];
      written.set('hyparquet-writer', new Uint8Array(parquetWriteBuffer({ columnData, codec: 'SNAPPY' })));
      return `${documents.length} rows`;
    },
  },
  {
    name: 'parquet-wasm (whole table)',
    run: () => {
      const properties = new WriterPropertiesBuilder()
        .setCompression(Compression.SNAPPY)
        .setMaxRowGroupSize(8192)
        .build();
      written.set('parquet-wasm', writeParquet(Table.fromIPCStream(arrow), properties));
      return `${documents.length} rows`;
    },
  },
]);

const writer = await openSegmentWriter(sink, { runDirectory: folder, path: 'segment' });
for (const batch of batches) await writer.write(batch);
const file = await writer.finish();
if (file === null) throw new Error('nothing was written');
const bytes = new Uint8Array(readFileSync(join(folder, `${file.path}.tmp`)));
const path = join(folder, 'input.parquet');
writeFileSync(path, bytes);
// What was written is the same documents, whoever wrote it.
const expected = told(documents.length, textBytes);
for (const [name, made] of [['ours', bytes] as const, ...written]) {
  const got = await readBack(made);
  if (got !== expected) throw new Error(`${name} wrote ${got}, expected ${expected}`);
}

const reading = await beside('read id and text', textBytes, [
  {
    name: 'ours (readDocuments)',
    run: () =>
      lastValueFrom(
        readDocuments(path).pipe(
          reduce(
            ([rows, sum], batch) => {
              const { offsets } = batch.utf8('text');
              return [rows + batch.rows, sum + offsets[batch.rows] - offsets[0]] as const;
            },
            [0, 0] as readonly [number, number],
          ),
        ),
      ).then(([rows, sum]) => told(rows, sum)),
  },
  { name: 'hyparquet (to objects)', run: () => readBack(bytes) },
  {
    name: 'parquet-wasm (to Arrow)',
    run: () => {
      const column = tableFromIPC(readParquet(bytes).intoIPCStream()).getChild('text');
      let [rows, sum] = [0, 0];
      for (const { length, valueOffsets } of column?.data ?? []) {
        rows += length;
        sum += valueOffsets[length] - valueOffsets[0];
      }
      return told(rows, sum);
    },
  },
]);
done();
printMeasured([...writing, ...reading], options.json === true, `${(textBytes / 1e6).toFixed(1)} MB of text (${what})`);
