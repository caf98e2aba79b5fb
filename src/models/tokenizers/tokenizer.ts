import { ConfigError } from '../../errors.ts';

/** Token ids of many documents: those of document i are `ids[offsets[i] .. offsets[i + 1])`. */
export interface TokenLists {
  readonly ids: Uint32Array<ArrayBuffer>;
  /** One entry more than documents; the first is 0. */
  readonly offsets: Int32Array<ArrayBuffer>;
}

/** Text to token ids and back. Works without waiting, in any thread; one call at a time. */
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
   * Id that ends a document in training data: the added token `<|endoftext|>` or `<|end_of_text|>`, else the
   * `eos_token` of tokenizer_config.json, else `</s>` or `<eos>`; null: none. Encoding never adds it.
   */
  readonly endOfText: number | null;
  /**
   * UTF-8 bytes of text that each id stands for; 1 for the unknown one. The sum over a document is its length, unless a
   * token is unknown, or the tokenizer changes the text or puts a space before it.
   */
  readonly byteLengths: Uint16Array;
  /** @param utf8 valid UTF-8. No special tokens are added. */
  encode(utf8: Uint8Array): Int32Array;
  /**
   * Encodes a batch: document i is `utf8[offsets[i] .. offsets[i + 1])`, valid UTF-8. No special tokens are added. The
   * result is in buffers of its own.
   * @param wanted one byte a document, 0 = no ids; null = all
   */
  encodeBatch(utf8: Uint8Array, offsets: Int32Array, wanted?: Uint8Array | null): TokenLists;
  decode(ids: ArrayLike<number>): string;
  /** Bytes of WebAssembly memory that it holds now; left out where it has none. */
  memoryBytes?(): number;
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
