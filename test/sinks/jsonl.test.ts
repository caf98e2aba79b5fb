import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { jsonl } from '../../src/sinks/descriptors.ts';
import type { TableBatch } from '../../src/sinks/table.ts';
import { openSegmentWriter } from '../../src/sinks/writers.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { type AnyRow, anyRow, batchesOf, plainRow, query, repeated, sinkFolder, tableOf } from '../helpers/tables.ts';

async function write(
  batches: readonly TableBatch[],
  options: Parameters<typeof jsonl>[0] = {},
): Promise<{ path: string; bytes: Buffer }> {
  const runDirectory = await sinkFolder();
  const writer = await openSegmentWriter(jsonl(options), { runDirectory, path: 'segment' });
  for (const batch of batches) await writer.write(batch);
  const file = await writer.finish();
  const path = join(runDirectory, `${file!.path}.tmp`);
  return { path, bytes: readFileSync(path) };
}

const lines = (bytes: Uint8Array): string[] => Buffer.from(bytes).toString('utf8').split('\n').slice(0, -1);

/** 64-bit integers come back as doubles from JSON.parse; the digits themselves are compared in a test of their own. */
const asJson = (r: AnyRow): unknown =>
  JSON.parse(JSON.stringify({ ...r, offset: r.offset === null ? null : Number(r.offset) }));

describe('jsonl', () => {
  it('reads back exactly', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 20 }), async (rows) => {
        const { bytes } = await write(batchesOf(rows, [7]), { compression: 'none' });
        expect(lines(bytes).map((l) => JSON.parse(l))).toEqual(rows.map(asJson));
      }),
      { seed: 21, numRuns: 60 },
    );
  });

  it('writes the very bytes that JSON.stringify would, for any text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { minLength: 1 }), async (texts) => {
        const { bytes } = await write([{ columns: new Map([['text', utf8Column(texts)]]), rows: texts.length }], {
          compression: 'none',
        });
        expect(bytes.toString('utf8')).toBe(texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
      }),
      { seed: 22, numRuns: 200 },
    );
    const every = `${String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))}\u2028\ufeff😀`;
    const { bytes } = await write([{ columns: new Map([['text', utf8Column([every.repeat(200)])]]), rows: 1 }], {
      compression: 'none',
    });
    // JSON.stringify writes DEL as it is, and so do we.
    expect(bytes.toString('utf8')).toBe(`${JSON.stringify({ text: every.repeat(200) })}\n`);
  });

  it('writes a line as a person would expect it', async () => {
    const { columns } = tableOf([{ ...plainRow, offset: 9007199254740993n, score: null }]);
    const table: TableBatch = {
      rows: 1,
      columns: new Map([
        ['id', columns.get('id')!],
        ['text', columns.get('text')!],
        ['metadata', utf8Column(['{"url": "x",\r\n "n": 1.0}'])],
        ...[...columns].slice(2),
      ]),
    };
    const { bytes } = await write([table], { compression: 'none', textField: 'content' });
    expect(bytes.toString()).toBe(
      '{"id":"a","content":"some text","metadata":{"url": "x",   "n": ' +
        '1.0},"score":null,"count":-3,"row":0,"offset":9007199254740993,' +
        '"failed":["x","y"],"spans":[{"start":1,"end":4,"rule":"r"}]}\n',
    );
  });

  it.each([
    ['', 'null'],
    ['{}', '{}'],
    ['not json', '"not json"'],
    ['[1]', '"[1]"'],
  ])('metadata %j becomes %s', async (metadata, expected) => {
    const { bytes } = await write([{ rows: 1, columns: new Map([['metadata', utf8Column([metadata])]]) }], {
      compression: 'none',
    });
    expect(bytes.toString()).toBe(`{"metadata":${expected}}\n`);
  });

  it('compresses into independent frames; a file cut at a frame boundary is a good file', async () => {
    const rows = repeated([{ ...plainRow, text: 'x'.repeat(1000) }], 9000);
    const plain = (await write(batchesOf(rows, [500]), { compression: 'none' })).bytes;
    const { path, bytes } = await write(batchesOf(rows, [500]));
    expect(Buffer.from(decompress(bytes)).equals(plain)).toBe(true);
    const starts: number[] = [];
    const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 4)) starts.push(at);
    expect(starts.length).toBe(3);
    const first = lines(decompress(bytes.subarray(0, starts[1])));
    expect(first.length).toBe(Math.floor((4 * 1024 * 1024) / (1 + 1000 + 2 + 1)));
    expect(JSON.parse(first[4176])).toMatchObject({ row: 4176 });
    expect(
      await query(
        `SELECT count(*)::INT AS n, max("row")::INT AS last FROM read_json('${path}', format = ` +
          "'newline_delimited', compression = 'zstd')",
      ),
    ).toEqual([{ n: 9000, last: 8999 }]);
  });

  it('writes gzip members one after the other', async () => {
    const rows = repeated([plainRow], 8200);
    const plain = (await write(batchesOf(rows, [500]), { compression: 'none' })).bytes;
    const { bytes } = await write(batchesOf(rows, [500]), { compression: 'gz' });
    expect(gunzipSync(bytes).equals(plain)).toBe(true);
  });

  it('writes the chosen columns in the chosen order', async () => {
    const { bytes } = await write([tableOf([plainRow])], { compression: 'none', columns: ['row', 'text'] });
    expect(bytes.toString()).toBe('{"row":0,"text":"some text"}\n');
  });
});
