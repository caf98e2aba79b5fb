import { byteTokenizer } from './bytes.ts';
import { endOfText } from './end-of-text.ts';
import type { Tokenizer } from './tokenizer.ts';
import { notOne, readTokenizer } from './tokenizer-files.ts';

/** What is known of a tokenizer without loading it. */
export type Vocabulary = Pick<Tokenizer, 'hash' | 'vocabularySize' | 'endOfText'>;

/**
 * Hash, size and end of document that `loadTokenizer` gives a tokenizer, read from its files alone and at once, as a
 * recipe is made. Errors: ConfigError when it is not there or is none.
 */
export function readVocabulary(source: string): Vocabulary {
  if (source === 'bytes') return byteTokenizer;
  const { file, json, settings, hash } = readTokenizer(source);
  const { model, added_tokens = [] } = json;
  const vocab: unknown = model?.vocab;
  const own = Array.isArray(vocab)
    ? (vocab as [string, number][]).map(([token], id) => [token, id] as const)
    : Object.entries((vocab ?? {}) as Record<string, number>);
  const ids = new Map([...own, ...added_tokens.map((t) => [t.content, t.id] as const)]);
  let largest = -1;
  for (const id of ids.values()) largest = Math.max(largest, id);
  if (largest < 0) throw notOne(file, 'a file without a vocabulary');
  return { hash, vocabularySize: largest + 1, endOfText: endOfText(ids, settings) };
}
