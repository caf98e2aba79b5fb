import { bitsPerByteOf, perplexities, type Scores } from '../../models/scorers/scorer.ts';
import { type Column, type ColumnSpec, float64Column, utf8Column } from '../../streams/batch/columns.ts';

/** How to come by an n-gram model, as a sentence. */
export const HOW_TO_MAKE =
  "Train one on clean text that you will not score: sluice train-ngram --input 'clean/*.jsonl.gz' --output ref.ngram";

/**
 * Columns that every scorer writes, with its prefix (`ppl` unless told otherwise). All null where nothing was scored;
 * `_unscored` then says why (`empty`, `one_token`, `too_long`, `unknown_tokens`, `trained_on`, `not_finite`), and is
 * null too for a document that the step was not to score.
 * - ppl_nll_sum float64: negative log-likelihood of the document, in nats
 * - ppl_tokens int32: tokens predicted
 * - ppl float64: exp(nll_sum / tokens)
 * - ppl_bits_per_byte float64: nll_sum / ln 2 / bytes of text
 * - ppl_bits_per_byte_max float64: that of the piece of about 512 bytes that has most, from the same scores: finds
 *   boilerplate, another
 *   language or a blob within a good document. A piece closes at the first token with which it has at least 512
 *   bytes; a rest of less
 *   than 128 belongs to the piece before it; a document of one piece has its ppl_bits_per_byte
 * - ppl_cached_bits_per_byte float64, of neural models only: bits per byte when a document is predicted from what it
 *   has said before as well (an
 *   n-gram cache of the document on top of the model: Kuhn and De Mori 1990). Text that stays with its topic comes
 *   out far below its
 *   ppl_bits_per_byte; babble that never comes back to its own words does not
 * - ppl_unscored utf8
 */
export const perplexityColumns = (prefix: string, { cached }: WhichColumns): ColumnSpec[] => [
  { name: `${prefix}_nll_sum`, type: 'float64' },
  { name: `${prefix}_tokens`, type: 'int32' },
  { name: prefix, type: 'float64' },
  { name: `${prefix}_bits_per_byte`, type: 'float64' },
  { name: `${prefix}_bits_per_byte_max`, type: 'float64' },
  ...(cached ? [{ name: `${prefix}_cached_bits_per_byte`, type: 'float64' } as const] : []),
  { name: `${prefix}_unscored`, type: 'utf8' },
];

/** What not every scorer has. */
interface WhichColumns {
  readonly cached: boolean;
}

/** Scores as columns; a perplexity beyond the largest double is `not_finite`, never a number. */
export function perplexityColumnsOf(
  prefix: string,
  scores: Scores,
  scope: Uint8Array,
  { cached }: WhichColumns,
): [string, Column][] {
  const { perplexity, bitsPerByte } = perplexities(scores);
  const reason = Array.from(scores.reason, (r, i) => {
    if (scope[i] === 0) return null;
    return r ?? (Number.isFinite(perplexity[i]) && Number.isFinite(bitsPerByte[i]) ? null : 'not_finite');
  });
  const scored = (i: number): boolean => scope[i] === 1 && reason[i] === null;
  const nulls = (values: Float64Array): Float64Array => values.map((v, i) => (scored(i) ? v : Number.NaN));
  const valid = new Uint8Array((reason.length + 7) >> 3);
  reason.forEach((_, i) => {
    if (scored(i)) valid[i >> 3] |= 1 << (i & 7);
  });
  const cachedNll = scores.cachedNllSum ?? new Float64Array(scores.nllSum.length).fill(Number.NaN);
  const cachedBits = cachedNll.map((nll, i) => bitsPerByteOf(nll, scores.bytes[i]));
  return [
    [`${prefix}_nll_sum`, float64Column(nulls(scores.nllSum))],
    [`${prefix}_tokens`, { type: 'int32', values: scores.tokens.slice(), valid }],
    [prefix, float64Column(nulls(perplexity))],
    [`${prefix}_bits_per_byte`, float64Column(nulls(bitsPerByte))],
    [`${prefix}_bits_per_byte_max`, float64Column(nulls(scores.bitsPerByteMax))],
    ...(cached ? [[`${prefix}_cached_bits_per_byte`, float64Column(nulls(cachedBits))] as [string, Column]] : []),
    [`${prefix}_unscored`, utf8Column(reason)],
  ];
}
