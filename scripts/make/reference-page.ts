import { eventRows } from '../../src/cli/run/event-lines.ts';
import type { AnnotatorDescriptor } from '../../src/operators/annotator-stage.ts';
import { fasttextOptions } from '../../src/operators/annotators/fasttext.ts';
import { finewebOptions } from '../../src/operators/annotators/fineweb.ts';
import { gopherQualityOptions } from '../../src/operators/annotators/gopher-quality.ts';
import { gopherRepetitionOptions } from '../../src/operators/annotators/gopher-repetition.ts';
import { languageOptions } from '../../src/operators/annotators/language.ts';
import { ngramPerplexityOptions } from '../../src/operators/annotators/ngram-perplexity.ts';
import { stopWordsOptions } from '../../src/operators/annotators/stop-words.ts';
import { textPartsOptions } from '../../src/operators/annotators/text-parts.ts';
import { textStatisticsOptions } from '../../src/operators/annotators/text-statistics.ts';
import * as operators from '../../src/operators/index.ts';
import { columnsOfRule } from '../../src/streams/batch/condition.ts';
import type { Rule } from '../../src/streams/batch/outcome.ts';
import type { Operator } from '../../src/streams/operator.ts';

/** Reads a file of the repository. */
type Source = (path: string) => string;

const { annotate, dedup, select } = operators;

/** Annotators by what users call, and where each is described. */
const ANNOTATORS: Readonly<Record<string, readonly [AnnotatorDescriptor, string]>> = {
  textParts: [operators.textParts(), 'text-parts'],
  textStatistics: [operators.textStatistics(), 'text-statistics'],
  gopherQuality: [operators.gopherQuality(), 'gopher-quality'],
  gopherRepetition: [operators.gopherRepetition(), 'gopher-repetition'],
  fineweb: [operators.fineweb(), 'fineweb'],
  stopWords: [operators.stopWords({ lists: { en: ['the', 'of'] } }), 'stop-words'],
  codeStatistics: [operators.codeStatistics(), 'code-statistics'],
  language: [operators.language(), 'language'],
  fasttext: [operators.fasttext({ model: null }), 'fasttext'],
  ngramPerplexity: [operators.ngramPerplexity({ model: null }), 'ngram-perplexity'],
};

/** Options of annotators with their defaults. */
const OPTIONS: Readonly<Record<string, object>> = {
  textParts: textPartsOptions.parse({}),
  textStatistics: textStatisticsOptions.parse({}),
  gopherQuality: gopherQualityOptions.parse({}),
  gopherRepetition: gopherRepetitionOptions.parse({}),
  fineweb: finewebOptions.parse({}),
  stopWords: stopWordsOptions.parse({}),
  codeStatistics: {},
  language: languageOptions.parse({}),
  fasttext: fasttextOptions.parse({ model: null }),
  ngramPerplexity: ngramPerplexityOptions.parse({ model: null }),
};

const RULES: Readonly<Record<string, readonly [readonly Rule[], string]>> = {
  partsRules: [operators.partsRules(), 'parts'],
  gopherQualityRules: [operators.gopherQualityRules(), 'gopher-quality'],
  gopherRepetitionRules: [operators.gopherRepetitionRules(), 'gopher-repetition'],
  finewebRules: [operators.finewebRules(), 'fineweb'],
  fineweb2Rules: [operators.fineweb2Rules('de'), 'fineweb-2'],
  textRules: [operators.textRules(), 'text'],
  languageRules: [operators.languageRules(), 'language'],
  codeRules: [operators.codeRules(), 'code'],
  tableRules: [operators.tableRules(), 'table'],
};

/** A list, for steps that do nothing without one. */
const LIST = new URL('../../test/fixtures/lists/hosts', import.meta.url).pathname;

const STEPS: Readonly<Record<string, readonly [Operator, string]>> = {
  c4: [operators.c4(), 'rewrite/c4'],
  extract: [operators.extract(), 'rewrite/extract'],
  pii: [operators.pii(), 'pii/pii'],
  urlFilter: [operators.urlFilter({ domains: [LIST] }), 'lists/url-filter'],
  badWords: [operators.badWords({ lists: [LIST] }), 'lists/bad-words'],
  decontaminate: [operators.decontaminate({ benchmarks: [] }), 'decontaminate/decontaminate'],
  perplexity: [operators.perplexity(), 'perplexity/perplexity'],
  external: [operators.external(['python', 'my_filter.py']), 'external/external'],
  'dedup.exact': [dedup.exact(), 'dedup/exact'],
  'dedup.normalized': [dedup.normalized(), 'dedup/normalized'],
  'dedup.minhash': [dedup.minhash(), 'dedup/minhash/minhash'],
  'dedup.bloom': [dedup.bloom(), 'dedup/bloom'],
  'dedup.url': [dedup.url(), 'dedup/url'],
  'dedup.paragraphs': [dedup.paragraphs(), 'dedup/spans/paragraphs'],
  'dedup.lines': [dedup.lines(), 'dedup/spans/lines'],
  'dedup.sentences': [dedup.sentences(), 'dedup/spans/sentences'],
  'dedup.substring': [dedup.substring(), 'dedup/spans/substring'],
  'dedup.boilerplate': [dedup.boilerplate(), 'dedup/spans/boilerplate'],
  'select.buckets': [select.buckets(), 'select/buckets'],
  'select.byRank': [select.byRank({ column: 'COLUMN', keep: 'low', rate: 0.5 }), 'select/by-rank'],
  'select.byPerplexity': [select.byPerplexity({ criterion: 'medium', rate: 0.5 }), 'select/by-rank'],
};

