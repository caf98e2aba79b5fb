import { describe, expect, it } from 'vitest';
import { fineweb, gopherQuality, gopherRepetition, type Profile } from '../../../src/operators/annotators/index.ts';
import { drop } from '../../../src/operators/drop.ts';
import { finewebRules, gopherQualityRules, gopherRepetitionRules } from '../../../src/operators/rules/index.ts';

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
      /came the option minWord. Did you mean minWords\?/,
    );
    expect(() => finewebRules({ maxShortLines: Number.NaN })).toThrow(/finewebRules/);
  });
});
