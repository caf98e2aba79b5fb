import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { HashList, readTrainedOn, writeTrainedOn } from '../../../src/models/folders/trained-on.ts';
import { temporaryFolder } from '../../helpers/run.ts';

describe('the list of what a model was trained on', () => {
  it('knows what is in it, once each, and nothing else', async () => {
    const path = join(await temporaryFolder(), 'trained-on.bin');
    const hashes = [2n ** 64n - 1n, 0n, 5n, 5n, 2n ** 63n];
    const given = new HashList();
    given.add(...hashes);
    await writeTrainedOn(path, given);
    const list = await readTrainedOn(path);
    expect(list.count).toBe(4);
    expect(hashes.every((h) => list.has(h))).toBe(true);
    expect([1n, 4n, 6n, 2n ** 63n - 1n].some((h) => list.has(h))).toBe(false);
  });

  it('refuses a file that is cut off or of another kind', async () => {
    const path = join(await temporaryFolder(), 'trained-on.bin');
    await writeFile(path, 'not a list of hashes');
    await expect(readTrainedOn(path)).rejects.toThrow(InputError);
    await writeFile(path, Buffer.alloc(7));
    await expect(readTrainedOn(path)).rejects.toThrow(InputError);
  });
});
