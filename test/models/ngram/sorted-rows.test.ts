import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Scratch, scratchIn } from '../../../src/files/scratch.ts';
import { RowSorter } from '../../../src/models/ngram/sorted-rows.ts';
import { generator } from '../../helpers/corpus.ts';
import { temporaryFolder } from './folders.ts';

it(
  'rows of many runs come back sorted, from few files that have no name and are closed when they are ' + 'read',
  async () => {
    const folder = await temporaryFolder();
    const files = scratchIn(folder);
    const open = new Set<number>();
    let ever = 0;
    const scratch: Scratch = {
      ...files,
      open() {
        const handle = files.open();
        open.add(handle);
        ever++;
        return handle;
      },
      close(handle) {
        open.delete(handle);
        files.close(handle);
      },
    };
    const sorter = new RowSorter({ keys: 2, width: 3 }, 0, scratch);
    const random = generator(3);
    const rows = Array.from({ length: 700 }, (_, i) => [Math.floor(random() * 30), Math.floor(random() * 1e6), i]);
    // 140 runs of 5 rows each, of which 64 share a file.
    for (let at = 0; at < rows.length; at += 5) sorter.spill(Int32Array.from(rows.slice(at, at + 5).flat()), 5);
    expect([ever, open.size, sorter.runs]).toEqual([3, 3, 140]);
    expect(readdirSync(folder)).toEqual([]);
    const sorted = sorter.sorted();
    const back = [[...(sorted.next().value as Int32Array)]];
    // Two of the files were merged into the third.
    expect([ever, open.size]).toEqual([3, 1]);
    for (const row of sorted) back.push([...row]);
    expect(open.size).toBe(0);
    expect(back).toEqual(rows.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]));
  },
);

it.skipIf(!existsSync('/dev/full'))('a full disk is an error that names the folder', () => {
  const full = openSync('/dev/full', 'r+');
  const sorter = new RowSorter({ keys: 1, width: 1 }, 0, { ...scratchIn('/there'), open: () => full });
  expect(() => sorter.spill(Int32Array.of(2, 1), 2)).toThrow(
    '/there: expected disk space for counts that do not fit in memory, got a full disk (ENOSPC). Raise --memory,',
  );
  closeSync(full);
});
