import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { SPLIT_BYTES, splitBytesOf } from '../../../src/run/split/windows.ts';
import { readOptions } from '../../../src/streams/inputs/read-options.ts';
import { planSplits } from '../../../src/streams/plan/plan.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const MB = 2 ** 20;

it('a large document takes more than a split, packed or not, unless it is too long to be read', async () => {
  const folder = await temporaryFolder();
  const text = 'Water under the bridge, and then the mill.\n'.repeat(Math.ceil((3 * MB) / 43)).slice(0, 3 * MB);
  writeFileSync(join(folder, 'packed.txt'), gzipSync(text));
  writeFileSync(join(folder, 'plain.txt'), text);
  writeFileSync(join(folder, 'small.txt'), 'Water.');
  const options = readOptions.parse({ format: 'text' });
  const { files } = await planSplits([folder], options, { splitBytes: 32 * MB });
  expect(files.map((f) => [f.path, f.textBytes])).toEqual([
    ['packed.txt', 3 * MB],
    ['plain.txt', undefined],
    ['small.txt', undefined],
  ]);
  const [packed, plain, small] = files;
  // 24 bytes for each byte beyond 2 MB; the files of a split are read one after the other.
  for (const own of [[packed], [plain], [small, packed, plain]])
    expect(splitBytesOf(own, 16 * MB)).toBe(SPLIT_BYTES + 24 * MB);
  expect(splitBytesOf([small], 16 * MB)).toBe(SPLIT_BYTES);
  expect(splitBytesOf([packed, plain], 2.5 * MB)).toBe(SPLIT_BYTES);
});
