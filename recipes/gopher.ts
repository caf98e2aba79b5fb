import {
  annotate,
  dedup,
  drop,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
  parquet,
  recipe,
} from 'sluice';

/**
 * The heuristics of MassiveWeb: Rae et al. 2021, "Scaling Language Models: Methods, Analysis & Insights from Training
 * Gopher", appendix A.1.1: quality filtering, repetition removal (table A1), exact deduplication, in the paper's order
 * and with its numbers. Content filtering and near-duplicate removal are not steps of this version.
 */
/** Code and tables, where a document says that it is one, are not judged by rules for prose. */
const where = { domain: ['code', 'table'], not: true };

export default recipe({
  name: 'gopher',
  description: 'Quality and repetition rules of Gopher (MassiveWeb), then exact copies.',
  steps: [
    annotate(gopherQuality(), gopherRepetition(), { step: 'scores', where }),
    drop('gopher_quality', gopherQualityRules(), { where }),
    drop('gopher_repetition', gopherRepetitionRules(), { where }),
    dedup.exact(),
  ],
  sinks: [parquet()],
  expected: { all: { max: 0.97 } },
});