const last = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** The comment before what is exported under a name, as Markdown. */
function docOf(source: string, name: string): string {
  const at = source.search(new RegExp(`^export (const|function) ${name}\\b`, 'm'));
  const [from, to] = [source.lastIndexOf('/**', at), source.lastIndexOf('*/', at)];
  if (at < 0 || from < 0 || source.slice(to + 2, at).trim() !== '')
    throw new Error(`${name} is exported without a comment`);
  return source
    .slice(from + 3, to)
    .split('\n')
    .map((line) => line.replace(/^ \* ?/, '').trimEnd())
    .join('\n')
    .trim();
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
const value = (v: unknown): string => `\`${cell(JSON.stringify(v))}\``;
const rows = (head: readonly string[], body: readonly (readonly string[])[]): string[] =>
  body.length === 0
    ? []
    : [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...body.map((r) => `| ${r.join(' | ')} |`), ''];

function annotatorPart(name: string, [a, file]: readonly [AnnotatorDescriptor, string], source: Source): string[] {
  const set = annotate(a).descriptor.step;
  return [
    `### ${name}()`,
    '',
    docOf(source(`src/operators/annotators/${file}.ts`), name),
    '',
    `Version ${a.version}. Step, if it is given no other name: \`${set}\`.`,
    '',
    ...rows(
      ['option', 'default'],
      Object.entries(OPTIONS[name]).map(([k, v]) => [`\`${k}\``, value(v)]),
    ),
    ...rows(
      ['column', 'type'],
      a.writes.map((w) => [`\`${w.name}\``, w.type]),
    ),
  ];
}

function rulesPart(name: string, [rules, file]: readonly [readonly Rule[], string], source: Source): string[] {
  return [
    `### ${name}()`,
    '',
    docOf(source(`src/operators/rules/${file}.ts`), name),
    '',
    ...rows(
      ['rule', 'a document is dropped when', 'option for `--set`', 'null'],
      rules.map((r) => [
        `\`${r.name}@${r.version}\``,
        `\`${columnsOfRule(r).join(', ')} ${r.comparison} ${r.threshold}\``,
        `\`${r.option}\``,
        r.onNull === 'drop' ? 'drops' : 'passes',
      ]),
    ),
  ];
}

function stepPart(name: string, [{ descriptor: d }, file]: readonly [Operator, string], source: Source): string[] {
  const versions = d.versions.filter((v) => !v.startsWith('model '));
  const does = Object.entries(d.effects).map(([k, v]) => (v === true ? k : `${k} ${v}`));
  return [
    `### ${name}()`,
    '',
    docOf(source(`src/operators/${file}.ts`), last(name)),
    '',
    `Step \`${d.step}\`: ${does.join(', ')}. Versions: ${versions.join(', ')}.`,
    '',
    ...rows(
      ['option', 'default'],
      Object.entries(d.options)
        .filter(([k]) => k !== 'hash' || !name.match(/^(urlFilter|badWords)$/))
        .map(([k, v]) => [
          `\`${k}\``,
          Array.isArray(v) && v[0] === LIST ? value(k === 'domains' ? [] : null) : value(v),
        ]),
    ),
    ...rows(
      ['column', 'type'],
      d.writes.map((w) => [`\`${w.name}\``, w.type]),
    ),
    ...rows(
      ['rule', 'option'],
      d.rules.map((r) => [`\`${r.name}@${r.version}\``, `\`${r.option}\``]),
    ),
  ];
}

/** docs/reference.md. */
export function referencePage(source: Source): string {
  const parts = <T>(all: Readonly<Record<string, T>>, part: (name: string, of: T, s: Source) => string[]): string[] =>
    Object.entries(all).flatMap(([name, of]) => part(name, of, source));
  return [
    '# Reference: steps, rules, columns',
    '',
    'Made by `npx tsx scripts/make/reference.ts` from what the code says of itself; do not edit. Every step takes',
    '`step` (its name) and `where` (`{ domain: [...] }` or `{ column: ..., is: [...] }`, with `not: true` for the',
    'others). Options are written in camelCase in recipes and in snake_case in `--set step.option=value`. The columns',
    'of the ledger itself: [ledger.md](ledger.md).',
    '',
    '## Annotators',
    '',
    'They compute columns and drop nothing: `annotate(textParts(), textStatistics())`.',
    '',
    ...parts(ANNOTATORS, annotatorPart),
    '## Rules',
    '',
    "Each is a column and a threshold: `drop('quality', gopherQualityRules({ minWords: 30 }))`. A threshold of null",
    'leaves a rule out.',
    '',
    ...parts(RULES, rulesPart),
    '## Steps',
    '',
    ...parts(STEPS, stepPart),
    '## Events',
    '',
    'What `sluice run --json` prints, a JSON object a line, each with `type` and `time`. `run()` emits the same as',
    'objects (`RunEvent`), with all counters in `progress` and run.json in `finished`. Later versions only add fields.',
    '',
    ...rows(['type', 'fields', 'when'], eventRows()),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}
