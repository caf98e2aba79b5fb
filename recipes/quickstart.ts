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
  partsRules,
  recipe,
  rule,
  tableRules,
  textParts,
  textRules,
  textStatistics,
} from 'sluice';

/** English, version 3: what `textParts()` takes for code, tables and other languages is not judged as prose. */
const prose = { column: 'parts_kind', is: ['prose'] };
const code = { column: 'parts_kind', is: ['code'] };
const table = { column: 'parts_kind', is: ['table'] };
const data = { column: 'parts_kind', is: ['code', 'table'] };
/** Of a page of prose only the prose is judged: its code blocks, tables, lists and headings are not. */
const of = 'prose';

/** Legal and technical texts repeat their formulas by nature; of this much of it in copies of five words it is none. */
const COPIED = 0.75;

/**
 * Text in copies of lines. A long page of reference says the same of several methods; consent texts and error
 * pages, which the rule is for, are short.
 */
const copies = (what: string, name: string, option: string) => {
  const column = `prose_${what}`;
  const condition = `${column} > 0.2 and (prose_gopher_word_count < 1000 or ${column} > 0.4)`;
  return rule(condition, { name, option, version: 2 });
};

/**
 * Thresholds were chosen on half of the groups of a mixed English corpus (books, encyclopedia, news, science, law,
 * forum, manuals, code, 25 kinds of web noise) and measured on the other half: `npx tsx scripts/score/quickstart.ts`.
 */
export default recipe({
  name: 'quickstart',
  description:
    'Mixed English text: copies and near copies go, prose is judged by rules for prose, pages of code and tables by ' +
    'rules of their own; other languages pass.',
  steps: [
    dedup.exact(),
    annotate(textParts(), textStatistics(), { step: 'parts' }),
    annotate(gopherQuality({ of }), gopherRepetition({ of }), fineweb({ of }), textStatistics({ of }), {
      step: 'scores',
      where: prose,
    }),
    annotate(codeStatistics(), fineweb(), { step: 'code_scores', where: data }),
    drop('page', partsRules(), { where: prose }),
    // Glossaries and works of reference have short entries, full of years and figures.
    drop(
      'gopher_quality',
      gopherQualityRules({
        of,
        minWords: 15,
        minAlphaWords: 0.7,
        maxHashRatio: null,
        maxBulletLines: null,
        minStopWords: null,
      }),
      { where: prose },
    ),
    drop(
      'gopher_repetition',
      [
        ...gopherRepetitionRules({
          of,
          maxDuplicateLines: 0.4,
          maxDuplicateParagraphs: 0.4,
          maxDuplicateLineChars: null,
          maxDuplicateParagraphChars: null,
          maxTop3Gram: 0.25,
          maxTop4Gram: 0.25,
          maxDuplicate5Gram: COPIED,
          maxDuplicate6Gram: COPIED,
          maxDuplicate7Gram: COPIED,
          maxDuplicate8Gram: COPIED,
          maxDuplicate9Gram: COPIED,
          maxDuplicate10Gram: COPIED,
        }),
        copies('gopher_duplicate_line_char_ratio', 'gopher_max_duplicate_line_char', 'max_duplicate_line_chars'),
        copies(
          'gopher_duplicate_paragraph_char_ratio',
          'gopher_max_duplicate_paragraph_char',
          'max_duplicate_paragraph_chars',
        ),
      ],
      { where: prose },
    ),
    drop(
      'fineweb',
      [
        ...finewebRules({ of, maxShortLines: null, maxCharDuplicates: null, maxNewlineRatio: null }),
        copies('fineweb_char_dup_ratio', 'fineweb_max_char_duplicates', 'max_char_duplicates'),
      ],
      { where: prose },
    ),
    drop('text_quality', textRules({ of, maxUpperRatio: 0.5, minWhiteSpace: 0.08 }), { where: prose }),
    drop(
      'code_quality',
      [...codeRules(), rule('fineweb_char_dup_ratio > 0.6', { name: 'code_max_copies', option: 'max_copies' })],
      { where: code },
    ),
    drop(
      'table_quality',
      [...tableRules(), rule('text_digit_ratio > 0.3', { name: 'table_max_digits', option: 'max_digits' })],
      { where: table },
    ),
    // Near copies of what is left; every match is verified.
    dedup.minhash(),
  ],
  sinks: [parquet()],
  expected: { all: { max: 0.97 }, domains: { code: { max: 0.5 } } },
});
