import { readFileSync, writeFileSync } from 'node:fs';
import {
  Bool,
  Field,
  Float64,
  Int64,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm/node';
import { describe, expect, it } from 'vitest';
import { fixture, readAll } from './read-all.ts';

const ROWS = Array.from({ length: 50 }, (_, i) => ({
  text: i % 10 === 7 ? null : `Dokument ${i} — ${'żółw '.repeat(i * 20)}`,
  id: BigInt(i) * 1_000_000_007n,
  domain: i % 2 ? 'web' : 'books',
  score: i / 4,
  good: i % 3 === 0,
  tags: [`t${i}`, 'x'],
}));

function table(): Table {
  const of = (name: keyof (typeof ROWS)[number], type: Utf8 | Int64 | Float64 | Bool | List<Utf8>) =>
    vectorFromArray(ROWS.map((r) => r[name]) as never[], type as never);
  return new Table({
    text: of('text', new Utf8()),
    id: of('id', new Int64()),
    domain: of('domain', new Utf8()),
    score: of('score', new Float64()),
    good: of('good', new Bool()),
    tags: of('tags', new List(new Field('item', new Utf8(), true))),
  } as never);
}

const writeWith = (compression: Compression): Buffer =>
  Buffer.from(
    writeParquet(
      WasmTable.fromIPCStream(tableToIPC(table(), 'stream')),
      new WriterPropertiesBuilder().setCompression(compression).setMaxRowGroupSize(20).build(),
    ),
  );

const want = ROWS.flatMap((r, i) =>
  r.text === null
    ? []
    : [
        {
          id: String(r.id),
          text: r.text,
          domain: r.domain,
          metadata: `{"score":${r.score},"good":${r.good},"tags":["t${i}","x"]}`,
          offset: i % 20,
        },
      ],
);

describe('readParquet', () => {
  it.each([
    ['snappy', Compression.SNAPPY],
    ['zstd', Compression.ZSTD],
    ['gzip', Compression.GZIP],
    ['brotli', Compression.BROTLI],
    ['lz4', Compression.LZ4_RAW],
    ['nothing', Compression.UNCOMPRESSED],
  ])('reads text, fields and metadata packed with %s, by row groups', async (_, compression) => {
    const path = fixture('data.parquet', writeWith(compression));
    for (const splitBytes of [1, undefined]) {
      const { documents, quarantined, plan } = await readAll(path, { splitBytes });
      expect(plan.splits.map((s) => s.ranges.map(({ start, end }) => [start, end]))).toEqual(
        splitBytes ? [[[0, 1]], [[1, 2]], [[2, 3]]] : [[[0, 3]]],
      );
      expect(
        documents.map(({ id, text, domain, metadata, offset }) => ({ id, text, domain, metadata, offset })),
      ).toEqual(want);
      expect(quarantined.map((q) => [q.reason, q.offset])).toEqual(
        [7, 17, 7, 17, 7].map((offset) => ['missing_text', offset]),
      );
      const blocks = [...new Set(documents.map((d) => d.block))];
      expect(blocks.length).toBe(3);
      expect(blocks[0]).toBe(4);
    }
  });

  it('reads nested text, days, times, JSON metadata, and bytes that are no text', async () => {
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'body', data: ['one', 'two'], type: 'STRING' },
        { name: 'metadata', data: ['{"domain":"from json","n":1}', 'not json'], type: 'STRING' },
        { name: 'when', data: [new Date('2024-02-29T12:34:56.789Z'), null], type: 'TIMESTAMP' },
        { name: 'raw', data: [Uint8Array.of(0xff, 1), Uint8Array.of(65)], type: 'BYTE_ARRAY' },
      ],
    });
    const { documents } = await readAll(fixture('data.parquet', new Uint8Array(bytes)), { textField: 'body' });
    expect(documents.map((d) => [d.id, d.text, d.domain, d.metadata])).toEqual([
      [
        'data.parquet#4.0',
        'one',
        'from json',
        '{"domain":"from json","n":1,"when":"2024-02-29T12:34:56.789Z","raw":"/wE="}',
      ],
      ['data.parquet#4.1', 'two', 'data', '{"metadata":"not json","when":null,"raw":"A"}'],
    ]);
  });

  it('sets a damaged row group aside and reads the others; a damaged footer is the whole file', async () => {
    const bytes = writeWith(Compression.ZSTD);
    const path = fixture('data.parquet', bytes);
    const { documents } = await readAll(path);
    const second = [...new Set(documents.map((d) => d.block))][1];
    bytes.fill(0xee, second, second + 200);
    writeFileSync(path, bytes);
    const damaged = await readAll(path);
    expect(damaged.documents.map((d) => d.id)).toEqual(want.filter((_, i) => i < 18 || i >= 36).map((d) => d.id));
    expect(damaged.quarantined.filter((q) => q.reason === 'undecodable')).toMatchObject([
      { block: second, offset: 0, row: 20 },
    ]);
    const whole = readFileSync(path);
    whole.fill(0xee, whole.length - 60, whole.length - 10);
    const lost = await readAll(fixture('x.parquet', whole));
    expect(lost.documents).toEqual([]);
    expect(lost.quarantined).toMatchObject([{ reason: 'undecodable', block: 0, offset: 0, bytes: whole.length }]);
  });
});

