import { describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { sequenceOf } from '../../../src/training/blocks.ts';
import { revivalSteps } from '../../../src/training/forgetting/revival.ts';
import { measureModel } from '../../../src/training/measure.ts';
import type { TrainingSource } from '../../../src/training/sequences.ts';

const CONTEXT = 16;
const ids = [...'the river runs under the old bridge. '.repeat(2)].map((c) => c.charCodeAt(0));
const row = sequenceOf(ids, CONTEXT, 256);

const source: TrainingSource = {
  domains: ['old'],
  contextLength: CONTEXT,
  sequencesPerStep: 1,
  pull: async (step) => ({ steps: [{ step, sequences: [row], weights: [1] }], ended: null }),
};

describe('revival steps', () => {
  it('are none where nothing was forgotten, some where it comes back, null where it does not', async () => {
    const executor = await onnxruntimeNode();
    const model = newModel({ width: 16, layers: 1, heads: 2, vocabulary: 257, context: CONTEXT }, 1);
    const heldOut = { sequences: { old: [row] }, byteLengths: new Uint16Array(257).fill(1), start: 256 };
    const size = { rows: 1, length: CONTEXT };
    const now = (await measureModel(executor, model, heldOut, size)).bitsPerByte!;
    const options = { model, executor, source, heldOut, learningRate: 1e-2, start: 256 };
    expect(await revivalSteps({ ...options, before: now })).toBe(0);
    const steps = await revivalSteps({ ...options, before: now / 2, every: 2, most: 100 });
    expect(steps! % 2).toBe(0);
    expect(steps!).toBeGreaterThan(0);
    // One measurement earlier it was not there yet.
    expect(await revivalSteps({ ...options, before: now / 2, every: 2, most: steps! - 2 })).toBe(null);
    await expect(revivalSteps({ ...options, before: 0 })).rejects.toThrow(/bits per byte above 0/);
  });
});
