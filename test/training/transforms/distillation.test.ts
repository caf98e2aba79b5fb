import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { packedRows } from '../../../src/models/packed-rows.ts';
import { floatTensor } from '../../../src/models/tensor.ts';
import { openTrainer } from '../../../src/models/trainer.ts';
import { distillation } from '../../../src/training/transforms/distillation.ts';
import { selfDistillation } from '../../../src/training/transforms/self-distillation.ts';
import { openTeacher, type Teacher } from '../../../src/training/transforms/teacher.ts';
import { keptTopLogits, topLogits } from '../../../src/training/transforms/top-logits.ts';

const executor = await onnxruntimeNode();
const folder = await mkdtemp(join(tmpdir(), 'sluice-distillation-'));
afterAll(() => rm(folder, { recursive: true }));
const tokenizer = { name: 'letters', hash: 'letters@1' };
const shape = { vocabulary: 11, width: 16, layers: 1, heads: 2, context: 8 };
const student = newModel(shape, 1);
const batchOf = (seed: number) =>
  packedRows(
    [0, 5].map((r) => ({ ids: Array.from({ length: 8 }, (_, i) => (seed + r + i * i) % 11) })),
    8,
  );

/** A teacher that counts how often it is asked. */
function counted(name: string, seed = 4): { teacher: Teacher; asked: () => number } {
  const inner = openTeacher(executor, { name, model: newModel(shape, seed), tokenizer }, { rows: 2, length: 8 });
  let asked = 0;
  const teacher: Teacher = {
    ...inner,
    logits(batch) {
      asked++;
      return inner.logits(batch);
    },
  };
  return { teacher, asked: () => asked };
}

async function train(steps: number, transform: ReturnType<typeof distillation>): Promise<void> {
  const trainer = await openTrainer(executor, student, { rows: 2, length: 8, transforms: [transform] });
  for (let step = 1; step <= steps; step++) await trainer.step([batchOf(step)], step, 0.01);
  await trainer.release();
}

describe('distillation', () => {
  it('early asks the teacher up to the last taught step only', async () => {
    const { teacher, asked } = counted('t');
    await train(6, distillation({ teachers: [teacher], tokenizer, until: 2 }));
    expect(asked()).toBe(2);
    await teacher.release();
  });

  it('draws one of several teachers a step, the same after a resume', async () => {
    const all = [counted('a'), counted('b', 5), counted('c', 6)];
    const teachers = all.map((t) => t.teacher);
    await train(12, distillation({ teachers, tokenizer, seed: 2 }));
    const asked = all.map((t) => t.asked());
    expect(asked.reduce((a, b) => a + b)).toBe(12);
    expect(Math.min(...asked)).toBeGreaterThan(0);
    const again = distillation({ teachers, tokenizer, seed: 2 });
    const fed = (step: number, t: typeof again) => t.feeds!({ step, part: 0 }, batchOf(step), student.config);
    expect(await fed(9, again)).toEqual(await fed(9, distillation({ teachers, tokenizer, seed: 2 })));
    for (const teacher of teachers) await teacher.release();
  });

  it('refuses a teacher of another tokenizer, vocabulary or width, by name', async () => {
    const { teacher } = counted('big');
    const other = { name: 'words', hash: 'words@1' };
    const refusal =
      "teacher big: expected a teacher with the student's tokenizer, words (words@1), got letters (letters@1).";
    expect(() => distillation({ teachers: [teacher], tokenizer: other })).toThrow(refusal);
    expect(() => selfDistillation({ teacher, tokenizer: other, strength: 1 })).toThrow(refusal);
    const small = newModel({ ...shape, vocabulary: 7, width: 8 }, 1);
    const open = (transform: ReturnType<typeof selfDistillation>) =>
      openTrainer(executor, small, { rows: 2, length: 8, transforms: [transform] });
    await expect(open(distillation({ teachers: [teacher], tokenizer }))).rejects.toThrow(
      'teacher big: expected a teacher of 7 ids, as the student has, got 11.',
    );
    await expect(open(selfDistillation({ teacher, tokenizer, strength: 1 }))).rejects.toThrow(
      'teacher big: expected a teacher of width 8, as the student has, got 16.',
    );
    const numbers = { teachers: [teacher], tokenizer };
    expect(() => distillation({ ...numbers, share: 1.5 })).toThrow('expected a share from 0 to 1, got 1.5.');
    expect(() => distillation({ ...numbers, temperature: 0 })).toThrow('expected a temperature above 0, got 0.');
    expect(() => distillation({ teachers: [], tokenizer })).toThrow('expected at least one teacher, got none.');
    const top = await keptTopLogits(teacher, 2);
    expect(() => distillation({ teachers: [teacher, top], tokenizer })).toThrow('or of one number of them, got both.');
  });
});

