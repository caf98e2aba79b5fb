import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import * as sluice from 'sluice';
import {
  annotate,
  arrow,
  as,
  badWords,
  ConfigError,
  c4,
  codeRules,
  codeStatistics,
  continual,
  custom,
  decontaminate,
  dedup,
  drop,
  external,
  extract,
  fasttext,
  fineweb,
  finewebRules,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
  jsonl,
  language,
  languageRules,
  ngramPerplexity,
  type Operator,
  parquet,
  partsRules,
  perplexity,
  pii,
  readDocuments,
  recipe,
  reference,
  refine,
  rephrase,
  rule,
  run,
  select,
  stopWords,
  synthesize,
  tableRules,
  textParts,
  textRules,
  textStatistics,
  tokenize,
  urlFilter,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/run.ts';

const rules = [rule('text_chars < 1')];
const steps = [dedup.exact()];
const started = (options: object) => lastValueFrom(run(recipe({ name: 'x', steps }), options));

/** Every public function that takes options: how it is called, an option of a wrong type, and what its error says. */
const factories: { readonly [name: string]: readonly [(options: never) => unknown, object, string] } = {
  annotate: [(o) => annotate(textStatistics(), o), { step: 5 }, 'step: a text, got 5'],
  as: [(o) => as(textStatistics(), (o as { prefix: string }).prefix), { prefix: 5 }, 'prefix: a text, got 5'],
  arrow: [arrow, { format: 'ipc' }, 'format: one of file, stream, got "ipc"'],
  badWords: [badWords, { maxCount: -1 }, 'maxCount: at least 0, got -1'],
  c4: [c4, { minSentences: '5' }, 'minSentences: a number, got "5"'],
  codeRules: [codeRules, { minChars: '5' }, 'minChars: a number, got "5"'],
  codeStatistics: [codeStatistics as (o: never) => unknown, 5 as never, 'options: an object with options, got number'],
  continual: [(o) => continual(Object.assign({ name: 'x' }, o)), { seed: -1 }, 'seed: at least 0, got -1'],
  custom: [(o) => custom('x', 1, () => true, o), { where: 'web' }, 'where: an object with options, got "web"'],
  decontaminate: [decontaminate, { benchmarks: 'a.jsonl' }, 'benchmarks: a list, got "a.jsonl"'],
  'dedup.bloom': [dedup.bloom, { expectedKeys: 0 }, 'expectedKeys: at least 1, got 0'],
  'dedup.boilerplate': [dedup.boilerplate, { unit: 'words' }, 'unit: one of paragraphs, lines, got "words"'],
  'dedup.exact': [dedup.exact, { saveIndex: 'yes' }, 'saveIndex: true or false, got "yes"'],
  'dedup.lines': [dedup.lines, { minBytes: 0 }, 'minBytes: at least 1, got 0'],
  'dedup.minhash': [dedup.minhash, { threshold: 2 }, 'threshold: at most 1, got 2'],
  'dedup.normalized': [dedup.normalized, { prefer: 'best' }, 'prefer: one of highest, lowest, got "best"'],
  'dedup.paragraphs': [dedup.paragraphs, { normalize: true }, 'normalize: one of trimmed, letters, got true'],
  'dedup.sentences': [dedup.sentences, { sentences: 1.5 }, 'sentences: a whole number, got 1.5'],
  'dedup.substring': [dedup.substring, { minWords: 7 }, 'minWords: at least 8, got 7'],
  'dedup.url': [dedup.url, { path: '' }, 'path: a text that is not empty, got ""'],
  drop: [(o) => drop('x', rules, o), { allowStale: 1 }, 'allowStale: true or false, got 1'],
  external: [(o) => external('node x.mjs', o), { batchRows: 0 }, 'batchRows: at least 1, got 0'],
  fasttext: [fasttext, { model: 5 }, 'model: a text, got 5'],
  fineweb: [fineweb, { profile: 'dolma' }, 'profile: one of sluice, datatrove, got "dolma"'],
  extract: [extract, { mode: 'all' }, 'mode: one of precise, generous, union, best, got "all"'],
  finewebRules: [finewebRules, { profile: 'dolma' }, 'profile: one of sluice, datatrove, got "dolma"'],
  gopherQuality: [gopherQuality, { tagger: 2 }, 'tagger: one of v1, v2, got 2'],
  gopherQualityRules: [gopherQualityRules, { profile: 'nemo' }, 'profile: one of sluice, datatrove, dolma, got "nemo"'],
  gopherRepetition: [gopherRepetition, { split: 'x' }, 'split: one of whitespace, punctuated, got "x"'],
  gopherRepetitionRules: [gopherRepetitionRules, { profile: 3 }, 'profile: one of sluice, datatrove, dolma, got 3'],
  jsonl: [jsonl, { columns: [] }, 'columns: a list that is not empty, got []'],
  language: [language, { most: 0 }, 'most: at least 1, got 0'],
  languageRules: [languageRules, { minScore: 'x' }, 'minScore: a number, got "x"'],
  ngramPerplexity: [ngramPerplexity, { model: 5 }, 'model: a text, got 5'],
  parquet: [parquet, { level: 40 }, 'level: at most 19, got 40'],
  perplexity: [perplexity, { maxTokens: 'all' }, 'maxTokens: a number, got "all"'],
  readDocuments: [(o) => readDocuments('x', o), { memory: '64MB' }, 'memory: a number, got "64MB"'],
  recipe: [(o) => recipe(Object.assign({ name: 'x', steps }, o)), { seed: 'x' }, 'seed: a number, got "x"'],
  reference: [(o) => reference(Object.assign({ name: 'x' }, o)), { seed: -1 }, 'seed: at least 0, got -1'],
  partsRules: [partsRules, { maxShort: 'x' }, 'maxShort: a number, got "x"'],
  pii: [pii, { action: 'hide' }, 'action: one of detect, mask, drop, got "hide"'],
  refine: [refine, { writer: 'me' }, 'writer: one of auto, rules, lines, model, got "me"'],
  rephrase: [rephrase, { each: 'some' }, 'each: one of all, one, got "some"'],
  rule: [(o) => rule('a < 1', o), { version: 'x' }, 'version: a number, got "x"'],
  run: [started, { memory: 10 }, 'memory: at least 16777216 bytes (17 MB), got 10'],
  'select.buckets': [select.buckets, { head: 'x' }, 'head: a number, got "x"'],
  'select.byPerplexity': [select.byPerplexity, { criterion: 'x', rate: 1 }, 'criterion: low, medium or high, got "x"'],
  'select.byRank': [
    (o) => select.byRank(Object.assign({ column: 'a', keep: 'low' } as const, o) as never),
    { rate: 2 },
    'rate: a share of at most 1, got 2',
  ],
  'select.streaming': [
    (o) => select.streaming(Object.assign({ column: 'a', keep: 'low', rate: 0.5 } as const, o)),
    { warmUp: 0 },
    'warmUp: at least 1, got 0',
  ],
  stopWords: [stopWords, { enough: 0 }, 'enough: at least 1, got 0'],
  synthesize: [
    (o) => synthesize(Object.assign({ task: 'bonito' } as const, o)),
    { most: -1 },
    'most: at least 0, got -1',
  ],
  tableRules: [tableRules, { minChars: 'x' }, 'minChars: a number, got "x"'],
  textParts: [textParts, { mostly: 'x' }, 'mostly: a number, got "x"'],
  textRules: [textRules, { maxUpperRatio: 'x' }, 'maxUpperRatio: a number, got "x"'],
  textStatistics: [textStatistics as (o: never) => unknown, 5 as never, 'options: an object with options, got number'],
  tokenize: [tokenize, { tokenizer: 5 }, 'tokenizer: a text, got 5'],
  urlFilter: [urlFilter, { softThreshold: 0 }, 'softThreshold: at least 1, got 0'],
  tokens: [sluice.tokens, { tokenizer: 5 }, 'tokenizer: a text, got 5'],
};

async function refusal(call: () => unknown): Promise<ConfigError> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('it was not refused');
}

