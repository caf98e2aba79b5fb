import { ConfigError } from '../../errors.ts';

/** Text to token ids and back. */
export interface Tokenizer {
  /** `bytes`, or the name of the folder or file it was loaded from. */
  readonly name: string;
  /** Ids run from 0 to this, exclusive: the width of the model's last layer must not be less. */
  readonly vocabularySize: number;
  /** Changes whenever an id may change. */
  readonly hash: string;
  /** Id that stands for what is not in the vocabulary; null: nothing is outside of it. */
  readonly unknown: number | null;
  /**
   * UTF-8 bytes of text that each id stands for; 1 for the unknown one. The sum over a document is its length, unless a
   * token is unknown, or the tokenizer changes the text or puts a space before it.
   */
  readonly byteLengths: Uint16Array;
  /** @param utf8 valid UTF-8. No special tokens are added. */
  encode(utf8: Uint8Array): Int32Array;
  decode(ids: ArrayLike<number>): string;
}

/** Throws when a tokenizer makes ids that a model does not know. A wider model is right: layers are often padded. */
export function checkVocabulary(tokenizer: Tokenizer, vocabulary: number, where: string): void {
  if (tokenizer.vocabularySize <= vocabulary) return;
  throw new ConfigError({
    expected: `a tokenizer of at most ${vocabulary} ids, as the model has`,
    got: `${tokenizer.name} with ${tokenizer.vocabularySize}`,
    where,
    fix: 'Give the tokenizer that the model was trained with: its tokenizer.json stands beside its config.json.',
  });
}
