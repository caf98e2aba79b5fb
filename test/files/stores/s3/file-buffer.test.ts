import { open, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { BUFFER_BYTES, bufferBytes, withPart } from '../../../../src/files/stores/s3/file-buffer.ts';
import { temporaryFolder } from '../../../helpers/run.ts';

const MB = 1024 * 1024;

/** A sparse file. */
async function fileOf(size: number) {
  const path = join(await temporaryFolder(), 'file');
  await writeFile(path, 'begin');
  await truncate(path, size);
  const file = await open(path);
  onTestFinished(() => file.close());
  return file;
}

it('takes a small buffer for a small part, holds 128 MB at the most, keeps 64, and nothing when idle', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const file = await fileOf(BUFFER_BYTES);
  await withPart(file, 0, 1000, async (bytes) => {
    expect(Buffer.from(bytes.subarray(0, 5)).toString()).toBe('begin');
    expect(bufferBytes()).toEqual({ inUse: 1000, kept: 0 });
  });
  await withPart(file, 0, 3 * MB, async () => expect(bufferBytes().inUse).toBe(4 * MB));
  expect(bufferBytes()).toEqual({ inUse: 0, kept: 4 * MB });
  let most = 0;
  const parts = Array.from({ length: 9 }, () =>
    withPart(file, 0, BUFFER_BYTES, async (bytes) => {
      most = Math.max(most, bufferBytes().inUse);
      return bytes.length;
    }),
  );
  expect(await Promise.all(parts)).toEqual(Array.from({ length: 9 }, () => BUFFER_BYTES));
  expect(most).toBeLessThanOrEqual(128 * MB);
  expect(bufferBytes().inUse).toBe(0);
  expect(bufferBytes().kept).toBeLessThanOrEqual(64 * MB);
  vi.runAllTimers();
  expect(bufferBytes().kept).toBe(0);
});

it('gives back its room after an error', async () => {
  const file = await fileOf(1000);
  await expect(withPart(file, 0, 2 * MB, async () => 1)).rejects.toThrow('shorter');
  expect(bufferBytes().inUse).toBe(0);
});
