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

/** English, version 4: what `textParts()` takes for code, tables and other languages is not judged as prose. */
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

/** Consent texts, error pages: short, and made of few sentences. */
const consent = rule('prose_fineweb_char_dup_ratio > 0.1 and prose_gopher_word_count < 200', {
  name: 'fineweb_max_short_copies',
  option: 'max_short_copies',
});

/**
 * What counts lines says little of a text of a few: a caption is no page of menus, a cut paragraph is no babble. So
 * these ask for the lines, or for the prose beside them, too.
 */
const lines = {
  /** Headings between paragraphs are short lines too; fragments of sentences stand between fragments. */
  short: rule('parts_short_ratio > 0.2 and (parts_short_ratio > 0.4 or prose_text_mean_line_length < 65)', {
    name: 'parts_max_short',
    option: 'max_short',
    version: 2,
  }),
  menu: rule('parts_menu_line_ratio > 0.4 and (text_lines >= 40 or parts_prose_ratio < 0.4)', {
    name: 'parts_max_menu_lines',
    option: 'max_menu_lines',
    version: 2,
  }),
  ellipsis: rule('prose_gopher_ellipsis_line_ratio > 0.3 and prose_text_lines > 5', {
    name: 'gopher_max_ellipsis_lines',
    option: 'max_ellipsis_lines',
    version: 2,
  }),
  /**
   * Lines without a mark at their ends are headings, wrapped lines and facts, unless they are as long as paragraphs
   * are or a page has no others. One paragraph may be cut; of one, its words tell.
   */
  punctuation: rule(
    'prose_fineweb_line_punct_ratio < 0.12 and (prose_text_mean_line_length > 280 and (prose_text_lines > 1 or ' +
      'parts_impossible_pair_ratio > 0 or prose_text_function_word_ratio < 0.38) or ' +
      'prose_text_lines > 10 and prose_fineweb_line_punct_ratio < 0.02)',
    { name: 'fineweb_min_line_punct', option: 'min_line_punct', version: 2 },
  ),
};

/** A paragraph with formulas is a long line, and no minified program: it is made of words. */
const longLine = (column: string, name: string, option: string, limit: number) =>
  rule(`${column} > ${limit} and text_function_word_ratio < 0.25`, { name, option, version: 2 });

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
    drop(
      'page',
      [
        ...partsRules({ maxRunOn: null, maxShort: null, maxMenuLines: null }),
        // Long words of chemistry and medicine are no lost spaces.
        rule('parts_run_on_ratio > 0.015 and prose_gopher_mean_word_length > 7', {
          name: 'parts_max_run_on',
          option: 'max_run_on',
          version: 2,
        }),
        lines.short,
        lines.menu,
      ],
      { where: prose },
    ),
    // Glossaries and works of reference have short entries, full of years and figures.
    drop(
      'gopher_quality',
      [
        ...gopherQualityRules({
          of,
          minWords: 15,
          // Addresses are long words.
          maxWordLength: 15,
          minAlphaWords: 0.6,
          maxHashRatio: null,
          maxBulletLines: null,
          maxEllipsisLines: null,
          minStopWords: null,
        }),
        lines.ellipsis,
      ],
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
        ...finewebRules({
          of,
          minLinePunct: null,
          maxShortLines: null,
          maxCharDuplicates: null,
          maxNewlineRatio: null,
        }),
        lines.punctuation,
        copies('fineweb_char_dup_ratio', 'fineweb_max_char_duplicates', 'max_char_duplicates'),
        consent,
      ],
      { where: prose },
    ),
    drop('text_quality', textRules({ of, maxUpperRatio: 0.5, minWhiteSpace: 0.08 }), { where: prose }),
    drop(
      'code_quality',
      [
        ...codeRules({ maxLineLength: null, maxMeanLineLength: null }),
        longLine('text_max_line_length', 'code_max_line_length', 'max_line_length', 1000),
        longLine('text_mean_line_length', 'code_max_mean_line_length', 'max_mean_line_length', 100),
        // Listings of which an extractor made a line a token, and indexes of names.
        rule('text_mean_line_length < 14 and parts_short_ratio > 0.25', {
          name: 'code_min_mean_line_length',
          option: 'min_mean_line_length',
        }),
        rule('fineweb_char_dup_ratio > 0.6', { name: 'code_max_copies', option: 'max_copies' }),
      ],
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
