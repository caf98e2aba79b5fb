import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Tensors } from '../../../src/models/executors/executor.ts';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import { loadAdapter } from '../../../src/models/folders/adapter.ts';
import { loadModel } from '../../../src/models/folders/hugging-face.ts';
import { openSafetensors } from '../../../src/models/folders/safetensors.ts';
import type { LanguageModel } from '../../../src/models/language-model.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { packedRows } from '../../../src/models/packed-rows.ts';
import { logitsGraph } from '../../../src/models/scorers/scoring-graph.ts';
import { openTrainer } from '../../../src/models/trainer.ts';
import { lora, loraFrom } from '../../../src/training/transforms/lora.ts';

const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));
const oracle = JSON.parse(readFileSync(`${fixtures}/transforms/oracle.json`, 'utf8')) as Record<string, number[]>;
const script = fileURLToPath(new URL('../../../scripts/make/transforms-oracle.py', import.meta.url));
const executor = await onnxruntimeNode();
const folder = await mkdtemp(join(tmpdir(), 'sluice-lora-'));
afterAll(() => rm(folder, { recursive: true }));

// Python with torch, transformers and peft: SLUICE_PYTHON, else python3.
const python = process.env.SLUICE_PYTHON ?? 'python3';
const probe = spawnSync(python, ['-c', 'import torch, transformers, peft'], { encoding: 'utf8' });
const missing = probe.error?.message ?? (probe.status === 0 ? null : probe.stderr.trim().split('\n').at(-1)!);
if (missing !== null) console.warn(`skipped: no Python with peft (${missing}); SLUICE_PYTHON names another`);

/** As `tokens_of` in scripts/make/torch-oracle.py, the first row. */
const idsOf = (count: number, step = 0) =>
  Array.from({ length: count }, (_, i) => (7 * i + Math.floor((i * i) / 3) + step) % 40);

async function logitsOf({ config, weights }: LanguageModel, count: number): Promise<ArrayLike<number>> {
  const session = await executor.open(logitsGraph(config, { rows: 1, length: count }), weights);
  const feeds = packedRows([{ ids: idsOf(count) }], count);
  const given = ['tokens', 'positions', 'segments'].map((name) => [name, feeds.get(name)!] as const);
  const { data } = (await session.run(new Map(given))).get('logits')!;
  await session.release();
  return data;
}

function expectNear(a: ArrayLike<number>, b: ArrayLike<number>): void {
  expect(a.length).toBe(b.length);
  Array.from(a).forEach((x, i) => {
    expect(Math.abs(x - b[i])).toBeLessThan(2e-5);
  });
}

/** A model, what three steps taught its adapter, and what it then scores. */
async function taught(name: string, options: Parameters<typeof lora>[0]) {
  const model = await loadModel(`${fixtures}/models/${name}`);
  const transform = lora(options);
  const trainer = await openTrainer(executor, model, { rows: 1, length: 20, transforms: [transform] });
  const batch = (step: number) => packedRows([{ ids: idsOf(20, step) }], 20);
  for (let step = 1; step <= 3; step++) await trainer.step([batch(step)], step, 0.05);
  const [state, merged] = [await trainer.readState(), await trainer.model()];
  const scored = (await trainer.evaluate(batch(7))).data;
  await trainer.release();
  const plain = await openTrainer(executor, merged, { rows: 1, length: 20 });
  const again = (await plain.evaluate(batch(7))).data;
  await plain.release();
  return { model, transform, state, merged, scored, again };
}

