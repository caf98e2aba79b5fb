import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  findIndexes,
  type IndexHeader,
  readIndex,
  writeIndex,
} from '../../../../src/operators/dedup/tables/index-files.ts';
import { temporaryFolder } from '../../../helpers/run.ts';

const header: IndexHeader = {
  kind: 'bloom',
  version: 1,
  parameters: { key: 'text' },
  layout: { blocks: 1 },
  keys: 7,
};
const payload = Uint8Array.from({ length: 32 }, (_, i) => i);

async function runWith(...names: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of names) await writeIndex(join(folder, 'indexes', name), header, [payload]);
  return folder;
}

describe('index files', () => {
  it('come back as they were written', async () => {
    const folder = await runWith('step.bloom');
    const [reference] = findIndexes([folder], header, 'dedup');
    expect(reference.path).toBe(join(folder, 'indexes/step.bloom'));
    const read = await readIndex(reference);
    expect(read.header).toEqual(header);
    expect([...read.payload]).toEqual([...payload]);
    expect(findIndexes([reference.path], header, 'dedup')).toEqual([reference]);
  });

  it('are refused when a byte is damaged, or when they changed since', async () => {
    const folder = await runWith('step.bloom');
    const [reference] = findIndexes([folder], header, 'dedup');
    const bytes = readFileSync(reference.path);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(reference.path, bytes);
    await expect(readIndex(reference)).rejects.toThrow(/damaged bytes/);
    await writeIndex(reference.path, { ...header, keys: 8 }, [payload]);
    await expect(readIndex(reference)).rejects.toThrow(/another index/);
  });

  it('say what does not fit', async () => {
    const folder = await runWith('step.bloom');
    const find = (wanted: Partial<IndexHeader>) => () => findIndexes([folder], { ...header, ...wanted }, 'dedup');
    expect(find({ kind: 'hashes' })).toThrow(/an index of kind hashes.*bloom/s);
    expect(find({ version: 2 })).toThrow(/version 2 of a bloom index/);
    expect(find({ parameters: { key: 'url' } })).toThrow(/key = "url".*key = "text"/s);
    const two = await runWith('a.bloom', 'b.bloom');
    expect(() => findIndexes([two], header, 'dedup')).toThrow(/2 of them/);
    const bare = await temporaryFolder();
    expect(() => findIndexes([bare], header, 'dedup')).toThrow(/a run without an index/);
    expect(() => findIndexes([join(bare, 'x')], header, 'dedup')).toThrow(/nothing there/);
    mkdirSync(join(bare, 'indexes'));
    writeFileSync(join(bare, 'indexes/x.bloom'), 'no index, but long enough for a head');
    expect(() => findIndexes([bare], header, 'dedup')).toThrow(/another file/);
  });
});
