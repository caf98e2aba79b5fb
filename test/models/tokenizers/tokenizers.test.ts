import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { byteTokenizer } from '../../../src/models/tokenizers/bytes.ts';
import { loadTokenizer } from '../../../src/models/tokenizers/load.ts';
import { checkVocabulary } from '../../../src/models/tokenizers/tokenizer.ts';
import { corporaFolder } from '../../helpers/corpora.ts';
import { THREE_LETTERS } from '../../helpers/tokenizers.ts';
import { temporaryFolder } from '../ngram/folders.ts';

const corpora = corporaFolder();
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const TEXTS = ['', 'a', 'The mill by the river.', '\uFEFFmark', 'naïve Żółć 🐎\r\n\ttab', '水車小屋'];

/** Two words and three letters, as small as a tokenizer.json can be. */
const TINY = {
  ...THREE_LETTERS,
  added_tokens: [
    { id: 6, content: '<end>', special: true, normalized: false, single_word: false, lstrip: false, rstrip: false },
  ],
};

describe('byte tokenizer', () => {
  it('is the bytes of UTF-8, there and back', () => {
    expect(byteTokenizer.encode(utf8('é!'))).toEqual(Int32Array.of(0xc3, 0xa9, 0x21));
    for (const text of TEXTS) expect(byteTokenizer.decode(byteTokenizer.encode(utf8(text)))).toBe(text);
    expect(byteTokenizer.decode([0x61, 0xff])).toBe('a\uFFFD');
  });

  it('encodes a batch, from where its offsets begin, but for documents that are not wanted', async () => {
    const tokenizer = await loadTokenizer('bytes');
    expect(tokenizer).toMatchObject({ name: 'bytes', vocabularySize: 256, endOfText: null });
    const text = utf8('-abc--');
    const ids = (from: number, to: number): number[] => [...text.subarray(from, to)];
    const all = tokenizer.encodeBatch(text, Int32Array.of(1, 3, 3, 4));
    expect(all).toEqual({ ids: Uint32Array.from(ids(1, 4)), offsets: Int32Array.of(0, 2, 2, 3) });
    const some = tokenizer.encodeBatch(text, Int32Array.of(1, 3, 4, 6), Uint8Array.of(1, 0, 1));
    expect(some).toEqual({ ids: Uint32Array.from([...ids(1, 3), ...ids(4, 6)]), offsets: Int32Array.of(0, 2, 2, 4) });
    expect(tokenizer.encodeBatch(text, Int32Array.of(0))).toEqual({
      ids: new Uint32Array(0),
      offsets: Int32Array.of(0),
    });
  });
});