describe('public functions', () => {
  it('that take options are all in this list', () => {
    const functions = Object.entries({ ...sluice, dedup: null, select: null }).flatMap(([name, value]) =>
      typeof value === 'function' && /^[a-z]/.test(name) ? [name] : [],
    );
    const grouped = [dedup, select].flatMap((group, i) =>
      Object.keys(group).map((n) => `${['dedup', 'select'][i]}.${n}`),
    );
    const without = [
      ...['annotator', 'feedClient', 'float64Column', 'int32Column', 'judge', 'numberAt', 'openFeed', 'operator'],
      ...['continualPretrain', 'fineweb2Rules', 'parallel', 'pulled', 'retain', 'runStats', 'serveFeed', 'shadow'],
      ...['rowsInScope', 'stringAt', 'toArrow', 'utf8Column', 'validBitmap', 'withCreated', 'withVerdict'],
    ];
    const listed = [...functions.filter((f) => !without.includes(f)), ...grouped];
    expect(Object.keys(factories).sort()).toEqual(listed.sort());
  });

  it.each(Object.entries(factories))('%s names an option of a wrong type', async (_, [call, wrong, message]) => {
    const error = await refusal(() => call(wrong as never));
    expect(error.message).toContain(`expected ${message}`);
    expect(error.message).not.toMatch(/ZodError|Invalid|something else/);
  });

  it.each(Object.entries(factories).filter(([name]) => name !== 'as'))(
    '%s names an option that there is not',
    async (_, [call]) => {
      const error = await refusal(() => call({ stepp: 'x' } as never));
      expect(error.message).toMatch(/got the option stepp/);
      expect(error.parts.expected).toMatch(/^(only |no options)/);
    },
  );
});

