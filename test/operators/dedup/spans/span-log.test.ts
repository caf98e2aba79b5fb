import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COPY_WORDS, SpanLog, VERIFIED } from '../../../../src/operators/dedup/spans/span-log.ts';
import { KeyTables } from '../../../../src/operators/dedup/tables/key-tables.ts';
import { encodeFrame } from '../../../../src/streams/flow/spill.ts';
import { SpillWriter } from '../../../../src/streams/flow/spill-file.ts';
import { batchOf } from '../../../helpers/batches.ts';
import { temporaryFolder } from '../../../helpers/run.ts';

async function tablesOf(rows: readonly number[]): Promise<{ tables: KeyTables; keys: string[] }> {
  const folder = await temporaryFolder();
  const keys = rows.map((_, s) => join(folder, `k${s}`));
  for (const [s, count] of rows.entries()) {
    const writer = await SpillWriter.open(keys[s]);
    await writer.writeFrame(encodeFrame(batchOf(new Array<string>(count).fill('a'), { split: s, sequence: 0 })));
    await writer.finish();
  }
  const splits = keys.map((k, split) => ({ split, spill: k, keys: k }));
  return { tables: new KeyTables(splits), keys };
}

describe('SpanLog', () => {
  it('gives the copies of a split by row and start, also where they waited on disk', async () => {
    const { tables, keys } = await tablesOf([3, 2]);
    const log = new SpanLog(tables, 8000, COPY_WORDS);
    const want: number[][][] = [[], []];
    // Ascending documents, as often as an anchor is looked at: 500 rounds of 5 documents.
    for (let i = 0; i < 500; i++)
      for (let document = 0; document < 5; document++) {
        const start = (i * 7919) % 5003;
        log.add(document, start, start + 9, i % 2 === 0 ? VERIFIED : document, i, i + 9);
        want[document < 3 ? 0 : 1].push([document % 3, start, start + 9, i % 2 === 0 ? VERIFIED : document, i, i + 9]);
      }
    expect(existsSync(`${keys[0]}.found.tmp`)).toBe(true);
    for (const split of [0, 1]) {
      want[split].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      expect([...log.take(split)]).toEqual(want[split].flat());
    }
    log.close();
    expect(existsSync(`${keys[0]}.found.tmp`)).toBe(false);
  });
});
