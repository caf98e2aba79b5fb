import {
  annotate,
  c4,
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
 * The quality rules of Dolma's web part: Soldaini et al. 2024, "Dolma: an Open Corpus of Three Trillion Tokens",
 * section 5.2: all Gopher rules and one of C4 (paragraphs must end in a terminal mark), with the definitions of the
 * toolkit and the thresholds of its mixer, on the main content of pages of HTML (our extractor). Language, paragraph
 * deduplication, content tagging and PII are not steps of this version; exact copies go, as in the paper's first stage.
 */
const profile = 'dolma';
/** Version 1 of the tagger takes the blank lines between paragraphs for copies of one line. */
const tagger = 'v2';

/** Code and tables, where a document says that it is one, are not judged by rules for prose. */
const where = { domain: ['code', 'table'], not: true };

export default recipe({
  name: 'dolma',
  description: 'The quality rules of Dolma (web part), with the definitions of its toolkit.',
  steps: [
    extract({ mode: 'precise' }),
    dedup.exact(),
    annotate(gopherQuality({ profile, tagger }), gopherRepetition({ profile, tagger }), { step: 'scores', where }),
    drop('gopher_quality', gopherQualityRules({ profile }), { where }),
    drop('gopher_repetition', gopherRepetitionRules({ profile }), { where }),
    c4({ profile, where }),
  ],
  sinks: [parquet()],
  expected: { all: { max: 0.97 } },
});
