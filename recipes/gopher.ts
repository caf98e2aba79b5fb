import {
  annotate,
  dedup,
  drop,
  extract,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
  parquet,
  recipe,
} from 'sluice';

/**
 * The heuristics of MassiveWeb: Rae et al. 2021, "Scaling Language Models: Methods, Analysis & Insights from Training
 * Gopher", appendix A.1.1: quality filtering, repetition removal (table A1), exact and near copies (13-grams, Jaccard
 * similarity 0.8), in the paper's order and with its numbers.
 *
 * What differs: near copies are candidates by 14 bands of 8 and verified; the paper removed one of each pair at random,
 * here the first stays. Content filtering (SafeSearch) is not a step of this version.
 */
/** Code and tables, where a document says that it is one, are not judged by rules for prose. */
const where = { domain: ['code', 'table'], not: true };

export default recipe({
  name: 'gopher',
  description: 'Quality and repetition rules of Gopher (MassiveWeb), then exact and near copies.',
  steps: [
    extract({ mode: 'precise' }),
    annotate(gopherQuality(), gopherRepetition(), { step: 'scores', where }),
    drop('gopher_quality', gopherQualityRules(), { where }),
    drop('gopher_repetition', gopherRepetitionRules(), { where }),
    dedup.exact(),
    dedup.minhash({ size: 13, threshold: 0.8 }),
  ],
  sinks: [parquet()],
  expected: { all: { max: 0.97 } },
});
