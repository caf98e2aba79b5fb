import {
  type AnnotatorDescriptor,
  type Json,
  jsonl,
  type Operator,
  type Recipe,
  recipe,
  type Scope,
  textStatistics,
} from 'sluice';
import * as operators from 'sluice/operators';
import { partition } from '../helpers/partition.ts';

const filterScript = new URL('../fixtures/filters/arrow-filter.mjs', import.meta.url).pathname;
const filterCommand = [process.execPath, filterScript, 'mill'];
const { annotate, as, c4, custom, decontaminate, dedup, drop, external, rule, select } = operators;

type Annotator = AnnotatorDescriptor;
type Rules = ReturnType<typeof operators.textRules>;
type Options = { readonly [option: string]: Json };
export type Given = Options & { readonly where?: Scope };

export interface OperatorCase {
  /** As exported; what is different about this case behind a comma. */
  readonly name: string;
  readonly make: (given?: Given) => Operator;
  /** Every option that `set` knows, with a valid value that is not the default. */
  readonly settings: Options;
  /** Options that mean nothing with the others as they are. */
  readonly idle?: readonly string[];
  /** Steps that write what it reads. */
  readonly before?: () => readonly Operator[];
  /** Documents that it is given; a model takes its time. Default: all. */
  readonly documents?: number;
  /** True where a whole run takes some of the documents only. */
  readonly few?: true;
  /** True for a model, whose sums are rounded differently in another company of rows. */
  readonly rounds?: boolean;
  /** True for an operator that only these tests have: a user's own. */
  readonly own?: true;
  /** Why it may read columns that its descriptor does not name. */
  readonly readsMore?: string;
}

/** Files that some options need. */
export interface CaseFiles {
  readonly questions: string;
  readonly ngram: string;
  /** A tokenizer.json of byte pairs. */
  readonly tokenizer: string;
  /** Folder of the indexes that an earlier run has left. */
  readonly indexes: string;
}

const annotator = (
  name: string,
  make: (options: Options) => Annotator,
  settings: Options = {},
  more: Partial<OperatorCase> = {},
): OperatorCase => ({
  name,
  make: ({ where, step = 'step', ...options } = {}) => annotate(make(options), { step: `${step}`, where }),
  settings,
  ...more,
});

/** A small model of fastText. */
const fasttext = new URL('../fixtures/fasttext/pruned.ftz', import.meta.url).pathname;

const lists = new URL('../fixtures/lists', import.meta.url).pathname;

const camel = (snake: string): string => snake.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** A set of rules: every threshold is an option. */
const rules = (name: string, make: (options: Options) => Rules, ...annotators: Annotator[]): OperatorCase => ({
  name,
  make: ({ where, ...options } = {}) => drop('step', make(options), { where }),
  settings: Object.fromEntries(make({}).map((r) => [camel(r.option), r.threshold / 2 + 0.0131])),
  before: () => [annotate(...annotators, { step: 'scores' })],
});

/** A factory that takes options, `step` and `where` in one object. */
const factory = (
  name: string,
  make: (options: never) => Operator,
  settings: Options,
  base: Options = {},
  more: Partial<OperatorCase> = {},
): OperatorCase => ({
  name,
  make: (given = {}) => make({ step: 'step', ...base, ...given } as never),
  settings,
  ...more,
});

const generating = {
  endpoint: 'http://127.0.0.1:9/v1',
  model: new URL('../../models/prose/', import.meta.url).pathname,
  api: 'completions',
  keyFrom: 'SOME_KEY',
  stream: false,
  maxTokens: 7,
  temperature: 0.5,
  topP: 0.5,
  seed: 3,
  concurrency: 3,
  requestsPerMinute: 50,
  tokensPerMinute: 5000,
  timeoutSeconds: 5,
  retries: 1,
  budgetTokens: 1e6,
  budget: 2,
  promptPrice: 1,
  answerPrice: 2,
  answers: 'elsewhere',
  executor: 'onnxruntime-wasm',
  slots: 2,
  bandColumn: 'text_chars',
  bandMin: 1,
  bandMax: 1e6,
};
const scores = { before: () => [annotate(textStatistics(), { step: 'scores' })] };
const profile = { profile: 'datatrove' } as const;
const prose = { of: 'prose' };
const split = { ...profile, ...prose, split: 'whitespace' };
const tagged = { ...split, tagger: 'v2' };
const toDolma = { ...tagged, profile: 'dolma' };
const pieces = { normalize: 'letters', minBytes: 40, minWordsLeft: 5 };
const priority = { priority: 'text_chars' };
const address = {
  scheme: false,
  www: false,
  defaultPort: false,
  trailingSlash: false,
  fragment: false,
  tracking: false,
  session: false,
  sortQuery: false,
  percent: false,
};
const c4Documents = { loremIpsum: false, javascript: false, curlyBracket: false, terminalPunct: false };
const c4Lines = { minWordsPerLine: 5, maxWordLength: 20, minSentences: 2, citations: false, policy: false };
const minhashOptions = {
  unit: 'characters',
  size: 4,
  bands: 10,
  rows: 4,
  permutations: 64,
  threshold: 0.8,
  verify: false,
  profile: 'datatrove',
  hash: 'sha1',
  method: 'oph',
  priority: 'text_chars',
  prefer: 'lowest',
  scope: 'streaming',
  remembered: 100,
  seed: 2,
  saveIndex: true,
  code: ['web'],
  kin: 'drop',
};

