import {
  annotate,
  c4,
  dedup,
  drop,
  extract,
  fineweb,
  finewebRules,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
  language,
  languageRules,
  parquet,
  pii,
  recipe,
} from 'sluice';

/**
 * FineWeb: Penedo et al. 2024, "The FineWeb Datasets: Decanting the Web for the Finest Text Data at Scale", section 3.
 * In the order of the paper's pipeline: main content (text that is no HTML stays as it is), English, repetition,
 * quality, C4 without the punctuation rule, its own rules, addresses masked, near copies; every number as published,
 * every definition of a rule that of datatrove.
 *
 * What differs: the language model is ours (`--set language.model=lid.176.bin` runs theirs); near copies (14 bands of
 * 8, 5-grams of words) are verified, and the first in input order stays; e-mail and IP addresses are masked before
 * the near copies go, so that no address waits on disk for them; the extractor is ours, and no URL list is a step.
 */
const profile = 'datatrove';

/** Code and tables, where a document says that it is one, are not judged by rules for prose. */
const where = { domain: ['code', 'table'], not: true };

export default recipe({
  name: 'fineweb',
  description: 'FineWeb: English pages by its rules, with the definitions of datatrove, and near copies.',
  steps: [
    extract({ mode: 'precise' }),
    annotate(language({ keep: ['en'] }), { step: 'language', where }),
    drop('other_language', languageRules(), { where }),
    annotate(gopherRepetition({ profile }), { step: 'repetition_scores', where }),
    drop('gopher_repetition', gopherRepetitionRules({ profile }), { where }),
    annotate(gopherQuality({ profile }), { step: 'quality_scores', where }),
    drop('gopher_quality', gopherQualityRules({ profile }), { where }),
    c4({ profile, terminalPunct: false, where }),
    annotate(fineweb({ profile }), { step: 'fineweb_scores', where }),
    drop('fineweb', finewebRules({ profile }), { where }),
    pii({ profile, where }),
    dedup.minhash(),
  ],
  sinks: [parquet()],
  // Of a crawl two thirds go; of edited text a tenth.
  expected: { all: { max: 0.97 }, rules: { language_min_score: { max: 0.97 } } },
});
