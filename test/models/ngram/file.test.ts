import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadXxhash } from '../../../src/hash.ts';
import { writeArpa } from '../../../src/models/ngram/arpa.ts';
import { loadNgram, ngramFileInfo, writeNgram } from '../../../src/models/ngram/file.ts';
import type { NgramModel } from '../../../src/models/ngram/model.ts';
import { trainNgram } from '../../../src/models/ngram/train.ts';
import { temporaryFolder } from './folders.ts';

let model: NgramModel;
beforeAll(async () => {
  model = await trainNgram(['the gate and the wheel', 'the wheel and the water'], {
    split: 'words',
    order: 3,
    prune: [0],
    name: 'mill',
  });
});

describe('model file', () => {
  it('gives back the model that was written', async () => {
    const path = join(await temporaryFolder(), 'm.ngram');
    await writeNgram(path, model);
    const { model: back, hash } = await loadNgram(path);
    expect(back.trie).toEqual(model.trie);
    expect(back.vocabulary.parts()).toEqual(model.vocabulary.parts());
    expect([back.split, back.origin]).toEqual(['words', model.origin]);
    expect(back.trainedOn).toEqual(model.trainedOn);
    expect(ngramFileInfo(path)).toEqual({ hash, split: 'words', order: 3, groupBy: 'text' });
  });

  it('has another hash when a number is another, not when the name is', async () => {
    const folder = await temporaryFolder();
    await writeNgram(join(folder, 'a'), model);
    await writeNgram(join(folder, 'b'), { ...model, origin: { ...model.origin, name: 'another' } });
    const log10 = model.trie.log10.slice();
    log10[4] -= 0.5;
    await writeNgram(join(folder, 'c'), { ...model, trie: { ...model.trie, log10 } });
    const [a, b, c] = ['a', 'b', 'c'].map((f) => ngramFileInfo(join(folder, f)).hash);
    expect(b).toBe(a);
    expect(c).not.toBe(a);
  });

  it('knows its documents by hashes, ascending and each once', async () => {
    const { trainedOn } = await trainNgram(['one', 'two', 'one', ''], { prune: [0] });
    const { h64 } = await loadXxhash();
    expect(trainedOn).toEqual({ groupBy: 'text', hashes: BigUint64Array.of(h64('one'), h64('two'), h64('')).sort() });
  });

  it('reads files of format 1, which did not say what a model was trained on', async () => {
    const path = join(await temporaryFolder(), 'm.ngram');
    await writeNgram(path, { ...model, trainedOn: null });
    const bytes = (await readFile(path)).toString('latin1');
    // The array of hashes is the last and empty: without its length the file is one of format 1.
    const old = bytes.replace('"format":2', '"format":1').replace(/("lengths":\[[\d,]+),0\]/, '$1]  ');
    await writeFile(path, Buffer.from(old, 'latin1'));
    const { model: back } = await loadNgram(path);
    expect([back.trie, back.trainedOn]).toEqual([model.trie, null]);
    expect(ngramFileInfo(path).groupBy).toBeNull();
  });

  it('refuses a file that was changed, cut off, or of another version', async () => {
    const path = join(await temporaryFolder(), 'm.ngram');
    await writeNgram(path, model);
    const bytes = await readFile(path);
    const failure = async (changed: Uint8Array): Promise<string> => {
      await writeFile(path, changed);
      return loadNgram(path).then(
        () => 'none',
        (e: Error) => e.message.replace(path, 'm'),
      );
    };
    const flipped = Uint8Array.from(bytes);
    flipped[flipped.length - 20] ^= 1;
    expect(await failure(flipped)).toMatch(
      /^m: expected the n-gram model as it was written, got \d+ bytes with another checksum/,
    );
    expect(await failure(bytes.subarray(0, bytes.length - 8))).toMatch(/another checksum/);
    expect(await failure(bytes.subarray(0, 40))).toMatch(/a header that is no JSON/);
    const other = Buffer.from(bytes.toString('latin1').replace('"format":2', '"format":3'), 'latin1');
    expect(await failure(other)).toMatch(/expected an n-gram model of format 2, got format 3/);
    // The checksum is not of the header.
    for (const [from, to] of [
      ['"order":3', '"order":2'],
      ['"split":"words"', '"split":"wordz"'],
      [/"lengths":\[\d/, '"lengths":[9'],
    ] as const) {
      const changed = bytes.toString('latin1').replace(from, to);
      expect(await failure(Buffer.from(changed, 'latin1'))).toMatch(/got a header that does not fit what follows it/);
    }
    expect(await failure(bytes)).toBe('none');
  });

  it('loads ARPA by the same name, with the hash of its bytes', async () => {
    const path = join(await temporaryFolder(), 'm.arpa');
    await writeArpa(path, model);
    const { model: back, hash } = await loadNgram(path, 'words');
    expect(back.trie).toEqual(model.trie);
    expect(ngramFileInfo(path)).toEqual({ hash, split: null, order: null, groupBy: null });
    expect(back.trainedOn).toBeNull();
  });

  it('refuses a folder, and leaves nothing where it cannot be written', async () => {
    const folder = await temporaryFolder();
    expect(() => ngramFileInfo(folder)).toThrow(`${folder}: expected a file with an n-gram model, got a folder`);
    const path = join(folder, 'taken');
    await mkdir(join(path, 'not-empty'), { recursive: true });
    await expect(writeNgram(path, model)).rejects.toThrow('EISDIR');
    await expect(writeArpa(path, model)).rejects.toThrow('EISDIR');
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('says how to make a model that is not there', () => {
    expect(() => ngramFileInfo('no/such.ngram')).toThrow(
      /^no\/such.ngram: expected an n-gram model, got ENOENT.* Make one from clean text: sluice train-ngram/,
    );
  });
});
