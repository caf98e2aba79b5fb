import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { type AdapterPair, loadAdapter } from '../../../src/models/folders/adapter.ts';
import { loadModel } from '../../../src/models/folders/hugging-face.ts';
import { packedRows } from '../../../src/models/packed-rows.ts';
import { elementCount, type Tensor } from '../../../src/models/tensor.ts';
import { openTrainer } from '../../../src/models/trainer.ts';
import type { TrainingOptions } from '../../../src/models/training-graph.ts';
import type { Transform } from '../../../src/models/transform.ts';
import { distillation } from '../../../src/training/transforms/distillation.ts';
import { dropout } from '../../../src/training/transforms/dropout.ts';
import { labelSmoothing } from '../../../src/training/transforms/label-smoothing.ts';
import { loraFrom } from '../../../src/training/transforms/lora.ts';
import { selfDistillation } from '../../../src/training/transforms/self-distillation.ts';
import { openTeacher } from '../../../src/training/transforms/teacher.ts';
import { keptTopLogits } from '../../../src/training/transforms/top-logits.ts';

// The numbers come from PyTorch, transformers and PEFT: scripts/make/transforms-oracle.py make.
const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));
const oracle = JSON.parse(readFileSync(`${fixtures}/transforms/oracle.json`, 'utf8')) as Record<string, number[]>;
const executor = await onnxruntimeNode();
const size = { rows: 2, length: 32 };
const modelOf = (name: string) => loadModel(`${fixtures}/models/${name}`);

/** As `tokens_of` in scripts/make/torch-oracle.py. */
const batchOf = (step: number) =>
  packedRows(
    [0, 1].map((r) => ({
      ids: Array.from({ length: 32 }, (_, i) => (7 * i + Math.floor((i * i) / 3) + 11 * r + step) % 40),
    })),
    32,
  );

async function lossesOf(name: string, options: Partial<TrainingOptions>): Promise<number[]> {
  const trainer = await openTrainer(executor, await modelOf(name), { ...size, ...options });
  const losses: number[] = [];
  for (let step = 0; step < 5; step++) losses.push((await trainer.step([batchOf(step)], step + 1, 1e-2)).loss);
  await trainer.release();
  return losses;
}

function expectNear(losses: readonly number[], expected: readonly number[]): void {
  expect(losses).toHaveLength(expected.length);
  losses.forEach((loss, i) => {
    expect(Math.abs(loss - expected[i]), `step ${i + 1}`).toBeLessThan(2e-5);
  });
}

const tokenizer = { name: 'forty', hash: 'forty@1' };
const teacherOf = async (name: string) => openTeacher(executor, { name, model: await modelOf(name), tokenizer }, size);

it('label smoothing is that of PyTorch', async () => {
  expectNear(await lossesOf('gpt2', { transforms: [labelSmoothing(0.1)] }), oracle.labelSmoothing);
});

it.each(['gpt2', 'neox'])('Coupled Adam, %s: the rows share the mean of their second moments', async (name) => {
  expectNear(await lossesOf(name, { coupledAdam: true }), oracle[`coupled ${name}`]);
});

it('embeddings that do not decay are a group of their own', async () => {
  expectNear(await lossesOf('gpt2', { embeddingDecay: false }), oracle.noEmbeddingDecay);
});

it('dropout drops where GPT-2 of transformers does', async () => {
  const real = dropout({ rate: 0.2 });
  // As `numbers` in the script.
  const numbers = (kind: number, shape: readonly number[]): Tensor => ({
    shape,
    data: Float32Array.from({ length: elementCount(shape) }, (_, i) => (i * i * 31 + i * 7 + kind * 3) % 1021),
  });
  const kinds = ['residual_rows', 'residual_columns', 'shares_rows', 'shares_columns'];
  const fixed: Transform = {
    ...real,
    async feeds(at, batch, config) {
      const feeds = new Map(await real.feeds!(at, batch, config));
      kinds.forEach((name, kind) => {
        feeds.set(name, numbers(kind, feeds.get(name)!.shape));
      });
      return feeds.set('dropped', { shape: [], data: Float32Array.of(200) });
    },
  };
  expectNear(await lossesOf('gpt2', { transforms: [fixed] }), oracle.dropout);
});

it.each(['gpt2', 'neox', 'llama'])(
  'LoRA of a %s trains as PEFT does, and PEFT saves what was learned',
  async (name) => {
    const model = await modelOf(name);
    const saved = await loadAdapter(`${fixtures}/transforms/adapters/${name}`, model);
    const filled = ({ shape }: Tensor, f: (i: number) => number): Tensor => ({
      shape,
      data: Float32Array.from({ length: elementCount(shape) }, (_, i) => f(i)),
    });
    const first = new Map<string, AdapterPair>(
      [...saved.pairs].map(([weight, { a, b }]) => [
        weight,
        { a: filled(a, (i) => (((i * 37) % 19) - 9) / 50), b: filled(b, (i) => (((i * 23) % 17) - 8) / 60) },
      ]),
    );
    const transform = loraFrom({ ...saved, pairs: first });
    const trainer = await openTrainer(executor, model, { ...size, transforms: [transform] });
    const losses: number[] = [];
    for (let step = 0; step < 5; step++) losses.push((await trainer.step([batchOf(step)], step + 1, 1e-2)).loss);
    expectNear(losses, oracle[`lora ${name}`]);
    const state = await trainer.readState();
    for (const [weight, { a, b }] of saved.pairs)
      for (const [letter, tensor] of [['A', a] as const, ['B', b] as const])
        tensor.data.forEach((x, i) => {
          expect(Math.abs(state.get(`lora.${letter}.${weight}`)!.data[i] - x), weight).toBeLessThan(1e-4);
        });
    await trainer.release();
  },
);

it('distillation is the KL divergence at a temperature, times its square', async () => {
  const teacher = await teacherOf('llama3');
  const transforms = [distillation({ teachers: [teacher], tokenizer, share: 0.5, temperature: 2 })];
  expectNear(await lossesOf('llama', { transforms }), oracle.distillation);
  await teacher.release();
});

it('distillation of the largest logits makes them sum to 1, and says what is lost', async () => {
  const teacher = await teacherOf('llama3');
  const transform = distillation({ teachers: [await keptTopLogits(teacher, 5)], tokenizer, share: 1 });
  expect(transform.lostMass()).toBeNull();
  await transform.feeds!({ step: 1, part: 0 }, batchOf(0), (await modelOf('llama')).config);
  expect(transform.lostMass()).toBeCloseTo(oracle.lostMass as unknown as number, 5);
  expectNear(await lossesOf('llama', { transforms: [transform] }), oracle.largest);
  await teacher.release();
});

it('self-distillation pulls hidden states to those of the teacher', async () => {
  const teacher = await teacherOf('qwen2');
  const transforms = [selfDistillation({ teacher, tokenizer, strength: 0.01 })];
  expectNear(await lossesOf('llama', { transforms }), oracle.selfDistillation);
  await teacher.release();
});
