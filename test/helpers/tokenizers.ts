import { readFileSync, writeFileSync } from 'node:fs';

/** A tokenizer.json of three letters and their merges; all else is unknown. */
export const THREE_LETTERS = {
  version: '1.0',
  added_tokens: [] as readonly object[],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'BPE',
    vocab: { a: 0, b: 1, c: 2, ab: 3, abc: 4, '<unk>': 5 },
    merges: ['a b', 'ab c'],
    unk_token: '<unk>',
  },
};

/** test/fixtures/tokenizers.json, made by scripts/make/token-ids.py: 701 byte pairs, and ids by the library in Rust. */
export interface TokenFixture {
  readonly model: { readonly [key: string]: unknown };
  readonly texts: readonly string[];
  readonly ways: { readonly [name: string]: TokenWay };
}

/** A tokenizer.json without its model, and the ids of each text. */
export interface TokenWay {
  readonly tokenizer: { readonly [part: string]: unknown };
  readonly ignoreMerges: boolean;
  readonly ids: readonly (readonly number[])[];
  readonly withSpecial?: readonly (readonly number[])[];
}

export const tokenFixture = JSON.parse(
  readFileSync(new URL('../fixtures/tokenizers.json', import.meta.url), 'utf8'),
) as TokenFixture;

/** Writes the tokenizer.json of a way of the fixture, with parts replaced; returns its path. */
export function writeTokenizer(path: string, way: string, changes: object = {}): string {
  const { tokenizer, ignoreMerges } = tokenFixture.ways[way];
  const model = { ...tokenFixture.model, ignore_merges: ignoreMerges };
  writeFileSync(path, JSON.stringify({ ...tokenizer, model, ...changes }));
  return path;
}
