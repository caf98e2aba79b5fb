import {
  annotate,
  dedup,
  drop,
  ngramPerplexity,
  parquet,
  recipe,
  rule,
  select,
  textParts,
  textStatistics,
} from 'sluice';

/** The models are of English prose: they say nothing about code, tables and other languages, which stay unscored. */
const where = { column: 'parts_kind', is: ['prose'] };
/** Share of the scored documents that stays. */
const RATE = 0.5;

/**
 * Selection by perplexity under an n-gram model: 12 MB/s a core, hundreds of times as fast as a neural model
 * (`perplexity.ts`), and as good at telling noise from text; it sees no further than its order. Buckets as in cc_net
 * (Wenzek et al. 2020).
 *
 * Needs a reference model, trained on text that is not scored:
 *   sluice train-ngram --input 'clean/*.jsonl.gz' --output reference.ngram
 *   sluice run perplexity-ngram --input 'raw/*.jsonl.gz' --set perplexity.model=reference.ngram
 */
export default recipe({
  name: 'perplexity-ngram',
  description: 'Exact copies go, the rest is scored by an n-gram model and the middle half by perplexity stays.',
  steps: [
    dedup.exact(),
    annotate(textParts(), textStatistics(), { step: 'statistics' }),
    // Of a few words a perplexity says little.
    drop('length', [rule('text_chars < 200', { name: 'min_chars' })]),
    annotate(ngramPerplexity({ model: null }), { step: 'perplexity', where }),
    select.buckets({ step: 'buckets' }),
    select.byPerplexity({ criterion: 'medium', rate: RATE, step: 'select' }),
  ],
  sinks: [parquet()],
});
