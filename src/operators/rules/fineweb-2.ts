import { ConfigError, nearestName } from '../../errors.ts';
import type { Comparison, Rule } from '../../streams/batch/outcome.ts';
import { finewebRules } from './fineweb.ts';
import { FINEWEB_2_BLOCKS } from './fineweb-2-thresholds.ts';
import { gopherQualityRules } from './gopher-quality.ts';
import { gopherRepetitionRules } from './gopher-repetition.ts';

/** Of a language: its numbers in the order of the blocks, and its stop words. */
interface Thresholds {
  readonly numbers: readonly number[];
  readonly words: readonly string[];
}

const FINEWEB_2: Readonly<Record<string, Thresholds>> = Object.fromEntries(
  FINEWEB_2_BLOCKS.trim()
    .split(/\n(?! )/)
    .map((block) => {
      const [head, ...lines] = block.split('\n');
      const [label, , ...numbers] = head.split(' ');
      return [label, { numbers: numbers.map(Number), words: lines.join('').trim().split(/ +/) }] as const;
    }),
);

/** Languages that `fineweb2Rules()` knows, by label of the language model that ships; English is not among them. */
export const FINEWEB_2_LANGUAGES: readonly string[] = Object.keys(FINEWEB_2);

/** Written without spaces between words: nothing here finds their words. */
const UNSPACED: ReadonlySet<string> = new Set(['ja', 'th', 'zh']);

/** Different stop words that a document needs. */
const LEAST_STOP_WORDS = 2;

/**
 * The rules of FineWeb-2 for a language (Penedo et al. 2025, "FineWeb2: One Pipeline to Scale Them All", section 4;
 * the thresholds are those of its repository, one set a language, in the order of its pipeline): least language score,
 * Gopher repetition by lines and n-grams, FineWeb's rules without short lines and with 10 % of copied characters,
 * Gopher quality with word lengths and stop words of the language.
 *
 * Reads language_score of `language()`, stop_words of `stopWords()`, and the columns of `gopherRepetition()`,
 * `gopherQuality()` and `fineweb()` with `profile: 'datatrove'`. Scope them to the language: `where: { column:
 * 'language', is: ['de'] }`.
 * Of Japanese, Thai and Chinese no rule counts words. The least scores were found for GlotLID; another model has
 * others. Errors: ConfigError for a language without thresholds.
 */
export function fineweb2Rules(language: string): Rule[] {
  if (!Object.hasOwn(FINEWEB_2, language)) {
    const near = nearestName(language, FINEWEB_2_LANGUAGES);
    throw new ConfigError({
      expected: `a language with thresholds (${FINEWEB_2_LANGUAGES.join(' ')})`,
      got: language,
      where: 'fineweb2Rules()',
      fix: near ? `Did you mean ${near}?` : undefined,
    });
  }
  const { numbers } = FINEWEB_2[language];
  const [score, lines, linePunct, newLines, minLength, maxLength, alpha] = numbers;
  const [top, duplicate] = [numbers.slice(7, 10), numbers.slice(10)];
  const words = !UNSPACED.has(language);
  const spaced = <T>(threshold: T): T | null => (words ? threshold : null);
  const profile = 'datatrove' as const;
  const [maxTop2Gram, maxTop3Gram, maxTop4Gram] = top.map(spaced);
  const grams = Object.fromEntries(duplicate.map((t, i) => [`maxDuplicate${i + 5}Gram`, spaced(t)]));
  return [
    rule('language_score', 'language_score', '<', score, 'min_score'),
    ...gopherRepetitionRules({
      profile,
      maxDuplicateParagraphs: null,
      maxDuplicateParagraphChars: null,
      maxDuplicateLineChars: null,
      maxDuplicateLines: lines,
      ...{ maxTop2Gram, maxTop3Gram, maxTop4Gram },
      ...grams,
    }),
    ...finewebRules({
      profile,
      minLines: null,
      minLinePunct: linePunct,
      maxShortLines: null,
      maxCharDuplicates: 0.1,
      maxNewlineRatio: spaced(newLines),
    }),
    ...gopherQualityRules({
      profile,
      minWordLength: spaced(minLength),
      maxWordLength: spaced(maxLength),
      minAlphaWords: spaced(alpha),
      minStopWords: null,
      ...(words ? {} : { minWords: null, maxWords: null, maxHashRatio: null, maxEllipsisRatio: null }),
    }),
    rule('gopher_enough_stop_words', 'stop_words', '<', LEAST_STOP_WORDS, 'min_stop_words'),
  ];
}

const rule = (name: string, column: string, comparison: Comparison, threshold: number, option: string): Rule => ({
  ...{ name, version: 1, column, comparison, threshold, onNull: 'pass' },
  option,
});

/** Stop words of FineWeb-2, by label of the language model that ships. */
export const fineweb2StopWords = (): { readonly [language: string]: readonly string[] } =>
  Object.fromEntries(Object.entries(FINEWEB_2).map(([label, row]) => [label, row.words]));