describe.each(['gpt2', 'neox', 'llama'])('LoRA of a %s', (name) => {
  it('of PEFT is read: merged, it has the logits that PEFT computes', async () => {
    const model = await loadModel(`${fixtures}/models/${name}`);
    const adapter = await loadAdapter(`${fixtures}/transforms/adapters/${name}`, model);
    expect([adapter.rank, adapter.alpha, adapter.base]).toEqual([2, 6, `models/${name}`]);
    const transform = loraFrom(adapter);
    const state: Tensors = new Map([...transform.state!(model.config)].map(([key, t]) => [`lora.${key}`, t]));
    const merged = transform.merged!(model, state);
    expectNear(await logitsOf(merged, 5), oracle[`adapted ${name}`]);
    // Written again, it is what PEFT wrote.
    const target = join(folder, `again-${name}`);
    await transform.save!(target, { config: model.config, base: adapter.base }, state);
    const [ours, theirs] = await Promise.all(
      [target, `${fixtures}/transforms/adapters/${name}`].map(async (path) => {
        const file = await openSafetensors(join(path, 'adapter_model.safetensors'));
        const tensors = new Map<string, unknown>();
        for (const key of [...file.entries.keys()].sort()) tensors.set(key, await file.read(key));
        await file.close();
        const config = JSON.parse(readFileSync(join(path, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
        return { tensors, config: { ...config, target_modules: (config.target_modules as string[]).toSorted() } };
      }),
    );
    expect(ours.tensors).toEqual(theirs.tensors);
    expect(theirs.config).toMatchObject(ours.config);
  });

  it('leaves the model alone, and merged it scores as it trained', async () => {
    const { model, state, merged, scored, again } = await taught(name, { rank: 3, alpha: 5, seed: 2 });
    expect([...state.keys()].filter((key) => !/^(adam\.[mv]\.)?lora\.[AB]\./.test(key))).toEqual([]);
    expectNear(again, scored);
    const changed = [...merged.weights].filter(([key, { data }]) => data !== model.weights.get(key)!.data);
    expect(changed.every(([key, { shape }]) => shape.length === 2 && /\.\d+\./.test(key))).toBe(true);
    expect(changed.length).toBe([...state.keys()].filter((key) => key.startsWith('lora.A.')).length);
  });

  it.skipIf(missing !== null)('opens in PEFT with the same logits', async () => {
    const { model, transform, state, merged } = await taught(name, { rank: 2, targets: 'attention' });
    const target = join(folder, name);
    await transform.save!(target, { config: model.config, base: null }, state);
    const args = ['logits', `${fixtures}/models/${name}`, target, JSON.stringify([idsOf(9)])];
    const opened = spawnSync(python, [script, ...args], { encoding: 'utf8' });
    expect(opened.status, opened.stderr).toBe(0);
    expectNear(await logitsOf(merged, 9), JSON.parse(opened.stdout) as number[]);
  });
});

describe('targets', () => {
  const { config } = newModel({ family: 'gpt2', width: 8, layers: 2, heads: 2, context: 8 }, 1);
  const adapted = (targets: Parameters<typeof lora>[0]['targets']) =>
    [...lora({ rank: 1, targets }).state!(config).keys()]
      .filter((key) => key.startsWith('A.transformer.h.1.'))
      .map((key) => key.slice('A.transformer.h.1.'.length, -'.weight'.length));

  it('are all matrices, those of one part, or words that a name ends in', () => {
    expect(adapted('all')).toEqual(['attn.c_attn', 'attn.c_proj', 'mlp.c_fc', 'mlp.c_proj']);
    expect(adapted('attention')).toEqual(['attn.c_attn', 'attn.c_proj']);
    expect(adapted('feedForward')).toEqual(['mlp.c_fc', 'mlp.c_proj']);
    expect(adapted(['c_proj'])).toEqual(['attn.c_proj', 'mlp.c_proj']);
    expect(adapted(['mlp.c_proj', 'c_attn'])).toEqual(['attn.c_attn', 'mlp.c_proj']);
  });

  it('that no matrix has, and a rank of nothing, are refused', () => {
    expect(() => lora({ rank: 1, targets: ['q_proj'] }).check!(config)).toThrow(
      'lora of a gpt2 model: expected targets among attn.c_attn, attn.c_proj, mlp.c_fc, mlp.c_proj, got q_proj.',
    );
    expect(() => lora({ rank: 0 })).toThrow(
      'lora: expected a whole rank from 1 and a finite alpha, got rank 0, alpha 0.',
    );
  });
});

describe('an adapter', () => {
  it('of another kind, or of another model, is refused by name', async () => {
    const { config } = await loadModel(`${fixtures}/models/llama`);
    const source = `${fixtures}/transforms/adapters/llama`;
    const settings = JSON.parse(readFileSync(join(source, 'adapter_config.json'), 'utf8')) as object;
    const weights = readFileSync(join(source, 'adapter_model.safetensors'));
    const withSettings = async (changes: object) => {
      const target = await mkdtemp(join(folder, 'adapter-'));
      await writeFile(join(target, 'adapter_config.json'), JSON.stringify({ ...settings, ...changes }));
      await writeFile(join(target, 'adapter_model.safetensors'), weights);
      return loadAdapter(target, { config });
    };
    await expect(withSettings({ peft_type: 'IA3' })).rejects.toThrow('expected an adapter of peft_type LORA, got IA3.');
    await expect(withSettings({ use_dora: true })).rejects.toThrow('expected a plain LoRA: use_dora false, got true.');
    await expect(withSettings({ rank_pattern: { q_proj: 4 } })).rejects.toThrow(
      'rank_pattern empty, got {"q_proj":4}.',
    );
    await expect(withSettings({ r: 3 })).rejects.toThrow("q_proj.lora_A.weight' [3, 16], got [2, 16].");
    const gpt2 = await loadModel(`${fixtures}/models/gpt2`);
    await expect(loadAdapter(source, gpt2)).rejects.toThrow('expected adapters of the matrices of a gpt2 model');
  });
});