describe('tokenizer.json', () => {
  it('encodes from a file and from a folder', async () => {
    const folder = join(await temporaryFolder(), 'tiny');
    await mkdir(folder);
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(TINY));
    const [byFolder, byFile] = [await loadTokenizer(folder), await loadTokenizer(join(folder, 'tokenizer.json'))];
    expect(byFolder).toMatchObject({ name: 'tiny', vocabularySize: 7, hash: byFile.hash, unknown: 5 });
    expect(byFolder.encode(utf8('abc ab cab'))).toEqual(Int32Array.of(4, 3, 2, 3));
    expect(byFolder.encode(utf8(''))).toEqual(new Int32Array(0));
  });

  it('finds an added token that is a single word only where no word goes on, as the library in Rust does', async () => {
    const flags = { special: false, normalized: true, lstrip: false, rstrip: false };
    const path = join(await temporaryFolder(), 'single.json');
    const added_tokens = [
      { id: 6, content: 'ca', single_word: true, ...flags },
      { id: 7, content: '<m>', single_word: false, ...flags },
      { id: 8, content: 'bb', single_word: false, ...flags, normalized: false },
    ];
    await writeFile(path, JSON.stringify({ ...TINY, added_tokens }));
    const tokenizer = await loadTokenizer(path);
    const ids = (text: string): number[] => [...tokenizer.encode(utf8(text))];
    // Found: at the ends, beside spaces and signs, beside a token that is found before it.
    expect(ids('ca')).toEqual([6]);
    expect(ids('ca,ca')).toEqual([6, 5, 6]);
    expect(ids('a ca a')).toEqual([0, 6, 0]);
    expect(ids('<m>ca<m>')).toEqual([7, 6, 7]);
    expect(ids('bbca')).toEqual([8, 6]);
    // Not found: within words, also of other scripts, and with numbers, marks and `_` beside it.
    expect(ids('cab')).toEqual([2, 3]);
    expect(ids('acab<m>')).toEqual([0, 2, 3, 7]);
    for (const word of ['cac', '1ca', 'ca_', 'éca', 'ca\u0301', '日ca', 'ca\u{1d400}', '\u{1d400}ca'])
      expect(ids(word)).not.toContain(6);
  });

  it('encodes a batch as its documents one by one', async () => {
    const path = join(await temporaryFolder(), 'tiny.json');
    await writeFile(path, JSON.stringify(TINY));
    const tokenizer = await loadTokenizer(path);
    const { ids, offsets } = tokenizer.encodeBatch(utf8('abc abcab'), Int32Array.of(0, 4, 4, 7, 9));
    expect(ids).toEqual(Uint32Array.of(4, 4, 3));
    expect(offsets).toEqual(Int32Array.of(0, 1, 1, 2, 3));
  });

  it('knows what ends a document: by the names base models use, then by its configuration', async () => {
    const folder = join(await temporaryFolder(), 'ends');
    await mkdir(folder);
    const ends = async (names: readonly string[], settings: object): Promise<number | null> => {
      const added_tokens = names.map((content, i) => ({ ...TINY.added_tokens[0], content, id: 6 + i }));
      await writeFile(join(folder, 'tokenizer.json'), JSON.stringify({ ...TINY, added_tokens }));
      await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(settings));
      return (await loadTokenizer(folder)).endOfText;
    };
    expect(await ends(['<end>'], {})).toBeNull();
    expect(await ends(['<end>'], { eos_token: '<end>' })).toBe(6);
    expect(await ends(['<pad>', '<end>'], { eos_token: { content: '<end>' } })).toBe(7);
    expect(await ends(['<|im_end|>', '<|endoftext|>'], { eos_token: '<|im_end|>' })).toBe(7);
    expect(await ends(['<s>', '</s>'], {})).toBe(7);
    expect(await ends(['<end>'], { eos_token: '<gone>' })).toBeNull();
  });

  it('has another hash when the vocabulary is another', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.json'), JSON.stringify(TINY));
    await writeFile(join(folder, 'b.json'), JSON.stringify({ ...TINY, model: { ...TINY.model, merges: ['a b'] } }));
    const [a, b] = [await loadTokenizer(join(folder, 'a.json')), await loadTokenizer(join(folder, 'b.json'))];
    expect(a.hash).not.toBe(b.hash);
    expect(b.encode(utf8('abc'))).toEqual(Int32Array.of(3, 2));
  });

  it.skipIf(corpora === null)('encodes as GPT-NeoX does, and back to the same text', async () => {
    const path = join(await temporaryFolder(), 'tokenizer.json');
    await copyFile(join(corpora as string, 'conformance/tokenizers/gpt-neo-test-tokenizer.json'), path);
    const tokenizer = await loadTokenizer(path);
    expect(tokenizer.vocabularySize).toBe(50280);
    // Ids of the GPT-NeoX vocabulary, which Pythia uses: "Hello", ",", " world", "!".
    expect(tokenizer.encode(utf8('Hello, world!'))).toEqual(Int32Array.of(12092, 13, 1533, 2));
    for (const text of [...TEXTS, 'a <|endoftext|> b', '\u0000\u{10FFFF}']) {
      const ids = tokenizer.encode(utf8(text));
      expect(tokenizer.decode(ids)).toBe(text);
      expect(ids.reduce((n, id) => n + tokenizer.byteLengths[id], 0)).toBe(utf8(text).length);
    }
  });

  it('knows how many bytes a token stands for where a mark stands for spaces', async () => {
    const path = join(await temporaryFolder(), 'marked.json');
    const vocab = { '<unk>': 0, '\u2581': 1, a: 2, '\u2581a': 3, é: 4, '<0xFF>': 5 };
    await writeFile(path, JSON.stringify({ ...TINY, added_tokens: [], model: { ...TINY.model, vocab, merges: [] } }));
    expect([...(await loadTokenizer(path)).byteLengths]).toEqual([1, 1, 1, 2, 2, 1]);
  });

  it.each([-1, 1.5, 3e9])('refuses the id %s', async (id) => {
    const path = join(await temporaryFolder(), 'odd.json');
    const model = { ...TINY.model, vocab: { ...TINY.model.vocab, abc: id } };
    await writeFile(path, JSON.stringify({ ...TINY, model }));
    await expect(loadTokenizer(path)).rejects.toThrow(`the id ${id} of 'abc': ids are whole numbers below 16777216`);
  });

  it('says which of its two files is broken', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(TINY));
    await writeFile(join(folder, 'tokenizer_config.json'), '{');
    await expect(loadTokenizer(folder)).rejects.toThrow(`${join(folder, 'tokenizer_config.json')}: expected JSON, got`);
  });

  it('says what is wrong with a file', async () => {
    const folder = await temporaryFolder();
    await expect(loadTokenizer(folder)).rejects.toThrow(
      /tokenizer\.json: expected a tokenizer.json of Hugging Face, got ENOENT/,
    );
    await writeFile(join(folder, 'x.json'), '{"model": 1}');
    await expect(loadTokenizer(join(folder, 'x.json'))).rejects.toThrow(
      /x\.json: expected a tokenizer.json of Hugging Face/,
    );
  });
});

describe('checkVocabulary', () => {
  it('refuses ids that the model does not have', () => {
    checkVocabulary(byteTokenizer, 256, 'model m');
    checkVocabulary(byteTokenizer, 320, 'model m');
    expect(() => checkVocabulary(byteTokenizer, 128, 'model m')).toThrow(
      'model m: expected a tokenizer of at most 128 ids, as the model has, got bytes with 256.',
    );
  });
});
