/** What the ids of a store of tokens are; recorded with the recipe. */
export interface TokenVocabulary {
  /** Of the tokenizer. */
  readonly hash: string;
  /** Ids are below it, `endOfText` included. */
  readonly size: number;
  /** Put after every document; null: nothing is. */
  readonly endOfText: number | null;
}

/** Ids in memory, as they stand in a file. */
export type TokenArray = Uint16Array | Uint32Array;

/** The first id after the bytes, as reference models have it. */
const AFTER_BYTES = 256;

interface Known {
  readonly hash: string;
  readonly vocabularySize: number;
  readonly endOfText: number | null;
}

/** @param asked `auto`: what the tokenizer ends documents with, 256 for bytes */
export function tokenVocabulary(
  { hash, vocabularySize, endOfText: own }: Known,
  asked: number | 'auto' | null,
): TokenVocabulary {
  const endOfText = asked !== 'auto' ? asked : hash.startsWith('bytes@') ? AFTER_BYTES : own;
  return { hash, size: Math.max(vocabularySize, (endOfText ?? -1) + 1), endOfText };
}

/** uint16 where every id fits, else uint32. */
export const tokenArray = ({ size }: Pick<TokenVocabulary, 'size'>): Uint16ArrayConstructor | Uint32ArrayConstructor =>
  size <= 65_536 ? Uint16Array : Uint32Array;
