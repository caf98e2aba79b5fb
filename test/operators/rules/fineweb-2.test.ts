import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { annotate, drop, FINEWEB_2_LANGUAGES, fineweb2Rules, stopWords } from '../../../src/operators/index.ts';
import { makeStage } from '../../../src/operators/stages.ts';
import { numberAt, utf8Column } from '../../../src/streams/batch/columns.ts';
import { batchOf } from '../../helpers/batches.ts';

describe('fineweb2Rules()', () => {
  it('has the thresholds of German as published, in the order of the pipeline', () => {
    expect(fineweb2Rules('de').map((r) => [r.name, r.threshold])).toEqual([
      ['language_score', 0.821],
      ['empty', 1],
      ['dup_line_frac', 0.263],
      ...[['top_2_gram', 0.169] as const, ['top_3_gram', 0.153] as const, ['top_4_gram', 0.137] as const],
      ...[0.141, 0.134, 0.126, 0.117, 0.108, 0.098].map((t, i) => [`duplicated_${i + 5}_n_grams`, t]),
      ...[['line_punct_ratio', 0] as const, ['char_dup_ratio', 0.1] as const, ['list_ratio', 0.152] as const],
      ...[['gopher_short_doc', 50] as const, ['gopher_long_doc', 100_000] as const],
      ...[['gopher_below_avg_threshold', 0] as const, ['gopher_above_avg_threshold', 15] as const],
      ...[['gopher_too_many_hashes', 0.1] as const, ['gopher_too_many_ellipsis', 0.1] as const],
      ...[['gopher_too_many_bullets', 0.9] as const, ['gopher_too_many_end_ellipsis', 0.3] as const],
      ...[['gopher_below_alpha_threshold', 0.774] as const, ['gopher_enough_stop_words', 2] as const],
    ]);
  });

  it('judges no words where none are written apart, and makes a step of every language', () => {
    const names = fineweb2Rules('zh').map((r) => r.name);
    expect(names.filter((n) => /gram|avg|hashes|_doc|alpha|list/.test(n))).toEqual([]);
    expect(FINEWEB_2_LANGUAGES.length).toBeGreaterThan(40);
    expect(FINEWEB_2_LANGUAGES.filter((l) => drop('x', fineweb2Rules(l)).descriptor.rules.length < 8)).toEqual([]);
    expect(() => fineweb2Rules('dee')).toThrow(/Did you mean d[ae]\?/);
  });
});

describe('stopWords()', () => {
  it('counts different stop words of the language, up to enough', async () => {
    const { descriptor } = annotate(stopWords());
    const texts = [
      'Der Müller und die Mühle, und der Fluss.',
      'die die die',
      'Die Und',
      'the mill of',
      'は、川が流れる。',
    ];
    const long = `${'Mühle '.repeat(400)}und der Bach`;
    const batch = batchOf([...texts, long]).withColumns([
      ['language', utf8Column(['de', 'de', 'de', 'en', 'ja', 'de'])],
    ]);
    const out = await (await makeStage(descriptor, await loadKernel())).apply(batch);
    expect(Array.from({ length: 6 }, (_, row) => numberAt(out.number('stop_words'), row))).toEqual([
      2,
      1,
      0,
      null,
      2,
      2,
    ]);
  });
});
