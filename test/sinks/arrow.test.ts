import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { arrow } from '../../src/sinks/descriptors.ts';
import { openSegmentWriter } from '../../src/sinks/writers.ts';
import { type AnyRow, batchesOf, plainRow, repeated, sinkFolder } from '../helpers/tables.ts';

const rows: AnyRow[] = [
  plainRow,
  { ...plainRow, id: null, text: 'żółw 🐢', score: null, offset: -(2n ** 63n), failed: [] },
  { ...plainRow, text: '', failed: null, spans: [], row: 4294967295 },
];

describe.each(['file', 'stream'] as const)('arrow %s', (format) => {
  it('reads back exactly, one record batch a row group', async () => {
    const runDirectory = await sinkFolder();
    const writer = await openSegmentWriter(arrow({ format }), { runDirectory, path: 'segment' });
    const many = repeated(rows, 8200);
    for (const batch of batchesOf(many, [777])) await writer.write(batch);
    const file = await writer.finish();
    const table = tableFromIPC(readFileSync(join(runDirectory, `${file!.path}.tmp`)));
    expect(table.batches.map((b) => b.numRows)).toEqual([8192, 8]);
    expect(table.schema.fields.map((f) => `${f.name} ${f.type}`)).toEqual([
      'id Utf8',
      'text Utf8',
      'score Float64',
      'count Int32',
      'row Uint32',
      'offset Int64',
      'failed List<Utf8>',
      'spans List<Struct<{start:Int32, end:Int32, rule:Utf8}>>',
    ]);
    for (const at of [0, 1, 2, 8191, 8192, 8199]) {
      const { failed, spans, ...flat } = table.get(at)!.toJSON();
      const expected = many[at];
      expect({
        ...flat,
        failed: failed?.toJSON() ?? null,
        spans: spans.toJSON().map((s: { toJSON(): unknown }) => s.toJSON()),
      }).toEqual(expected);
    }
  });
});
