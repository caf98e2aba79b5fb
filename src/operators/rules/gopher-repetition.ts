import type { Rule } from '../../streams/batch/outcome.ts';
import type { Profile } from '../annotators/profile.ts';
import { type JudgedPart, profileRuleSet, type RuleRow, type Thresholds } from './rule-set.ts';

type LineOption =
  | 'maxDuplicateLines'
  | 'maxDuplicateParagraphs'
  | 'maxDuplicateLineChars'
  | 'maxDuplicateParagraphChars';
type Top = 2 | 3 | 4;
type Duplicate = 5 | 6 | 7 | 8 | 9 | 10;
type Option = LineOption | `maxTop${Top}Gram` | `maxDuplicate${Duplicate}Gram`;

export type GopherRepetitionThresholds = Thresholds<Option | 'minChars'> & JudgedPart & { readonly profile?: Profile };

const line = (option: LineOption, what: string, threshold: number): RuleRow<Option> => ({
  name: `gopher_max_${what}`,
  option,
  column: `gopher_${what}_ratio`,
  comparison: '>',
  threshold,
});

const top = ([n, threshold]: readonly [Top, number]): RuleRow<Option> => ({
  name: `gopher_max_top_${n}_gram`,
  option: `maxTop${n}Gram`,
  column: `gopher_top_${n}_gram_char_ratio`,
  comparison: '>',
  threshold,
});

const duplicate = ([n, threshold]: readonly [Duplicate, number]): RuleRow<Option> => ({
  name: `gopher_max_duplicate_${n}_gram`,
  option: `maxDuplicate${n}Gram`,
  column: `gopher_duplicate_${n}_gram_char_ratio`,
  comparison: '>',
  threshold,
});

const lines = line('maxDuplicateLines', 'duplicate_line', 0.3);
const lineChars = line('maxDuplicateLineChars', 'duplicate_line_char', 0.2);
const paragraphs = line('maxDuplicateParagraphs', 'duplicate_paragraph', 0.3);
const paragraphChars = line('maxDuplicateParagraphChars', 'duplicate_paragraph_char', 0.2);
const grams: readonly RuleRow<Option>[] = [
  ...(
    [
      [2, 0.2],
      [3, 0.18],
      [4, 0.16],
    ] as const
  ).map(top),
  ...(
    [
      [5, 0.15],
      [6, 0.14],
      [7, 0.13],
      [8, 0.12],
      [9, 0.11],
      [10, 0.1],
    ] as const
  ).map(duplicate),
];

const sluice = [lines, paragraphs, lineChars, paragraphChars, ...grams];

/** The reason strings of datatrove 0.10, in the order of its filter. */
const datatrove: readonly RuleRow<Option | 'minChars'>[] = [
  { name: 'empty', option: 'minChars', column: 'gopher_chars', comparison: '<', threshold: 1 },
  { ...paragraphs, name: 'dup_para_frac' },
  { ...paragraphChars, name: 'dup_para_char_frac' },
  { ...lines, name: 'dup_line_frac' },
  { ...lineChars, name: 'dup_line_char_frac' },
  ...grams.map((r) => ({ ...r, name: datatroveGramName(r.option) })),
];

function datatroveGramName(option: string): string {
  const n = /\d+/.exec(option)?.[0];
  return option.startsWith('maxTop') ? `top_${n}_gram` : `duplicated_${n}_n_grams`;
}

/** No paragraphs, and the 0.30 for characters in duplicate lines of the production mixer v1.5. */
const dolma = [lines, { ...lineChars, threshold: 0.3 }, ...grams];

/**
 * Gopher repetition rules (Rae et al. 2021, table A1): shares of duplicate lines and paragraphs, of characters in the
 * most frequent 2- to 4-gram and in duplicate 5- to 10-grams.
 *
 * Reads the columns of `gopherRepetition()` of the same profile. The rules of the profile `datatrove` have that tool's
 * reason strings as names and its order. A threshold of null leaves a rule out.
 */
export function gopherRepetitionRules(thresholds: GopherRepetitionThresholds = {}): Rule[] {
  return profileRuleSet<Option | 'minChars', Profile>(
    'gopherRepetitionRules()',
    { sluice, datatrove, dolma },
    thresholds,
  );
}
