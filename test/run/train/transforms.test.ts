import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { loadAdapter } from '../../../src/models/folders/adapter.ts';
import { loadModel } from '../../../src/models/folders/hugging-face.ts';
import { newModel } from '../../../src/models/new-model.ts';
import type { Transform } from '../../../src/models/transform.ts';
import { continual } from '../../../src/recipe/continual.ts';
import { train } from '../../../src/run/train/train.ts';
import { distillation } from '../../../src/training/transforms/distillation.ts';
import { dropout } from '../../../src/training/transforms/dropout.ts';
import { lora } from '../../../src/training/transforms/lora.ts';
import { openTeacher } from '../../../src/training/transforms/teacher.ts';
import { writeDomains } from '../../helpers/feed.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const executor = await onnxruntimeNode();
const recipeWith = (transforms: Transform[]) =>
  continual({
    name: 'small',
    read: { domainFrom: 'path' },
    model: { width: 16, layers: 1, heads: 2, context: 32 },
    heldOut: { tokens: 200, share: 0.1 },
    training: { tokens: 6 * 4 * 32, context: 32, sequences: 4, learningRate: 1e-2, accumulate: 2, transforms },
  });

it('a training takes transforms: it saves the adapter, merges it, and goes on with the same bits', async () => {
  const folder = await temporaryFolder();
  const input = [writeDomains(join(folder, 'in'))];
  const transforms = [lora({ rank: 2, seed: 3 }), dropout({ rate: 0.2, from: 2 })];
  const whole = join(folder, 'whole');
  await lastValueFrom(train(recipeWith(transforms), { executor, input, output: whole }));
  const parts = join(folder, 'parts');
  const stop = new AbortController();
  const events = train(recipeWith(transforms), { executor, input, output: parts, stop: stop.signal });
  const stopped = await lastValueFrom(events.pipe(tap((e) => e.type === 'step' && e.step === 3 && stop.abort())));
  expect(stopped).toMatchObject({ type: 'stopped', step: 3 });
  await expect(
    lastValueFrom(train(recipeWith([lora({ rank: 4, seed: 3 })]), { executor, input, output: parts })),
  ).rejects.toThrow(
    'expected the list of transforms that this training was begun with: [{"name":"lora","options":{"alpha":4,',
  );
  const rest = await lastValueFrom(train(recipeWith(transforms), { executor, input, output: parts }).pipe(toArray()));
  expect(rest.filter((e) => e.type === 'step').map((e) => e.step)).toEqual([4, 5, 6]);
  for (const file of ['model/model.safetensors', 'adapter/adapter_model.safetensors', 'adapter/adapter_config.json'])
    expect(readFileSync(join(parts, file))).toEqual(readFileSync(join(whole, file)));
  const model = await loadModel(join(whole, 'model'));
  const adapter = await loadAdapter(join(whole, 'adapter'), model);
  expect([adapter.rank, adapter.alpha, adapter.base, adapter.pairs.size]).toEqual([2, 4, null, 7]);
  expect([...adapter.pairs.values()].every(({ b }) => b.data.some((x) => x !== 0))).toBe(true);
});

it('goes on with a teacher of the same contents under any name, and refuses another one of the same name', async () => {
  const folder = await temporaryFolder();
  const input = [writeDomains(join(folder, 'in'))];
  const output = join(folder, 'out');
  const tokenizer = { name: 'bytes', hash: 'bytes@1' };
  const taught = (name: string, seed: number) => {
    const model = newModel({ width: 16, layers: 1, heads: 2, context: 32, vocabulary: 257 }, seed);
    const teacher = openTeacher(executor, { name, model, tokenizer }, { rows: 2, length: 32 });
    return recipeWith([distillation({ teachers: [teacher], tokenizer })]);
  };
  const stop = new AbortController();
  const events = train(taught('large', 1), { executor, input, output, stop: stop.signal });
  await lastValueFrom(events.pipe(tap((e) => e.type === 'step' && e.step === 3 && stop.abort())));
  await expect(lastValueFrom(train(taught('large', 2), { executor, input, output }))).rejects.toThrow(
    /expected the set of teachers that this training was begun with: \["[0-9a-f]{16}"\], got \["[0-9a-f]{16}"\]/,
  );
  const last = await lastValueFrom(train(taught('moved/large', 1), { executor, input, output }));
  expect(last).toMatchObject({ type: 'finished', already: false });
});

it('what is no transform is refused by the recipe', () => {
  expect(() => recipeWith([{ name: 'x' } as unknown as Transform])).toThrow('a transform of sluice/training');
});
