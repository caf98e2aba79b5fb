import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { profileColumns } from '../../../src/operators/annotators/profiles/columns.ts';
import {
  datatroveFineweb,
  datatroveGopherQuality,
  datatroveGopherRepetition,
} from '../../../src/operators/annotators/profiles/datatrove.ts';
import { dolmaGopherQuality, dolmaGopherRepetition } from '../../../src/operators/annotators/profiles/dolma.ts';
import { splitLines, splitSpace, strip } from '../../../src/operators/annotators/profiles/python-text.ts';
import { splitsOf } from '../../../src/operators/annotators/profiles/splits.ts';
import { profileStatistics } from '../../../src/operators/annotators/profiles-stage.ts';
import { finewebRules, gopherQualityRules, gopherRepetitionRules } from '../../../src/operators/rules/index.ts';
import { fails, type Rule } from '../../../src/streams/batch/outcome.ts';
import { corporaFolder } from '../../helpers/corpora.ts';
import { placedParts, readFixture, readOracle } from '../../helpers/profiles.ts';

interface Oracle {
  readonly words: string;
  readonly quality: string | null;
  readonly quality_no_min: string | null;
  readonly repetition: string | null;
  readonly fineweb: string | null;
}

/** First failing rule of statistics as stored: NaN is null and passes. */
const reason = (statistics: Record<string, number>, rules: readonly Rule[]): string | null =>
  rules.find((r) => !Number.isNaN(statistics[r.column]) && fails(statistics[r.column], r.comparison, r.threshold))
    ?.name ?? null;

const texts = new Map(readFixture<{ id: string; text: string }>('profiles/texts.json').map((t) => [t.id, t.text]));

describe('columns of a profile', () => {
  const all = Object.entries(profileStatistics).flatMap(([family, profiles]) =>
    Object.keys(profiles).map((profile) => ({ family, profile })),
  );
  it.each(all)('of $family in $profile are what its function computes, in that order', ({ family, profile }) => {
    const computed = Object.keys(profileStatistics[family][profile]('', { split: 'punctuated', tagger: 'v2' }));
    expect(profileColumns(family, profile).map((c) => c.name)).toEqual(computed);
  });
});

describe('profile datatrove, given the words of datatrove 0.10', () => {
  const rows = readOracle<Oracle>('profiles/datatrove.json');
  const cases = rows.map((row) => {
    const text = texts.get(row.id)!;
    const words = placedParts(text, row.words);
    const statistics = {
      ...datatroveGopherQuality(text, words),
      ...datatroveGopherRepetition(text, words),
      ...datatroveFineweb(text, words),
    };
    return { row, statistics };
  });

  it.each(cases)('$row.id: same numbers', ({ row, statistics }) => {
    const own = Object.fromEntries(
      Object.keys(row.numbers).map((k) => [k, Number.isNaN(statistics[k]) ? null : statistics[k]]),
    );
    expect(own).toEqual(row.numbers);
  });

  const same = (name: 'quality' | 'quality_no_min' | 'repetition' | 'fineweb', rules: readonly Rule[]): void => {
    for (const { row, statistics } of cases) {
      // Upstream divides by zero here; ours is null and passes.
      const expected = row[name] === 'ZeroDivisionError' ? null : row[name];
      expect(`${row.id}: ${reason(statistics, rules)}`).toBe(`${row.id}: ${expected}`);
    }
  };

  it('same reasons of the quality filter', () => same('quality', gopherQualityRules({ profile: 'datatrove' })));
  it('same reasons without minimum of words and stop words', () =>
    same('quality_no_min', gopherQualityRules({ profile: 'datatrove', minWords: 1, minStopWords: null })));
  it('same reasons of the repetition filter', () =>
    same('repetition', gopherRepetitionRules({ profile: 'datatrove' })));
  it('same reasons of the FineWeb filter', () => same('fineweb', finewebRules({ profile: 'datatrove' })));

  it('the texts meet every reason', () => {
    const met = new Set(rows.flatMap((r) => [r.quality, r.quality_no_min, r.repetition, r.fineweb]));
    const all = [
      ...gopherQualityRules({ profile: 'datatrove' }),
      ...gopherRepetitionRules({ profile: 'datatrove' }),
      ...finewebRules({ profile: 'datatrove' }),
    ];
    expect(all.map((r) => r.name).filter((n) => !met.has(n))).toEqual([
      'gopher_long_doc',
      'duplicated_7_n_grams',
      'duplicated_9_n_grams',
    ]);
  });

  it('nothing to divide by is null: a blank text with the minimum of words off', () => {
    for (const text of ['', ' ', ' \n\t\n ', '\u3000']) {
      const s = datatroveGopherQuality(text, []);
      expect([s.gopher_mean_word_length, s.gopher_hash_ratio, s.gopher_alpha_word_ratio]).toEqual([
        Number.NaN,
        Number.NaN,
        Number.NaN,
      ]);
      expect(reason(s, gopherQualityRules({ profile: 'datatrove', minWords: null, minStopWords: null }))).toBe(null);
    }
  });
});