describe('readArrow', () => {
  const batches = (): Table => {
    const t = table();
    return new Table(
      t.schema,
      [0, 20, 40].flatMap((from) => t.slice(from, Math.min(50, from + 20)).batches),
    );
  };

  it('reads record batches of a file, alone or together', async () => {
    const path = fixture('data.arrow', tableToIPC(batches(), 'file'));
    for (const splitBytes of [1, undefined]) {
      const { documents, quarantined, plan } = await readAll(path, { splitBytes });
      expect(plan.splits.length).toBe(splitBytes ? 3 : 1);
      expect(
        documents.map(({ id, text, domain, metadata, offset }) => ({ id, text, domain, metadata, offset })),
      ).toEqual(want);
      expect(quarantined.length).toBe(5);
      expect(new Set(documents.map((d) => d.block)).size).toBe(3);
    }
  });

  it('reads a stream; block is the file byte of the record batch', async () => {
    const bytes = tableToIPC(batches(), 'stream');
    const { documents, plan } = await readAll(fixture('data.arrows', bytes));
    expect(plan.files[0].format).toBe('arrow');
    expect(documents.map(({ id, text, domain, metadata, offset }) => ({ id, text, domain, metadata, offset }))).toEqual(
      want,
    );
    const starts = [...new Set(documents.map((d) => d.block))];
    expect(starts.length).toBe(3);
    for (const s of starts) expect(Buffer.from(bytes).readUInt32LE(s)).toBe(0xffffffff);
  });

  it('sees bytes that are not UTF-8, reads structs, and sets damage aside', async () => {
    const text = makeData({
      type: new Utf8(),
      length: 2,
      valueOffsets: Int32Array.of(0, 2, 4),
      data: Uint8Array.of(0xff, 0xfe, 111, 107),
    });
    const meta = vectorFromArray([
      { domain: 'd', n: 1 },
      { domain: 'e', n: 2 },
    ]).data[0];
    const schema = new Schema([new Field('text', new Utf8(), true), new Field('metadata', meta.type, true)]);
    const batch = new RecordBatch(
      schema,
      makeData({ type: new Struct(schema.fields), length: 2, children: [text, meta] }),
    );
    const bytes = tableToIPC(new Table([batch]), 'file');
    const { documents, quarantined } = await readAll(fixture('s.arrow', bytes));
    expect(documents).toMatchObject([{ text: 'ok', domain: 'e', metadata: '{"domain":"e","n":2}', offset: 1, row: 1 }]);
    expect(quarantined).toMatchObject([{ reason: 'invalid_utf8', bytes: 2, offset: 0, row: 0 }]);
    const cut = await readAll(fixture('cut.arrow', bytes.subarray(0, bytes.length - 40)));
    expect(cut.documents).toEqual([]);
    expect(cut.quarantined).toMatchObject([{ reason: 'undecodable', offset: 0 }]);
  });
});
