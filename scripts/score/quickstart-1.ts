import {
  annotate,
  codeRules,
  codeStatistics,
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
  tableRules,
  textRules,
  textStatistics,
} from 'sluice';

const code = { domain: ['code'] };
const table = { domain: ['table'] };
/** Everything else is judged as prose, whatever it is called. */
const prose = { domain: ['code', 'table'], not: true };

/**
 * Legal and technical texts repeat their formulas by nature; a text of which more than this stands in copies of five
 * words is no prose.
 */
const COPIED = 0.6;

/**
 * Thresholds were chosen on half of the groups of a mixed English corpus (books, encyclopedia, news, science, law,
 * forum, manuals, code, 25 kinds of web noise) and checked on the other half: of the noise 91 % goes, of books,
 * encyclopedia, news and science 7 %, of code 1 %.
 */
export default recipe({
  name: 'quickstart',
  description:
    'Mixed English text: exact copies, then Gopher, FineWeb and our own rules for prose, rules of their ' +
    'own for code and tables.',
  steps: [
    dedup.exact(),
    annotate(gopherQuality(), gopherRepetition(), fineweb(), textStatistics(), { step: 'scores' }),
    annotate(codeStatistics(), { step: 'code_scores', where: code }),
    // Works of reference are full of years and figures: seven words in ten must have a letter, not eight.
    drop('gopher_quality', gopherQualityRules({ minAlphaWords: 0.7 }), { where: prose }),
    drop(
      'gopher_repetition',
      gopherRepetitionRules({
        maxDuplicateLines: 0.4,
        maxDuplicateParagraphs: 0.4,
        maxDuplicate5Gram: COPIED,
        maxDuplicate6Gram: COPIED,
        maxDuplicate7Gram: COPIED,
        maxDuplicate8Gram: COPIED,
        maxDuplicate9Gram: COPIED,
        maxDuplicate10Gram: COPIED,
      }),
      { where: prose },
    ),
    // Manuals have code blocks and repeated headings: FineWeb's limit of 1 % of characters in copied lines would cost a
    // fifth of them.
    drop('fineweb', finewebRules({ minLinePunct: 0.1, maxCharDuplicates: 0.2, maxNewlineRatio: null }), {
      where: prose,
    }),
    drop('text_quality', textRules(), { where: prose }),
    drop('code_quality', codeRules(), { where: code }),
    drop('table_quality', tableRules(), { where: table }),
  ],
  sinks: [parquet()],
  expected: { all: { max: 0.97 }, domains: { code: { max: 0.5 } } },
});
