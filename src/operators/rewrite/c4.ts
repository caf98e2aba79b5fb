import * as z from 'zod';
import type { Rule } from '../../streams/batch/outcome.ts';
import { operator, type StepOptions } from '../operator.ts';
import { thresholdRule } from './threshold-rule.ts';

const count = z.int().min(0);

const sluice = z.strictObject({
  profile: z.literal('sluice').default('sluice'),
  /** Cut lines that do not end in a terminal mark or a closing quote. */
  terminalPunct: z.boolean().default(true),
  /** Cut lines with fewer words; 0 = none. */
  minWordsPerLine: count.default(3),
  /** Cut lines with a longer word, in code points; 0 = none. */
  maxWordLength: count.default(1000),
  /** Drop documents with fewer sentences in what is left; 0 = none. */
  minSentences: count.default(5),
  /** Drop documents with `lorem ipsum`. */
  loremIpsum: z.boolean().default(true),
  /** Cut lines with `javascript`. */
  javascript: z.boolean().default(true),
  /** Drop documents with `{`. */
  curlyBracket: z.boolean().default(true),
  /** Cut `[12]`, `[edit]` and `[citation needed]`. */
  citations: z.boolean().default(true),
  /** Cut lines about cookies, privacy policies and terms of use. */
  policy: z.boolean().default(true),
});

const schemas = {
  sluice,
  datatrove: sluice.extend({ profile: z.literal('datatrove') }),
  /** Dolma 1.5 used one of the rules (Soldaini et al. 2024, section 5.2): lines must end in a terminal mark. */
  dolma: z.strictObject({
    profile: z.literal('dolma'),
    terminalPunct: z.boolean().default(true),
    minWordsPerLine: count.default(0),
    loremIpsum: z.boolean().default(false),
    /** Drop documents with the word `javascript`. */
    javascript: z.boolean().default(false),
    curlyBracket: z.boolean().default(false),
  }),
};

type Schema = (typeof schemas)[keyof typeof schemas];

export type C4Options = z.input<Schema>;
type Options = { readonly [option: string]: boolean | number | string };

export type C4StepOptions = StepOptions;

/**
 * The C4 rules (Raffel et al. 2020, "Exploring the Limits of Transfer Learning", section 2.2) as a rewrite: cuts bad
 * lines out of `text` and drops documents of which too little is left. The bad-word list is not part of it. Defaults
 * are those of datatrove (3 words a line, 5 sentences); the paper's last version has 5 words and 3 sentences.
 *
 * Reads `text`; writes a new `text` (the lines kept, joined by `\n`), the cut spans in bytes of the original text, and
 * c4_lines, c4_kept_lines, c4_sentences (null = not counted), c4_lorem_ipsum, c4_curly_bracket, c4_cut_ratio (bytes
 * cut). Older annotations become stale. Cut rules: c4_long_word, c4_no_terminal_punct, c4_few_words, c4_javascript,
 * c4_policy, c4_citation, c4_white_space (blank lines and what stands around a line; `dolma` trims nothing), and for
 * `datatrove` c4_line_end (a line end that became `\n`). Drops: c4_lorem_ipsum, c4_curly_bracket, c4_min_sentences,
 * c4_empty (datatrove: its own strings lorem_ipsum, curly_bracket, too_few_sentences). A dropped document keeps its
 * text and has no cut spans.
 */
export const c4 = operator<Schema>({
  call: 'c4()',
  name: 'c4',
  stage: 'c4',
  options: ({ profile = 'sluice' }) => (Object.hasOwn(schemas, profile) ? schemas[profile] : sluice),
  versions: ['c4@1'],
  effects: { annotates: true, rewrites: true, drops: 'thresholds' },
  describe: (options) => ({
    reads: ['text'],
    writes: [
      { name: 'c4_lines', type: 'int32' },
      { name: 'c4_kept_lines', type: 'int32' },
      { name: 'c4_sentences', type: 'int32' },
      ...documentRules(options).map((r) => ({ name: r.column, type: 'int32' as const })),
      { name: 'c4_cut_ratio', type: 'float64' },
    ],
    rules: rulesOf(options),
  }),
});

/** Rules on a phrase, in the order in which they are tried. */
function documentRules(o: Options): Rule[] {
  const prefix = o.profile === 'datatrove' ? '' : 'c4_';
  const rules: Rule[] = [];
  if (o.loremIpsum) rules.push(thresholdRule(`${prefix}lorem_ipsum`, 'c4_lorem_ipsum', '>', 0, 'lorem_ipsum'));
  if (o.javascript && o.profile === 'dolma')
    rules.push(thresholdRule('c4_javascript', 'c4_javascript', '>', 0, 'javascript'));
  if (o.curlyBracket) rules.push(thresholdRule(`${prefix}curly_bracket`, 'c4_curly_bracket', '>', 0, 'curly_bracket'));
  return rules;
}

function rulesOf(o: Options): Rule[] {
  const rules = documentRules(o);
  const name = o.profile === 'datatrove' ? 'too_few_sentences' : 'c4_min_sentences';
  if (Number(o.minSentences ?? 0) > 0)
    rules.push(thresholdRule(name, 'c4_sentences', '<', Number(o.minSentences), 'min_sentences'));
  return [...rules, thresholdRule('c4_empty', 'c4_kept_lines', '<', 1, 'empty')];
}
