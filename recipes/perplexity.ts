import { annotate, dedup, drop, parquet, perplexity, recipe, rule, select, textParts, textStatistics } from 'sluice';

/** The models are of English prose: they say nothing about code, tables and other languages, which stay unscored. */
const where = { column: 'parts_kind', is: ['prose'] };
/** Share of the scored documents that stays. */
const RATE = 0.5;

/**
 * Perplexity-based selection: Ankner et al. 2024, "Perplexed by Perplexity: Perplexity-Based Data Pruning With Small
 * Reference Models". Their best for Dolma was the middle half, for the Pile the upper half; which is best for a mix,
 * only training on both says. Buckets as in cc_net (Wenzek et al. 2020).
 *
 * Scores with the model that ships (2.25 M parameters, English prose): 17 to 35 kB of text a second and core. It wants
 * a runtime:
 *   ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30.0
 *   sluice run perplexity --input 'raw/*.jsonl.gz' --sample 1%
 * A model of your own: `sluice train-reference`, then --set perplexity.model=<folder>.
 */
export default recipe({
  name: 'perplexity',
  description: 'Exact copies go, the rest is scored by a small language model and the middle half by perplexity stays.',
  steps: [
    dedup.exact(),
    annotate(textParts(), textStatistics(), { step: 'statistics' }),
    // Of a few words a perplexity says little.
    drop('length', [rule('text_chars < 200', { name: 'min_chars' })]),
    perplexity({ where }),
    select.buckets({ step: 'buckets' }),
    // Of the columns the one that ranks most like a real model (docs/models-notes.md).
    select.byPerplexity({ criterion: 'medium', rate: RATE, column: 'ppl_cached_bits_per_byte', step: 'select' }),
  ],
  sinks: [parquet()],
});
