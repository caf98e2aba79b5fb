import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { annotate } from '../../../src/operators/annotate.ts';
import { fineweb, gopherQuality, gopherRepetition, textStatistics } from '../../../src/operators/annotators/index.ts';
import { makeStage } from '../../../src/operators/stages.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { numberAt } from '../../../src/streams/batch/columns.ts';
import type { Operator } from '../../../src/streams/operator.ts';
import { batchOf } from '../../helpers/batches.ts';

const run = async (operator: Operator, batch: DocumentBatch): Promise<DocumentBatch> =>
  (await makeStage(operator.descriptor, await loadKernel())).apply(batch);

const values = (batch: DocumentBatch, name: string): (number | null)[] =>
  Array.from({ length: batch.rows }, (_, i) => numberAt(batch.number(name), i));

describe('annotators of the profile sluice', () => {
  const text = '- The mill of the valley.\n\nIt was closed ...\nIt was closed ...';

  it('write what their descriptors promise, in integers and ratios', async () => {
    const all = annotate(gopherQuality(), gopherRepetition(), fineweb(), textStatistics(), { step: 'scores' });
    const batch = await run(all, batchOf([text]));
    for (const { name, type } of all.descriptor.writes) expect(batch.column(name).type, name).toBe(type);
    expect(all.descriptor.writes.length).toBe(44);
    expect(values(batch, 'gopher_word_count')).toEqual([11]);
    expect(values(batch, 'gopher_stop_word_count')).toEqual([2]);
    expect(values(batch, 'gopher_bullet_line_ratio')).toEqual([1 / 3]);
    expect(values(batch, 'gopher_ellipsis_line_ratio')).toEqual([2 / 3]);
    expect(values(batch, 'gopher_duplicate_line_ratio')).toEqual([1 / 3]);
    expect(values(batch, 'fineweb_short_line_ratio')).toEqual([1]);
    expect(values(batch, 'text_lines')).toEqual([3]);
  });

  it('give null, not a division by zero, for empty and blank texts', async () => {
    const batch = await run(annotate(gopherQuality(), gopherRepetition(), fineweb()), batchOf(['', ' \n\t\n ']));
    for (const name of [
      'gopher_mean_word_length',
      'gopher_hash_ratio',
      'gopher_top_2_gram_char_ratio',
      'fineweb_line_punct_ratio',
    ]) {
      expect(values(batch, name), name).toEqual([null, null]);
    }
    expect(values(batch, 'gopher_word_count')).toEqual([0, 0]);
  });

  it('leave rows out of scope null', async () => {
    const scoped = annotate(gopherQuality(), { where: { domain: ['prose'] } });
    const batch = await run(
      scoped,
      batchOf([
        { text, domain: 'prose' },
        { text, domain: 'code' },
      ]),
    );
    expect(values(batch, 'gopher_word_count')).toEqual([11, null]);
  });
});

describe('annotators of other profiles', () => {
  it('write the columns that they name', async () => {
    for (const profile of ['datatrove', 'dolma'] as const) {
      const operator = annotate(gopherQuality({ profile }), gopherRepetition({ profile }), { step: profile });
      const batch = await run(operator, batchOf(['The mill of the valley was closed.', '', ' \n ']));
      for (const { name, type } of operator.descriptor.writes) expect(batch.column(name).type, name).toBe(type);
      expect(values(batch, 'gopher_word_count').slice(1)).toEqual([0, 0]);
      expect(values(batch, 'gopher_alpha_word_ratio').slice(1)).toEqual([null, null]);
    }
  });

  it('find "The Of And That" among the stop words only in the profile sluice', async () => {
    const counts = await Promise.all(
      (['sluice', 'datatrove', 'dolma'] as const).map(async (profile) => {
        const batch = await run(annotate(gopherQuality({ profile })), batchOf(['The Of And That', 'the of of that']));
        return values(batch, 'gopher_stop_word_count');
      }),
    );
    expect(counts).toEqual([
      [4, 3],
      [0, 3],
      [0, 4],
    ]);
  });

  it('are named in the descriptor, so that the recipe hash differs', () => {
    expect(gopherQuality({ profile: 'datatrove' }).options).toEqual({
      family: 'gopher_quality',
      profile: 'datatrove',
      split: 'punctuated',
    });
    expect(gopherQuality({ profile: 'dolma' }).options).toEqual({
      family: 'gopher_quality',
      profile: 'dolma',
      tagger: 'v1',
    });
  });
});

describe('options', () => {
  it('unknown ones are errors with the nearest name', () => {
    expect(() => gopherQuality({ profil: 'dolma' } as never)).toThrow(
      /gopherQuality\(\): expected only of, profile, split, tagger, got the option profil. Did you mean profile\?/,
    );
    expect(() => gopherQuality({ profile: 'nemo' as never })).toThrow(/got "nemo"/);
  });
});
