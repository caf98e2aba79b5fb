import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recipe, tokens } from 'sluice';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../src/models/tokenizers/load.ts';
import { openSegmentWriter } from '../../../src/sinks/writers.ts';
import { query, sinkFolder } from '../../helpers/tables.ts';
import { storeSplit } from '../../helpers/token-store.ts';
import { THREE_LETTERS } from '../../helpers/tokenizers.ts';

const documents = [
  { domain: 'web', text: 'ab' },
  { domain: 'code', text: '' },
  { domain: 'web', text: 'ż' },
  { domain: 'news', text: 'abc' },
];

describe('a store of tokens', () => {
  it('is the ids of one document after the other, each with its end, and an index of them', async () => {
    const folder = await sinkFolder();
    const split = await storeSplit(folder, 0, documents);
    const bytes = readFileSync(split!.bin);
    expect([...new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)]).toEqual([
      97, 98, 256, 256, 0xc5, 0xbc, 256, 97, 98, 99, 256,
    ]);
    expect(await query(`SELECT id, domain, begin, length FROM read_parquet('${split!.index}')`)).toEqual([
      { id: 'd0', domain: 'web', begin: 0, length: 3 },
      { id: 'd1', domain: 'code', begin: 3, length: 1 },
      { id: 'd2', domain: 'web', begin: 4, length: 3 },
      { id: 'd0', domain: 'news', begin: 7, length: 4 },
    ]);
    expect([...split!.tokens]).toEqual([
      ['web', 6],
      ['code', 1],
      ['news', 4],
    ]);
  });

  it('is of 32 bits where an id needs them, and has no end of documents where none is wanted', async () => {
    const folder = await sinkFolder();
    const wide = await storeSplit(folder, 0, documents, 70_000);
    expect(readFileSync(wide!.bin).readUInt32LE(8)).toBe(70_000);
    const bare = await storeSplit(folder, 1, documents, null);
    expect(readFileSync(bare!.bin).length).toBe(2 * 7);
  });

  it('writes nothing for a split without documents', async () => {
    expect(await storeSplit(await sinkFolder(), 0, [])).toBeNull();
  });

  it('has the ids of the tokenizer, and is refused with another one than the recipe was made with', async () => {
    const folder = await sinkFolder();
    const file = join(folder, 'tokenizer.json');
    writeFileSync(file, JSON.stringify(THREE_LETTERS));
    const sink = tokens({ tokenizer: file });
    const loaded = await loadTokenizer(file);
    expect(sink.vocabulary).toEqual({ hash: loaded.hash, size: loaded.vocabularySize, endOfText: loaded.endOfText });
    writeFileSync(file, JSON.stringify({ ...THREE_LETTERS, version: '2.0' }));
    await expect(openSegmentWriter(sink, { runDirectory: folder, path: 'x' })).rejects.toThrow(
      /the tokenizer with hash .*, as the run began/,
    );
    expect(() => tokens({ tokenizer: join(folder, 'nothing') })).toThrow(/a path that does not exist/);
  });

  it('keeps annotations in its index that a step writes', () => {
    expect(() =>
      recipe({ name: 'a', steps: [], sinks: [tokens({ tokenizer: 'bytes', columns: ['text_word'] })] }),
    ).toThrow(/an annotation of this recipe \(there is none\), got text_word/);
  });
});