describe('profile dolma', () => {
  const rows = readOracle<{ readonly v2_lines: readonly number[] }>('profiles/dolma.json');
  it.each(rows)('$id: same numbers as dolma 1.2', ({ id, numbers, v2_lines }) => {
    const text = texts.get(id)!;
    const own: Record<string, number> = { ...dolmaGopherQuality(text), ...dolmaGopherRepetition(text) };
    // What dolma writes as 0 where there is nothing to divide by is null here; n-grams that are not there have no
    // attribute.
    const zero = Object.fromEntries(
      Object.entries(own)
        .filter(([k]) => k in numbers)
        .map(([k, v]) => [k, Number.isNaN(v) ? 0 : v]),
    );
    expect(zero).toEqual(numbers);
    const second: Record<string, number> = { ...dolmaGopherQuality(text, 'v2'), ...dolmaGopherRepetition(text, 'v2') };
    const lines = ['bullet_line_ratio', 'ellipsis_line_ratio', 'duplicate_line_ratio', 'duplicate_line_char_ratio'];
    expect(lines.map((name) => second[`gopher_${name}`] || 0)).toEqual(v2_lines);
  });
});

describe('upstream conformance cases', () => {
  const file = corporaFolder() && `${corporaFolder()}/conformance/datatrove/filters.json`;
  it.skipIf(!file || !existsSync(file))('filters.json of datatrove, with words split at white space', () => {
    const cases = JSON.parse(readFileSync(file!, 'utf8')) as Record<string, { text: string; drop_reason: string }[]>;
    const { words } = splitsOf('whitespace');
    const repetition = gopherRepetitionRules({ profile: 'datatrove' });
    for (const { text, drop_reason } of cases['gopher_repetition (default settings)']) {
      expect(reason(datatroveGopherRepetition(text, words(text)), repetition)).toBe(drop_reason);
    }
    const quality = gopherQualityRules({ profile: 'datatrove', minWords: 10, maxWords: 1000 });
    for (const { text, drop_reason } of cases['gopher_quality (min_doc_words=10, max_doc_words=1000)']) {
      expect(reason(datatroveGopherQuality(text, words(text)), quality)).toBe(drop_reason);
    }
  });
});

describe('strings as Python has them', () => {
  it('strips and splits at the separators that JavaScript leaves', () => {
    expect(strip('\u001c\u3000a b\u0085')).toBe('a b');
    expect(splitSpace('a\u001fb\u00a0c\ufeffd')).toEqual(['a', 'b', 'c\ufeffd']);
    expect(splitLines('a\r\nb\rc\u2028d\u000be\n')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(splitLines('\n\n')).toEqual(['', '']);
  });
  it('punctuated words come near a rule-based tokenizer', () => {
    expect(splitsOf('punctuated').words('The "mill" (old) was closed... ##')).toEqual([
      'The',
      '"',
      'mill',
      '"',
      '(',
      'old',
      ')',
      'was',
      'closed',
      '...',
      '#',
      '#',
    ]);
  });
});
