import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { numberAt, stringAt } from '../../../src/streams/batch/columns.ts';
import { readSpan, readSpill, SpillWriter } from '../../../src/streams/flow/spill-file.ts';
import { batchOf } from '../../helpers/batches.ts';

async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-spill-'));
  try {
    await use(join(folder, 'spill'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('spill', () => {
  it('gives batches back with every column, null, cut span and flag', () =>
    inFolder(async (path) => {
      const cuts = {
        offsets: Int32Array.of(0, 0, 2),
        start: Int32Array.of(1, 5),
        end: Int32Array.of(3, 6),
        rule: Uint16Array.of(0, 1),
        rules: ['a', 'b'],
      };
      const first = batchOf(['café', ''], { annotations: { score: [null, 0.25] } }).with({
        cuts,
        textVersion: 2,
        stale: new Set(['score']),
      });
      const second = batchOf(['🐎'.repeat(1000)], { sequence: 1 });
      const writer = await SpillWriter.open(path);
      const spans = await writer.write(first);
      const spans2 = await writer.write(second);
      await writer.finish();
      const back: DocumentBatch[] = [];
      for await (const b of readSpill(path)) back.push(b);
      expect(back.map((b) => [b.rows, b.sequence])).toEqual([
        [2, 0],
        [1, 1],
      ]);
      expect(back[0].text(0)).toBe('café');
      expect([0, 1].map((i) => numberAt(back[0].number('score'), i))).toEqual([null, 0.25]);
      expect(back[0].cuts).toEqual(cuts);
      expect([back[0].textVersion, [...back[0].stale]]).toEqual([2, ['score']]);
      expect(stringAt(back[1].utf8('id'), 0)).toBe('d0');
      const handle = await open(path);
      expect(Buffer.from(await readSpan(handle, spans.start[0], spans.bytes[0], path)).toString()).toBe('café');
      expect((await readSpan(handle, spans2.start[0], spans2.bytes[0], path)).length).toBe(4000);
      await handle.close();
    }));

  it('says so when the file is cut short or is something else', () =>
    inFolder(async (path) => {
      await writeFile(path, 'not a spill at all');
      await expect(readSpill(path).next()).rejects.toThrow(/expected/);
    }));
});
