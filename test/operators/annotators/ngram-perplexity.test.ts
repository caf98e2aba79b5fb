import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { ngramTrainer, trainNgram, writeNgram } from '../../../src/models/ngram/index.ts';
import { annotate, as } from '../../../src/operators/annotate.ts';
import { ngramPerplexity } from '../../../src/operators/annotators/ngram-perplexity.ts';
import { makeStage } from '../../../src/operators/stages.ts';
import { numberAt, stringAt, utf8Column } from '../../../src/streams/batch/columns.ts';
import { groupHasher } from '../../../src/streams/inputs/groups.ts';
import type { Operator, Scope } from '../../../src/streams/operator.ts';
import { batchOf } from '../../helpers/batches.ts';
import { temporaryFolder } from '../../models/ngram/folders.ts';

async function modelFile(
  folder: string,
  name = 'm.ngram',
  text = 'the gate and the wheel\nthe wheel and the water',
): Promise<string> {
  const path = join(folder, name);
  await writeNgram(path, await trainNgram([text], { split: 'words', order: 3, prune: [0] }));
  return path;
}

const scored = async (operator: Operator, documents: Parameters<typeof batchOf>[0]) =>
  (await makeStage(operator.descriptor, await loadKernel())).apply(batchOf(documents));

describe('ngramPerplexity()', () => {
  it('writes sum, tokens, perplexity, bits and the reason why there are none', async () => {
    const model = await modelFile(await temporaryFolder());
    const batch = await scored(annotate(ngramPerplexity({ model }), { where: { domain: ['web'] } }), [
      { text: 'The wheel, and the gate.', domain: 'web' },
      { text: ' -- \n', domain: 'web' },
      { text: '', domain: 'web' },
      { text: 'the wheel', domain: 'code' },
    ]);
    const of = (row: number) =>
      ['ppl_nll_sum', 'ppl_tokens', 'ppl', 'ppl_bits_per_byte', 'ppl_bits_per_byte_max'].map((c) =>
        numberAt(batch.number(c), row),
      );
    const [sum, tokens, ppl, bits, most] = of(0) as number[];
    expect(tokens).toBe(6);
    expect(ppl).toBeCloseTo(Math.exp(sum / 6), 12);
    expect(bits).toBeCloseTo(sum / Math.LN2 / 24, 12);
    expect(most).toBe(bits);
    expect(ppl).toBeGreaterThan(1);
    expect(ppl).toBeLessThan(9);
    for (const row of [1, 2, 3]) expect(of(row)).toEqual([null, null, null, null, null]);
    const reasons = [0, 1, 2, 3].map((row) => stringAt(batch.utf8('ppl_unscored'), row));
    expect(reasons).toEqual([null, 'empty', 'empty', null]);
  });

  it('does not score what its model was trained on, by text or group, unless told to', async () => {
    const batch = batchOf(['the wheel', 'the gate', 'the water', 'another text']).withColumns([
      ['metadata', utf8Column(['{}', '{"group":"mill"}', '{"group":"other"}', '{"group":"mill"}'])],
    ]);
    const hashes = await groupHasher('metadata.group');
    const trainer = ngramTrainer({ split: 'words', order: 3, prune: [0], groupBy: 'metadata.group' });
    for (const row of [0, 1]) {
      const { group, text } = hashes(batch, row);
      trainer.add(['the wheel', 'the gate'][row], [group, text]);
    }
    const model = join(await temporaryFolder(), 'm.ngram');
    await writeNgram(model, trainer.finish());
    const reasons = async (o: Parameters<typeof ngramPerplexity>[0], where?: Scope) => {
      const { descriptor } = annotate(ngramPerplexity(o), { where });
      const out = await (await makeStage(descriptor, await loadKernel())).apply(batch);
      return [0, 1, 2, 3].map((row) => [
        stringAt(out.utf8('ppl_unscored'), row),
        numberAt(out.number('ppl_tokens'), row),
      ]);
    };
    const refused = ['trained_on', null];
    expect(await reasons({ model })).toEqual([refused, refused, [null, 3], refused]);
    expect(await reasons({ model }, { domain: ['none'] })).toEqual([null, null, null, null].map((n) => [n, null]));
    expect(await reasons({ model, scoreTrainedOn: true })).toEqual([3, 3, 3, 3].map((n) => [null, n]));
  });

  it('fills its columns for other domains from a second step', async () => {
    const folder = await temporaryFolder();
    const [a, b] = [
      await modelFile(folder, 'a'),
      await modelFile(folder, 'b', 'const gate = wheel\nconst water = gate'),
    ];
    const kernel = await loadKernel();
    const steps = [
      annotate(ngramPerplexity({ model: a }), { step: 'prose', where: { domain: ['web'] } }),
      annotate(ngramPerplexity({ model: b }), { step: 'code', where: { domain: ['code'] } }),
    ];
    let batch = batchOf([
      { text: 'the wheel', domain: 'web' },
      { text: 'the wheel', domain: 'code' },
      { text: '', domain: 'web' },
    ]);
    for (const s of steps) batch = await (await makeStage(s.descriptor, kernel)).apply(batch);
    const ppl = [0, 1].map((row) => numberAt(batch.number('ppl'), row) as number);
    expect(ppl[0] * 2).toBeLessThan(ppl[1]);
    expect([0, 1, 2].map((row) => stringAt(batch.utf8('ppl_unscored'), row))).toEqual([null, null, 'empty']);
  });

  it('has the hash of the model in its descriptor, also after --set', async () => {
    const folder = await temporaryFolder();
    const [a, b] = [await modelFile(folder, 'a'), await modelFile(folder, 'b', 'other words')];
    const options = (o: Operator) =>
      (o.descriptor.options.annotators as unknown as { options: { model: string; hash: string | null } }[])[0].options;
    const none = annotate(ngramPerplexity({ model: null }), { step: 'perplexity' });
    expect(options(none).hash).toBeNull();
    const [withA, withB] = [none.set('model', a), none.set('model', b)];
    expect(options(withA)).toMatchObject({ model: a, split: null, as: 'ppl' });
    expect(options(withA).hash).toMatch(/^[0-9a-f]{16}$/);
    expect(options(withB).hash).not.toBe(options(withA).hash);
    expect(annotate(ngramPerplexity({ model: a, as: 'kn' })).descriptor.writes.map((w) => w.name)).toEqual([
      'kn_nll_sum',
      'kn_tokens',
      'kn',
      'kn_bits_per_byte',
      'kn_bits_per_byte_max',
      'kn_unscored',
    ]);
    expect(annotate(as(ngramPerplexity({ model: a }), 'x')).descriptor.writes[2].name).toBe('x_ppl');
    expect(() => none.set('model', join(folder, 'c'))).toThrow(/expected an n-gram model, got ENOENT/);
  });

  it('says what to do without a model, or with one that was changed since', async () => {
    const folder = await temporaryFolder();
    await expect(scored(annotate(ngramPerplexity({ model: null })), ['x'])).rejects.toThrow(
      new RegExp(
        String.raw`expected a language model to score with, got none\. Train one on clean text that you will ` +
          'not score: sluice train-ngram',
      ),
    );
    const operator = annotate(ngramPerplexity({ model: await modelFile(folder) }));
    await modelFile(folder, 'm.ngram', 'another text');
    await expect(scored(operator, ['x'])).rejects.toThrow(/It (was )?changed since the run began/);
  });
});
