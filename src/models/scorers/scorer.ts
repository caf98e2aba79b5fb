/**
 * Documents to score: valid UTF-8 in Arrow's layout. Document i is `values[offsets[i] .. offsets[i + 1])`; `offsets[0]`
 * may be > 0. A text column of a batch is one.
 */
export interface Texts {
  readonly offsets: Int32Array;
  readonly values: Uint8Array;
}

/** Why a document has no score. */
export type NotScored =
  /** No bytes, or nothing that the tokenizer makes a token of. */
  | 'empty'
  /** A single token, where the model predicts a token only from the one before it. */
  | 'one_token'
  /** Longer than the scorer was told to read. */
  | 'too_long'
  /** More than half of its tokens are unknown to the tokenizer: a number would say nothing about the text. */
  | 'unknown_tokens'
  /** The model was trained on it, or on its group. */
  | 'trained_on'
  /** The model gave no finite number. */
  | 'not_finite';

/** One entry a document. Where `reason` is not null, the numbers are NaN and `tokens` is 0. */
export interface Scores {
  /** Negative log-likelihood of the tokens that were predicted, summed, in nats. */
  readonly nllSum: Float64Array;
  /** Tokens that were predicted: what `nllSum` is divided by. */
  readonly tokens: Int32Array;
  /** UTF-8 bytes of the text that these tokens stand for. */
  readonly bytes: Int32Array;
  /**
   * Bits per byte of the piece that has most. A piece closes at the first predicted token with which it has at least
   * 512 bytes; a rest of less than 128 belongs to the piece before it; a document of one piece has its own bits per
   * byte.
   */
  readonly bitsPerByteMax: Float64Array;
  /**
   * The sum again when a document is predicted from itself as well (document-cache.ts), in nats; null: the scorer has
   * no such sum.
   */
  readonly cachedNllSum: Float64Array | null;
  /** Null where there is a score, or where none was wanted. */
  readonly reason: readonly (NotScored | null)[];
}

/**
 * A language model that says how surprising documents are; one per thread, not re-entrant. Equal texts get equal scores
 * whatever stands beside them, of a neural model up to rounding (rows of another length are added up in another order).
 */
export interface Scorer {
  /** What people call it: the name of the model. */
  readonly name: string;
  /**
   * Changes with every byte of the model and its tokenizer; the executor, which decides last digits, is recorded on its
   * own.
   */
  readonly hash: string;
  /** Bytes held by the model. */
  readonly memoryBytes: number;
  /**
   * @param wanted one byte a document, 1 = score it; default all.
   * @param onProgress told now and then which share of the work is done, rising to 1; a fast scorer may never call it.
   */
  score(texts: Texts, wanted?: Uint8Array, onProgress?: (share: number) => void): Scores | Promise<Scores>;
  close?(): Promise<void>;
}

/** What the columns of a scorer are made of: an entry a document, NaN where there is none. */
export interface Perplexities {
  /** exp(nll_sum / tokens). */
  readonly perplexity: Float64Array;
  /** nll_sum / ln 2 / bytes: comparable between tokenizers. */
  readonly bitsPerByte: Float64Array;
}

/** Perplexity per token and bits per byte of scored documents. */
export function perplexities({ nllSum, tokens, bytes }: Scores): Perplexities {
  const perplexity = nllSum.map((nll, i) => Math.exp(nll / tokens[i]));
  const bitsPerByte = nllSum.map((nll, i) => bitsPerByteOf(nll, bytes[i]));
  return { perplexity, bitsPerByte };
}

/** @param nll in nats */
export const bitsPerByteOf = (nll: number, bytes: number): number => nll / Math.LN2 / bytes;

/** Scores of `rows` documents that nobody has scored yet. */
export function emptyScores(rows: number): Scores & { reason: (NotScored | null)[] } {
  return {
    nllSum: new Float64Array(rows).fill(Number.NaN),
    tokens: new Int32Array(rows),
    bytes: new Int32Array(rows),
    bitsPerByteMax: new Float64Array(rows).fill(Number.NaN),
    cachedNllSum: null,
    reason: new Array<NotScored | null>(rows).fill(null),
  };
}
