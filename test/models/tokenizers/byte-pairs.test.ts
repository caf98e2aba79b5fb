import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../src/models/tokenizers/load.ts';
import type { Tokenizer } from '../../../src/models/tokenizers/tokenizer.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { tokenFixture, writeTokenizer } from '../../helpers/tokenizers.ts';
import { temporaryFolder } from '../ngram/folders.ts';

const { model, texts, ways } = tokenFixture;

async function load(
  way: string,
  changes: object = {},
  options: { readonly addSpecialTokens?: boolean } = {},
): Promise<Tokenizer> {
  return loadTokenizer(writeTokenizer(join(await temporaryFolder(), 'small.json'), way, changes), options);
}

const idsOf = (tokenizer: Tokenizer, of: readonly string[] = texts): number[][] => {
  const { values, offsets } = utf8Column(of);
  const lists = tokenizer.encodeBatch(values, offsets);
  return of.map((_, i) => [...lists.ids.subarray(lists.offsets[i], lists.offsets[i + 1])]);
};

/** Only what runs in the kernel has memory of it. */
const inKernel = (tokenizer: Tokenizer): boolean => tokenizer.memoryBytes !== undefined;

describe('byte-level tokenizers', () => {
  it.each(Object.entries(ways))('%s gives the ids of the tokenizers library', async (name, way) => {
    const tokenizer = await load(name);
    expect(inKernel(tokenizer)).toBe(true);
    expect(idsOf(tokenizer)).toEqual(way.ids);
    expect(texts.map((text) => [...tokenizer.encode(new TextEncoder().encode(text))])).toEqual(way.ids);
  });

  it('add what the post-processor adds when asked, also to an empty text, but to none that is not wanted', async () => {
    const way = ways['gpt4-whole'];
    const name = 'gpt4-whole';
    const [plain, tokenizer] = [await load(name), await load(name, {}, { addSpecialTokens: true })];
    expect(idsOf(tokenizer)).toEqual(way.withSpecial);
    expect(tokenizer.hash).toBe(`${plain.hash}+special`);
    const { values, offsets } = utf8Column(['a', 'b', '']);
    const [a, b] = [idsOf(plain, ['a', 'b'])[0][0], way.withSpecial![0][0]];
    expect(tokenizer.encodeBatch(values, offsets, Uint8Array.of(1, 0, 1))).toEqual({
      ids: Uint32Array.of(b, a, b),
      offsets: Int32Array.of(0, 2, 2, 3),
    });
  });

  it('give the text back, whole characters and halves of them', async () => {
    const tokenizer = await load('gpt2');
    for (const [i, text] of texts.entries()) expect(tokenizer.decode(ways.gpt2.ids[i])).toBe(text);
    const [horse] = idsOf(tokenizer, ['🐎']);
    expect(tokenizer.decode(horse.slice(0, 2))).toBe('\ufffd');
    const added = await load('gpt4-whole');
    expect(added.decode(idsOf(added, ['<end>cat é'])[0])).toBe('<end>cat é');
  });

  it('count the bytes of every id', async () => {
    const tokenizer = await load('gpt2');
    for (const [i, text] of texts.entries())
      expect(ways.gpt2.ids[i].reduce((n, id) => n + tokenizer.byteLengths[id], 0)).toBe(Buffer.byteLength(text));
  });

  it('leave what they do not know to the library, which gives the same ids', async () => {
    const way = ways.gpt2;
    // An expression that means the same and is written otherwise.
    const pretokenizers = [
      {
        type: 'Split',
        pattern: { Regex: "'(?:s|t|re|ve|m|ll|d)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+" },
        behavior: 'Isolated',
        invert: false,
      },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ];
    const other = await load('gpt2', { pre_tokenizer: { type: 'Sequence', pretokenizers } });
    expect(inKernel(other)).toBe(false);
    expect(idsOf(other)).toEqual(way.ids);
    const unknown: object[] = [
      { normalizer: { type: 'NFKC' } },
      { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true } },
      { model: { ...model, end_of_word_suffix: '</w>' } },
    ];
    for (const change of unknown) expect(inKernel(await load('gpt2', change))).toBe(false);
  });

  it('are right in the library too: U+0085 is white space, U+FEFF is none, digits are all numbers', async () => {
    const odd = ['x\u0085\u0085y', 'x\ufeff\ufeffy', 'x½²३y 12'];
    // Texts without capitals; the kernel knows no lower case.
    const normalizer = { type: 'Lowercase' };
    for (const name of ['gpt2', 'gpt2-digits']) {
      const [own, other] = [await load(name), await load(name, { normalizer })];
      expect([inKernel(own), inKernel(other)]).toEqual([true, false]);
      expect(idsOf(other, odd)).toEqual(idsOf(own, odd));
    }
  });
});
