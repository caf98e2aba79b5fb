import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { modelProbe, modelSeconds } from '../../../src/cli/plan/probe-models.ts';
import { perplexity } from '../../../src/operators/perplexity/perplexity.ts';
import { batchOf } from '../../helpers/batches.ts';

const { descriptor } = perplexity({ executor: 'onnxruntime-cpu', where: { domain: ['books'] } });
const book = (id: string, text: string) => ({ id, text, domain: 'books' });

describe('what a model takes, tried', () => {
  it('of a long document its beginning, also when short ones stand before it', async () => {
    const probe = modelProbe(descriptor);
    const long = 'The river ran under the old bridge. '.repeat(2000);
    await probe.take(batchOf([book('a', 'One.'), book('b', ''), book('c', 'Three.'), book('d', `é${long}`)]));
    const trial = await probe.run();
    expect(trial).toMatchObject({ step: 'perplexity', documents: 3, textBytes: 8192, share: 1 });
  });

  it('not of a document that is too long to be scored', async () => {
    const probe = modelProbe(perplexity({ executor: 'onnxruntime-cpu', maxTokens: 10 }).descriptor);
    await probe.take(batchOf([book('a', 'x'.repeat(161)), book('b', 'y'.repeat(7))]));
    expect(await probe.run()).toMatchObject({ documents: 1, textBytes: 7, share: 7 / 168 });
  });

  it('takes no time where there is nothing to score', async () => {
    const probe = modelProbe(descriptor);
    await probe.take(batchOf([book('a', ''), { id: 'b', text: 'Out of scope.', domain: 'web' }]));
    const trial = await probe.run();
    expect(trial).toMatchObject({ documents: 0, textBytes: 0, share: 0 });
    expect('share' in trial && modelSeconds(trial, 1e9, 1)).toBe(0);
  });

  it('takes half the time of one worker with two, or of as many as there are cores, after all have opened it', () => {
    const trial = { step: 'p', documents: 1, textBytes: 1, bytesPerSecond: 1000, share: 0.5, openSeconds: 3 };
    expect(modelSeconds(trial, 1e6, 1)).toBe(503);
    const cores = availableParallelism();
    expect(modelSeconds(trial, 1e6, 1000)).toBe(3 + 500 / (1 + 0.95 * (cores - 1)));
  });
});