const descriptorOf = ({ descriptor }: Operator) => descriptor;

describe('set()', () => {
  it.each([
    [c4({ minSentences: 3 }), 'min_sentences', 4, c4({ minSentences: 4 })],
    [c4({ minSentences: 3 }), 'profile', 'datatrove', c4({ profile: 'datatrove', minSentences: 3 })],
    // Defaults of the one profile are no options of the other.
    [c4(), 'profile', 'dolma', c4({ profile: 'dolma' })],
    [dedup.bloom(), 'key', 'paragraphs', dedup.bloom({ key: 'paragraphs' })],
    [dedup.minhash(), 'threshold', 0.9, dedup.minhash({ threshold: 0.9 })],
    [dedup.minhash({ permutations: 64 }), 'threshold', 0.5, dedup.minhash({ permutations: 64, threshold: 0.5 })],
    [dedup.exact({ step: 'x' }), 'priority', 'ppl', dedup.exact({ step: 'x', priority: 'ppl' })],
    [select.buckets(), 'as', 'part', select.buckets({ as: 'part' })],
    [decontaminate({ benchmarks: [] }), 'action', 'cut', decontaminate({ benchmarks: [], action: 'cut' })],
    [
      select.byPerplexity({ criterion: 'low', rate: 0.5 }),
      'criterion',
      'high',
      select.byPerplexity({ criterion: 'high', rate: 0.5 }),
    ],
  ])('is the same as to make it so (%#)', (step, option, value, made) => {
    expect(descriptorOf(step.set(option, value))).toEqual(descriptorOf(made));
  });

  it('keeps the name of the step and its scope', () => {
    const where = { domain: ['web'] };
    const step = select.byRank({ column: 'a', keep: 'low', rate: 0.5, where }).set('column', 'b').descriptor;
    expect(step).toMatchObject({ step: 'select_a', where, reads: ['b'], rules: [{ name: 'b_rank_above' }] });
  });

  it('takes a list as one word', async () => {
    const file = join(await temporaryFolder(), 'questions.jsonl');
    writeFileSync(file, '{"question": "How many sacks of flour does the miller grind in a week of rain?"}\n');
    const step = decontaminate({ benchmarks: [] }).set('benchmarks', `${file},${file}`).descriptor;
    expect(step.options).toMatchObject({ benchmarks: [file, file], files: [{ name: 'questions' }] });
    expect(step.unset).toBeUndefined();
  });

  it('says what is wrong, and where', () => {
    expect(() => dedup.exact().set('priorty', 'x')).toThrow(
      '--set exact_dedup.priorty: expected an option of step exact_dedup (priority, saveIndex, against), ' +
        'got priorty. Did you mean priority?',
    );
    expect(() => dedup.minhash().set('threshold', 'high')).toThrow(
      '--set minhash_dedup.threshold: expected threshold: a number, got "high".',
    );
  });
});

describe('annotateOnly()', () => {
  it('leaves what adds columns or changes the text, without its drops', () => {
    const left = (step: Operator) => step.annotateOnly()?.descriptor.effects ?? null;
    expect(left(annotate(textStatistics()))).toEqual({ annotates: true });
    expect(left(c4())).toEqual({ annotates: true, rewrites: true });
    expect(left(decontaminate({ benchmarks: [] }))).toEqual({ annotates: true });
    expect(left(dedup.paragraphs())).toEqual({ rewrites: true, barrier: true });
    expect(left(select.buckets())).toEqual({ annotates: true, barrier: true });
    expect(left(dedup.url())).toEqual({ annotates: true, barrier: true });
    expect([dedup.exact(), select.byRank({ column: 'a', keep: 'low', rate: 1 }), drop('x', rules)].map(left)).toEqual([
      null,
      null,
      null,
    ]);
  });
});
