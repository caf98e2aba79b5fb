import type { ColumnSpec } from './columns.ts';

/** The exact number of tokens of each document, as `tokenize()` writes it. */
export const TOKENS: ColumnSpec = { name: 'tokens', type: 'int32' };

/** Another column, in recipes that do not tokenise: about as many as GPT-2 makes. */
export const TOKENS_ESTIMATE = 'text_tokens_estimate';

/** Whether steps that write these columns count tokens exactly. */
export const countsTokens = (columns: readonly ColumnSpec[]): boolean => columns.some((c) => c.name === TOKENS.name);

/** Name of the column that a recipe with these annotations counts tokens by. */
export const tokensColumn = (annotations: readonly ColumnSpec[]): string =>
  countsTokens(annotations) ? TOKENS.name : TOKENS_ESTIMATE;

/**
 * Token ids of the documents of a batch, flat: those of row i are `ids[offsets[i] .. offsets[i + 1])`. They live until
 * the text changes, rows are added or taken away, or a barrier: whoever wants them then makes them again.
 */
export interface TokenIds {
  /** Hash of the tokenizer that made them. */
  readonly tokenizer: string;
  readonly textVersion: number;
  /** One byte a row: 1 = it was tokenised. */
  readonly has: Uint8Array;
  readonly ids: Uint32Array;
  /** Length rows + 1. */
  readonly offsets: Int32Array;
}

/** The part of a batch that says whether its ids still hold. */
interface Tokenised {
  readonly rows: number;
  readonly alive: Uint8Array;
  readonly textVersion: number;
  readonly tokenIds: TokenIds | null;
}

/**
 * Ids that a step has left on a batch; null when they are of another tokenizer or an older text, or a document that is
 * still in the stream has none.
 */
export function tokenIdsOf(batch: Tokenised, tokenizer: string): TokenIds | null {
  const { tokenIds } = batch;
  if (tokenIds?.tokenizer !== tokenizer || tokenIds.textVersion !== batch.textVersion) return null;
  if (tokenIds.offsets.length !== batch.rows + 1) return null;
  for (let i = 0; i < batch.rows; i++) if (batch.alive[i] === 1 && tokenIds.has[i] === 0) return null;
  return tokenIds;
}
