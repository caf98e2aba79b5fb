import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { annotate } from '../../../src/operators/annotate.ts';
import {
  codeStatistics,
  fineweb,
  gopherQuality,
  gopherRepetition,
  type Profile,
  textStatistics,
} from '../../../src/operators/annotators/index.ts';
import { drop } from '../../../src/operators/drop.ts';
import { judge } from '../../../src/operators/drop-stage.ts';
import {
  codeRules,
  finewebRules,
  gopherQualityRules,
  gopherRepetitionRules,
  tableRules,
  textRules,
} from '../../../src/operators/rules/index.ts';
import { makeStage } from '../../../src/operators/stages.ts';
import type { Rule } from '../../../src/streams/batch/outcome.ts';
import { batchOf } from '../../helpers/batches.ts';

describe('rule sets', () => {
  it('have the thresholds of the papers', () => {
    const of = (rules: readonly { option: string; comparison: string; threshold: number }[]) =>
      Object.fromEntries(rules.map((r) => [r.option, `${r.comparison} ${r.threshold}`]));
    expect(of(gopherQualityRules())).toEqual({
      min_words: '< 50',
      max_words: '> 100000',
      min_word_length: '< 3',
      max_word_length: '> 10',
      max_hash_ratio: '> 0.1',
      max_ellipsis_ratio: '> 0.1',
      max_bullet_lines: '> 0.9',
      max_ellipsis_lines: '> 0.3',
      min_alpha_words: '< 0.8',
      min_stop_words: '< 2',
    });
    expect(of(gopherRepetitionRules())).toEqual({
      max_duplicate_lines: '> 0.3',
      max_duplicate_paragraphs: '> 0.3',
      max_duplicate_line_chars: '> 0.2',
      max_duplicate_paragraph_chars: '> 0.2',
      max_top_2_gram: '> 0.2',
      max_top_3_gram: '> 0.18',
      max_top_4_gram: '> 0.16',
      max_duplicate_5_gram: '> 0.15',
      max_duplicate_6_gram: '> 0.14',
      max_duplicate_7_gram: '> 0.13',
      max_duplicate_8_gram: '> 0.12',
      max_duplicate_9_gram: '> 0.11',
      max_duplicate_10_gram: '> 0.1',
    });
    expect(of(finewebRules())).toEqual({
      min_line_punct: '< 0.12',
      max_short_lines: '> 0.67',
      max_char_duplicates: '> 0.01',
      max_newline_ratio: '> 0.3',
    });
  });

  it.each(['sluice', 'datatrove', 'dolma'] as const)(
    'of profile %s read only what its annotators write',
    (profile: Profile) => {
      const written = [...gopherQuality({ profile }).writes, ...gopherRepetition({ profile }).writes].map(
        (c) => c.name,
      );
      if (profile !== 'dolma') written.push(...fineweb({ profile }).writes.map((c) => c.name));
      const rules = [
        ...gopherQualityRules({ profile }),
        ...gopherRepetitionRules({ profile }),
        ...(profile === 'dolma' ? [] : finewebRules({ profile })),
      ];
      expect(rules.filter((r) => !written.includes(r.column))).toEqual([]);
      expect(new Set(rules.map((r) => r.option)).size).toBe(rules.length);
    },
  );

  it('take other thresholds, leave out null, and can be set in a step', () => {
    const rules = gopherQualityRules({ minWords: 30, minStopWords: null });
    expect(rules.find((r) => r.option === 'min_words')?.threshold).toBe(30);
    expect(rules.some((r) => r.option === 'min_stop_words')).toBe(false);
    const step = drop('gopher_quality', gopherQualityRules()).set('min_words', 20);
    expect(step.descriptor.rules[0]).toMatchObject({ name: 'gopher_min_words', threshold: 20 });
  });

  it('refuse unknown options with the nearest name', () => {
    expect(() => gopherQualityRules({ minWord: 3 } as never)).toThrow(
      /got the option minWord. Did you mean minWords\?/,
    );
    expect(() => finewebRules({ maxShortLines: Number.NaN })).toThrow(/finewebRules/);
  });
});

describe('rules of our own', () => {
  const kernel = loadKernel();
  /** Names of all rules that a text breaks. */
  const broken = async (text: string, rules: readonly Rule[]): Promise<string[]> => {
    const operator = annotate(textStatistics(), codeStatistics(), { step: 'scores' });
    const batch = await (await makeStage(operator.descriptor, await kernel)).apply(batchOf([text]));
    const { failed } = judge(batch, 'rules', rules, new Uint8Array([1]));
    return rules.filter((_, k) => failed[0] & (1 << k)).map((r) => r.name);
  };
  const prose =
    'The gate of the mill was closed in the evening, and the miller went home with his lamp. He thought ' +
    'of the water all night, for ' +
    'it had rained since noon and the wheel was old. In the morning the stream had gone down by a hand.';

  it.each([
    ['prose', prose, []],
    ['shouting', prose.toUpperCase(), ['text_max_upper_ratio']],
    ['words run together', prose.replaceAll(/ (?=[a-s])/g, ''), ['text_min_white_space']],
    [
      'a wrong encoding',
      `${prose} na\u00c3\u00afve caf\u00c3\u00a9 \u00e2\u0080\u0099 \u00e2\u0080\u0099`,
      ['text_max_replacements', 'text_max_control_ratio'],
    ],
    [
      'a list of names',
      'mill gate miller wheel stream lamp evening water morning hand noon rain night',
      ['text_min_function_words'],
    ],
    ['one word', 'and then '.repeat(40), ['text_min_distinct_words']],
    ['a drawing', `${prose}\n${'=+|^'.repeat(20)}`, ['text_max_symbol_ratio']],
    ['figures', `${prose} ${'1234567 '.repeat(20)}`, ['text_max_digit_ratio']],
  ])('textRules(): %s', async (_, text, names) => {
    expect(await broken(text as string, textRules())).toEqual(names);
  });

  const line = 'const level = readGate(stream, { notches: 3 });\n';
  it.each([
    ['code', line.repeat(5), []],
    ['a stub', 'module.exports = 1;', ['code_min_chars']],
    ['one long line', `${line.repeat(30)}const packed = "${'ab'.repeat(500)}";`, ['code_max_line_length']],
    ['minified', `${'a=b(c,d);'.repeat(20)}\n`.repeat(5), ['code_max_mean_line_length']],
    ['a dump', `${'0x1f, 0x2e, 0x3d, 99,\n'.repeat(20)}`, ['code_max_digits']],
    ['no letters', `${'{[(<;:,.>)]} ## !! ,,\n'.repeat(20)}`, ['code_min_letters']],
    ['generated', `// Do not edit: made by a program.\n${line.repeat(3)}`, ['code_generated']],
  ])('codeRules(): %s', async (_, text, names) => {
    expect(await broken(text as string, codeRules())).toEqual(names);
  });

  it.each([
    ['a table', 'name,level\nmill,3\ngate,4\nbridge,7\nstream,1\nvalley,2\n', []],
    ['nothing much', '{}', ['table_min_chars', 'table_min_letters']],
    ['a source map', JSON.stringify({ mappings: 'AAAA,'.repeat(3000) }), ['table_max_line_length']],
    ['figures alone', '1,2,3,4,5,6,7,8,9\n'.repeat(9), ['table_min_letters']],
  ])('tableRules(): %s', async (_, text, names) => {
    expect(await broken(text as string, tableRules())).toEqual(names);
  });
});
