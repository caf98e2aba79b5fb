import { annotate, dedup, drop, ngramPerplexity, parquet, recipe, rule, select, textStatistics } from 'sluice';

/** Share of the documents that stays. */
const RATE = 0.5;

/**
 * Perplexity-based selection: Ankner et al. 2024, "Perplexed by Perplexity: Perplexity-Based Data Pruning With Small Reference Models". Their
 * best for Dolma was the middle half, for the Pile the upper half; which is best for a mix, only training on both says. Buckets as in cc_net
 * (Wenzek et al. 2020).
 *
 * Needs a reference model, trained on text that is not scored:
 *   sluice train-ngram --input 'clean/*.jsonl.gz' --output reference.ngram
 *   sluice run perplexity --input 'raw/*.jsonl.gz' --set perplexity.model=reference.ngram
 */
export default recipe({
  name: 'perplexity',
  description: 'Exact copies go, the rest is scored by a reference model and the middle half by perplexity stays.',
  steps: [
    dedup.exact(),
    annotate(textStatistics(), { step: 'statistics' }),
    // Of a few words a perplexity says little.
    drop('length', [rule('text_chars < 200', { name: 'min_chars' })]),
    annotate(ngramPerplexity({ model: null }), { step: 'perplexity' }),
    select.buckets({ step: 'buckets' }),
    select.byPerplexity({ criterion: 'medium', rate: RATE, step: 'select' }),
  ],
  sinks: [parquet()],
});
