import {
  annotate,
  c4,
  dedup,
  drop,
  fineweb,
  finewebRules,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
  parquet,
  recipe,
} from 'sluice';

/**
 * FineWeb: Penedo et al. 2024, "The FineWeb Datasets: Decanting the Web for the Finest Text Data at Scale", section 3,
 * on text that has been taken out of its pages. In the order of the paper's pipeline: repetition, quality, C4 without
 * the punctuation rule, its own rules; every number as published, every definition that of datatrove. URL lists,
 * extraction, language and MinHash are not steps of this version; exact duplicates go instead, at the end.
 */
const profile = 'datatrove';

/** Code and tables, where a document says that it is one, are not judged by rules for prose. */
const where = { domain: ['code', 'table'], not: true };

export default recipe({
  name: 'fineweb',
  description: 'The rules of FineWeb, with the definitions of datatrove.',
  steps: [
    annotate(gopherRepetition({ profile }), { step: 'repetition_scores', where }),
    drop('gopher_repetition', gopherRepetitionRules({ profile }), { where }),
    annotate(gopherQuality({ profile }), { step: 'quality_scores', where }),
    drop('gopher_quality', gopherQualityRules({ profile }), { where }),
    c4({ profile, terminalPunct: false, where }),
    annotate(fineweb({ profile }), { step: 'fineweb_scores', where }),
    drop('fineweb', finewebRules({ profile }), { where }),
    dedup.exact(),
  ],
  sinks: [parquet()],
  // Of a crawl two thirds go; of edited text a tenth.
  expected: { all: { max: 0.97 } },
});
