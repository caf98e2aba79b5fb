import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RowSorter } from '../../../src/models/ngram/sorted-rows.ts';
import { generator } from '../../helpers/corpus.ts';
import { temporaryFolder } from './folders.ts';

it('rows of many files come back sorted, of which at most 64 are open at once', async () => {
  const folder = await temporaryFolder();
  const sorter = new RowSorter({ keys: 2, width: 3 }, 0, { folder, files: 0 });
  const random = generator(3);
  const rows = Array.from({ length: 700 }, (_, i) => [Math.floor(random() * 30), Math.floor(random() * 1e6), i]);
  // 140 files of 5 rows each.
  for (let at = 0; at < rows.length; at += 5) sorter.spill(Int32Array.from(rows.slice(at, at + 5).flat()), 5);
  expect(readdirSync(folder)).toHaveLength(140);
  const back: number[][] = [];
  let files = 0;
  for (const row of sorter.sorted()) {
    files = Math.max(files, readdirSync(folder).length);
    back.push([...row]);
  }
  expect(files).toBeLessThanOrEqual(64);
  expect(back).toEqual(rows.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
});