/** Every public operator, annotator and set of rules; a new one is tested by one more line. */
export function operatorCases({ questions, ngram, tokenizer, indexes }: CaseFiles): readonly OperatorCase[] {
  const index = (name: string): string => `${indexes}/${name}`;
  const contaminated = {
    benchmarks: [questions, questions],
    fields: { question: ['question'] },
    ngram: 4,
    threshold: 0.5,
    minRun: 9,
    runBytes: 20,
    minWords: 7,
    fullWords: 12,
  };
  return [
    annotator('textStatistics', textStatistics, prose),
    annotator('textParts', operators.textParts, {
      mostly: 0.4,
      otherScript: 0.5,
      foreign: 0.1,
      foreignWords: 2,
      filler: 0.2,
      code: ['web'],
      table: ['web'],
    }),
    annotator('codeStatistics', () => operators.codeStatistics()),
    annotator('gopherQuality', operators.gopherQuality, tagged, { idle: ['split', 'tagger'] }),
    annotator('gopherQuality, datatrove', (o) => operators.gopherQuality({ ...profile, ...o }), toDolma, {
      idle: ['tagger'],
    }),
    annotator('gopherQuality, dolma', (o) => operators.gopherQuality({ profile: 'dolma', ...o }), tagged, {
      idle: ['split'],
    }),
    annotator('gopherRepetition', operators.gopherRepetition, tagged, { idle: ['split', 'tagger'] }),
    annotator('gopherRepetition, datatrove', (o) => operators.gopherRepetition({ ...profile, ...o }), toDolma, {
      idle: ['tagger'],
    }),
    annotator('gopherRepetition, dolma', (o) => operators.gopherRepetition({ profile: 'dolma', ...o }), tagged, {
      idle: ['split'],
    }),
    annotator('fineweb', operators.fineweb, split, { idle: ['split'] }),
    annotator('fineweb, datatrove', (o) => operators.fineweb({ ...profile, ...o }), { ...split, profile: 'sluice' }),
    annotator(
      'stopWords',
      (o) => operators.stopWords({ column: 'domain', lists: { web: ['the', 'and', 'of'] }, ...o }),
      { lists: { code: ['the'] }, column: 'id', enough: 1, unspaced: ['web'] },
    ),
    annotator('language', operators.language, {
      model: fasttext,
      most: 2,
      keep: ['de', 'en'],
      labels: ['en'],
      maxBytes: 100,
    }),
    annotator('fasttext', (o) => operators.fasttext({ model: fasttext, ...o }), {
      model: `${fasttext.replace('pruned.ftz', 'plain.ftz')}`,
      most: 2,
      labels: ['l1'],
      maxBytes: 100,
      as: 'other',
    }),
    annotator('ngramPerplexity', (o) => operators.ngramPerplexity({ model: ngram, ...o }), {
      model: `${ngram}.copy`,
      split: 'bytes',
      as: 'other',
      scoreTrainedOn: true,
    }),
    annotator('as', ({ prefix = 'mine', ...o }) => as(operators.fineweb({ ...profile, ...o }), `${prefix}`), {
      ...split,
      profile: 'sluice',
      prefix: 'other',
    }),
    rules('textRules', operators.textRules, textStatistics()),
    rules('codeRules', operators.codeRules, textStatistics(), operators.codeStatistics()),
    rules('tableRules', operators.tableRules, textStatistics()),
    rules('gopherQualityRules', operators.gopherQualityRules, operators.gopherQuality()),
    rules('gopherRepetitionRules', operators.gopherRepetitionRules, operators.gopherRepetition()),
    rules('languageRules', operators.languageRules, operators.language({ keep: ['en'] })),
    rules('partsRules', operators.partsRules, operators.textParts()),
    rules('finewebRules', operators.finewebRules, operators.fineweb()),
    rules('shadow', (options) => operators.shadow(operators.textRules(options)), textStatistics()),
    {
      name: 'drop and rule',
      make: ({ where, chars = 400 } = {}) =>
        drop('step', [rule(`text_chars < ${chars}`, { option: 'chars' })], { where }),
      settings: { chars: 700 },
      ...scores,
    },
    {
      name: 'custom',
      make: ({ where, step = 'step' } = {}) =>
        custom(`${step}`, 1, (d) => d.text.includes('mill') && d.value('text_chars')! > 200, { where }),
      settings: {},
      ...scores,
      readsMore: 'a closure reads what it likes',
    },
    {
      name: 'external',
      make: ({ command = filterCommand, ...given } = {}) =>
        external(command as string[], {
          ...{ step: 'step', columns: { length: 'int32' }, as: 'mill', processes: 1, batchRows: 16 },
          ...given,
        }),
      settings: {
        ...{ command: [...filterCommand, '2'], version: 2, columns: { length: 'int64' }, reasons: ['short'] },
        ...{ reads: ['text', 'id'], drops: false, rewrites: true, creates: true, as: 'other', batchRows: 5 },
        ...{ timeoutSeconds: 90, startSeconds: 90, processes: 2, memory: 1e9 },
      },
    },
    factory('partition', partition, { minParts: 3 }, {}, { own: true }),
    factory('partition, of few', partition, {}, { minParts: 4 }, { own: true }),
    factory('c4', c4, { ...c4Documents, ...c4Lines, profile: 'datatrove' }),
    factory('c4, datatrove', c4, { ...c4Documents, ...c4Lines }, profile),
    factory(
      'c4, dolma',
      c4,
      { loremIpsum: true, javascript: true, curlyBracket: true, terminalPunct: false, minWordsPerLine: 4 },
      { profile: 'dolma' },
    ),
    factory('pii', operators.pii, {
      action: 'drop',
      kinds: ['email'],
      profile: 'datatrove',
      maxCount: 3,
      tokens: 'kind',
      seed: 2,
    }),
    factory('pii, dolma', operators.pii, {}, { profile: 'dolma' }),
    factory(
      'urlFilter',
      operators.urlFilter,
      {
        path: 'link',
        profile: 'datatrove',
        domains: [`${lists}/hosts`],
        words: [`${lists}/words`],
        softWords: [`${lists}/words`],
        subwords: [`${lists}/words`],
        publicSuffixes: [`${lists}/suffixes`],
        softThreshold: 3,
      },
      { softWords: [`${lists}/soft`] },
    ),
    factory(
      'badWords',
      operators.badWords,
      { language: 'de', lists: [`${lists}/soft`], wholeWords: false, maxCount: 2 },
      { lists: [`${lists}/words`] },
    ),
    factory('decontaminate', decontaminate, { ...contaminated, action: 'cut' }, { benchmarks: [questions] }),
    factory('decontaminate, cut', decontaminate, {}, { benchmarks: [questions], action: 'cut' }),
    factory('decontaminate, tag', decontaminate, {}, { benchmarks: [questions], action: 'tag' }),
    factory(
      'perplexity',
      operators.perplexity,
      {
        model: new URL('../../models/prose/', import.meta.url).pathname,
        executor: 'onnxruntime-wasm',
        as: 'other',
        context: 64,
        overlap: 8,
        maxTokens: 1000,
        start: 'none',
        scoreTrainedOn: true,
      },
      {},
      { documents: 4, few: true, rounds: true },
    ),
    factory(
      'rephrase',
      operators.rephrase,
      {
        ...generating,
        as: 'other',
        styles: ['easy'],
        each: 'one',
        ownStyles: { own: { prompt: 'Again: {text}', system: '' } },
        chunkTokens: 50,
        share: 0.5,
        keepSource: false,
        domainSuffix: '_made',
        minRatio: 0.1,
        maxRatio: 9,
        maxCopied: 0.5,
        minOverlap: 0.2,
        maxScript: 0.5,
        cutOff: 'drop',
      },
      { maxTokens: 3, temperature: 0, chunkTokens: 60, share: 0.15, minRatio: 0 },
      { documents: 3, few: true },
    ),
    factory(
      'synthesize',
      operators.synthesize,
      {
        ...generating,
        task: 'bonito',
        kinds: ['yes_no'],
        most: 2,
        longest: 100,
        share: 0.5,
        keepSource: false,
        domainSuffix: '_made',
        instruction: 'Ask.',
        examples: [{ input: 'a', output: 'b' }],
        labels: ['yes'],
        samples: 2,
        separator: '=>',
        judge: 'contains',
        templates: { own: { template: '{text} {label}', labels: ['a', 'b'] } },
      },
      { task: 'continuation', maxTokens: 3, temperature: 0, longest: 200, share: 0.15 },
      { documents: 4, idle: ['kinds'] },
    ),
    factory('extract', operators.extract, { mode: 'union', minChars: 20 }),
    factory('refine', operators.refine, {
      ...generating,
      writer: 'model',
      prompt: 'trained',
      judgeDocuments: false,
      documentTokens: 100,
      chunkTokens: 100,
      minKeptShare: 0.2,
      minWords: 5,
    }),
    factory(
      'dedup.exact',
      dedup.exact,
      { ...priority, saveIndex: true, against: [index('exact_dedup.hashes')] },
      {},
      scores,
    ),
    factory('dedup.exact, by priority', dedup.exact, {}, priority, scores),
    factory('dedup.normalized', dedup.normalized, { ...priority, prefer: 'lowest', code: ['web'] }, {}, scores),
    factory('dedup.url', dedup.url, {
      path: 'link',
      ...address,
      saveIndex: true,
      against: [index('url_dedup.hashes')],
    }),
    factory(
      'dedup.bloom',
      dedup.bloom,
      {
        key: 'url',
        expectedKeys: 3000,
        falsePositiveRate: 1e-5,
        minParagraphBytes: 20,
        urlPath: 'link',
        url: { ...address, scheme: true },
        saveIndex: true,
        against: [index('bloom_dedup.bloom')],
      },
      { expectedKeys: 2000 },
    ),
    factory('dedup.bloom, paragraphs', dedup.bloom, {}, { key: 'paragraphs', expectedKeys: 2000 }),
    factory(
      'dedup.minhash',
      dedup.minhash,
      { ...minhashOptions, against: [index('minhash_dedup.minhash')] },
      {},
      scores,
    ),
    factory('dedup.minhash, streaming', dedup.minhash, {}, { scope: 'streaming', threshold: 0.6, remembered: 1000 }),
    factory('dedup.minhash, datatrove', dedup.minhash, {}, { ...profile, bands: 4, rows: 2 }),
    factory('dedup.paragraphs', dedup.paragraphs, pieces),
    factory('dedup.lines', dedup.lines, pieces),
    factory('dedup.sentences', dedup.sentences, {
      ...pieces,
      normalize: 'trimmed',
      sentences: 2,
      minSentencesLeft: 1,
    }),
    factory(
      'dedup.boilerplate',
      dedup.boilerplate,
      { ...pieces, unit: 'lines', moreThan: 2, keepFirst: true },
      { moreThan: 3 },
    ),
    factory(
      'dedup.substring',
      dedup.substring,
      { minWords: 10, minBytes: 64, wholeWords: false, minWordsLeft: 4 },
      { minWords: 8 },
    ),
    factory(
      'select.byRank',
      select.byRank,
      { column: 'text_lines', keep: 'low', rate: 0.25, within: 'domain', nulls: 'drop' },
      { column: 'text_chars', keep: 'high', rate: 0.5 },
      scores,
    ),
    factory(
      'select.byPerplexity',
      select.byPerplexity,
      { criterion: 'low', column: 'text_lines', rate: 0.25, within: 'domain', nulls: 'drop' },
      { criterion: 'medium', column: 'text_chars', rate: 0.5 },
      scores,
    ),
    factory(
      'select.buckets',
      select.buckets,
      { column: 'text_lines', within: 'all', head: 0.2, middle: 0.7, as: 'other' },
      { column: 'text_chars' },
      scores,
    ),
    factory('tokenize', operators.tokenize, { tokenizer: `${tokenizer}.copy`, addSpecialTokens: true }, { tokenizer }),
    factory('tokenize, bytes', operators.tokenize, {}, { tokenizer: 'bytes' }),
  ];
}

/** What the package exports that is no operator, annotator or set of rules. */
export const HELPERS = ['annotate', 'annotator', 'fineweb2Rules', 'judge', 'operator', 'withVerdict'];

/** Names of all exported functions, those in a namespace with its name in front. */
export const exportedFunctions = (): string[] =>
  Object.entries(operators).flatMap(([name, value]) =>
    typeof value === 'function'
      ? [name]
      : Object.entries(value as object).flatMap(([inner, v]) => (typeof v === 'function' ? [`${name}.${inner}`] : [])),
  );

/** Small splits, so that there are a few. */
export const conformanceRecipe = (steps: readonly Operator[]): Recipe =>
  recipe({
    name: 'conformance',
    steps: [...steps],
    sinks: [jsonl({ compression: 'none' })],
    splitBytes: 16 * 1024,
  });

/** One recipe of some cases, with what the first that needs something needs; each step has a name of its own. */
export function recipeOf(names: readonly string[], files: CaseFiles): Recipe {
  const cases = names.map((name) => operatorCases(files).find((c) => c.name === name)!);
  const before = cases.find((c) => c.before)?.before?.() ?? [];
  return conformanceRecipe([...before, ...cases.map(({ make }, i) => make({ step: `step_${i}` }))]);
}