describe('a teacher', () => {
  it('is known by its contents, under any name', async () => {
    const opened = (name: string, seed: number, changed?: (data: Float32Array) => void) => {
      const model = newModel(shape, seed);
      const [first] = model.weights.values();
      changed?.(first.data as Float32Array);
      return openTeacher(executor, { name, model, tokenizer }, { rows: 2, length: 8 });
    };
    const one = opened('a', 4);
    expect(one.hash).toMatch(/^[0-9a-f]{16}$/);
    expect(opened('moved', 4).hash).toBe(one.hash);
    const others = [opened('a', 5), opened('a', 4, (data) => data.set([data[0] + 1e-3]))];
    expect(new Set([one, ...others].map((t) => t.hash)).size).toBe(3);
    expect(distillation({ teachers: [one], tokenizer }).options).toMatchObject({ teachers: [one.hash] });
    const path = join(folder, 'kept.safetensors');
    await (await keptTopLogits(one, 2)).save(path);
    await keptTopLogits(opened('moved', 4), 2, path);
    await expect(keptTopLogits(others[1], 2, path)).rejects.toThrow(`got logits of teacher ${one.hash}`);
  });
});

describe('the largest logits', () => {
  it('come largest first, with the probability of the rest', () => {
    const x = [1, 3, 2, -1, 0, 0, 5, 0];
    const { ids, logits, lost } = topLogits(floatTensor([1, 2, 4], x), 2);
    expect([[...ids.data], [...logits.data]]).toEqual([
      [1, 2, 2, 0],
      [3, 2, 5, 0],
    ]);
    const rest = (row: number[], kept: number[]) =>
      1 - kept.reduce((s, v) => s + Math.exp(v), 0) / row.reduce((s, v) => s + Math.exp(v), 0);
    expect(lost.data[0]).toBeCloseTo(rest(x.slice(0, 4), [3, 2]), 6);
    expect(lost.data[1]).toBeCloseTo(rest(x.slice(4), [5, 0]), 6);
    expect([...topLogits(floatTensor([1, 1, 3], [1, 2, 3]), 3).lost.data]).toEqual([0]);
  });

  it('are computed once for a row, in this training and, from a file, in the next', async () => {
    const { teacher, asked } = counted('t');
    const kept = await keptTopLogits(teacher, 3);
    const first = await kept.of(batchOf(1));
    expect(await kept.of(batchOf(1))).toEqual(first);
    await kept.of(batchOf(2));
    expect([asked(), kept.size]).toEqual([2, 4]);
    const path = join(folder, 'top.safetensors');
    await kept.save(path);
    const again = await keptTopLogits(teacher, 3, path);
    expect(await again.of(batchOf(1))).toEqual(first);
    expect(asked()).toBe(2);
    await expect(keptTopLogits(teacher, 2, path)).rejects.toThrow(
      `expected logits of teacher ${teacher.hash}, tokenizer letters@1, 2 logits, got logits of teacher`,
    );
    await expect(keptTopLogits(teacher, 12)).rejects.toThrow('expected a whole number of logits from 1 to 11, got 12.');
    await teacher.release();
  });
});
