import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, loadModelConfig, saveModel } from '../../../src/models/folders/hugging-face.ts';
import { writeSafetensors } from '../../../src/models/folders/write-safetensors.ts';
import { type LanguageModelConfig, modelConfig } from '../../../src/models/language-model.ts';
import { newModel, parameterCount } from '../../../src/models/new-model.ts';
import type { Tensor } from '../../../src/models/tensor.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-models-'));
});
afterAll(() => rm(folder, { recursive: true }));

let copies = 0;
/** A copy of a model that transformers saved, to be spoilt. */
async function copyOf(name: string): Promise<string> {
  const to = join(folder, `${name}-${copies++}`);
  await cp(fileURLToPath(new URL(`../../fixtures/models/${name}`, import.meta.url)), to, { recursive: true });
  return to;
}

async function changeConfig(model: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  const path = join(model, 'config.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...changes }));
}

const small = { width: 16, layers: 2, heads: 4, vocabulary: 40, context: 32 };
const configs: readonly LanguageModelConfig[] = [
  modelConfig({ ...small, family: 'gpt2', bosToken: 3, eosToken: 4 }),
  modelConfig({ ...small, family: 'gpt2', tiedEmbeddings: false }),
  { ...modelConfig({ ...small, family: 'neox', heads: 2 }), parallelResidual: false },
  modelConfig({ ...small, family: 'llama', kvHeads: 2, tiedEmbeddings: true }),
  {
    ...modelConfig({ ...small, family: 'llama' }),
    headWidth: 8,
    biases: { qkv: true, attentionOutput: true, feedForward: true },
    rope: {
      base: 5e5,
      fraction: 1,
      scaling: { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 16 },
    },
  },
  { ...modelConfig({ ...small, family: 'llama' }), biases: { qkv: true, attentionOutput: false, feedForward: false } },
  {
    ...modelConfig({ ...small, family: 'llama' }),
    rope: { base: 1e4, fraction: 1, scaling: { kind: 'linear', factor: 2 } },
  },
];

describe('a saved model', () => {
  it.each(configs.map((c, i) => [c.family, i, c] as const))('comes back: %s %i', async (_, i, config) => {
    const model = newModel(config, 3);
    const path = join(folder, `saved-${i}`);
    await saveModel(model, path);
    expect((await readdir(path)).sort()).toEqual(['config.json', 'model.safetensors']);
    const back = await loadModel(path);
    expect(back.config).toEqual(config);
    expect([...back.weights]).toEqual([...model.weights]);
  });

  it('is cut into files with an index', async () => {
    const model = newModel(configs[0], 3);
    const path = join(folder, 'shards');
    await saveModel(model, path, { shardBytes: 10_000 });
    const index = JSON.parse(await readFile(join(path, 'model.safetensors.index.json'), 'utf8'));
    expect(index.metadata.total_size).toBe(4 * parameterCount(configs[0]));
    expect(new Set(Object.values(index.weight_map)).size).toBe(4);
    expect((await readdir(path)).filter((f) => f.endsWith('.safetensors'))).toContain(
      'model-00001-of-00004.safetensors',
    );
    expect([...(await loadModel(path)).weights]).toEqual([...model.weights]);
  });

  it('takes the place of the one that was saved there before, in one file or in shards', async () => {
    const path = join(folder, 'again');
    const [first, second] = [newModel(configs[0], 1), newModel(configs[0], 2)];
    await saveModel(first, path, { shardBytes: 10_000 });
    await saveModel(second, path);
    expect([...(await loadModel(path)).weights]).toEqual([...second.weights]);
    expect((await readdir(path)).sort()).toEqual(['config.json', 'model.safetensors']);
    await saveModel(first, path, { shardBytes: 20_000 });
    await saveModel(first, path, { shardBytes: 10_000 });
    expect([...(await loadModel(path)).weights]).toEqual([...first.weights]);
    expect((await readdir(path)).sort()).toEqual([
      'config.json',
      ...[1, 2, 3, 4].map((i) => `model-0000${i}-of-00004.safetensors`),
      'model.safetensors.index.json',
    ]);
  });

  it('in one file counts before an index beside it, as in transformers', async () => {
    const path = await copyOf('llama');
    const one = await loadModel(path);
    const shards = [...one.weights].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => 2 * x) }]);
    const doubled = new Map(shards as [string, Tensor][]);
    await writeSafetensors(join(path, 'model.safetensors'), doubled);
    expect([...(await loadModel(path)).weights]).toEqual([...doubled]);
  });

  it('in bfloat16 is half as large and near', async () => {
    const model = newModel(configs[0], 3);
    const path = join(folder, 'half');
    await saveModel(model, path, { dtype: 'BF16' });
    const back = await loadModel(path);
    for (const [name, { data }] of model.weights)
      data.forEach((x, i) => {
        expect(Math.abs(back.weights.get(name)!.data[i] - x)).toBeLessThanOrEqual(Math.abs(x) / 256);
      });
    expect(JSON.parse(await readFile(join(path, 'config.json'), 'utf8')).torch_dtype).toBe('bfloat16');
  });
});

describe('a checkpoint of the bare model', () => {
  it('loads without the prefix of its names and with the buffers of old versions', async () => {
    const path = await copyOf('gpt2');
    const file = join(path, 'model.safetensors');
    const bytes = await readFile(file);
    const length = Number(bytes.readBigUInt64LE());
    const header = bytes
      .subarray(8, 8 + length)
      .toString()
      .replaceAll('"transformer.', '"')
      .trimEnd();
    const end = bytes.length - 8 - length;
    const buffer = `,"h.0.attn.bias":{"dtype":"U8","shape":[4],"data_offsets":[${end},${end + 4}]}}`;
    const json = Buffer.from(header.slice(0, -1) + buffer);
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(json.length));
    await writeFile(file, Buffer.concat([start, json, bytes.subarray(8 + length), Buffer.alloc(4)]));
    const whole = await loadModel(await copyOf('gpt2'));
    expect([...(await loadModel(path)).weights]).toEqual([...whole.weights]);
  });
});

describe('the config.json of transformers is read as it is there', () => {
  // Checked with the logits of transformers 5.23.
  const llama3 = { rope_type: 'llama3', factor: 4, low_freq_factor: 1, high_freq_factor: 4 };
  const stretched = { kind: 'llama3', factor: 4, lowFrequencyFactor: 1, highFrequencyFactor: 4 };
  it.each([
    [
      'of two ways to write rotary positions the older counts',
      { rope_scaling: { type: 'linear', factor: 4 }, rope_theta: 500 },
      { rope: { base: 500, fraction: 1, scaling: { kind: 'linear', factor: 4 } } },
    ],
    [
      'the older one is empty',
      { rope_scaling: {}, rope_parameters: { rope_theta: 70 } },
      { rope: { base: 70, fraction: 1, scaling: null } },
    ],
    [
      'the original context is the context',
      { rope_scaling: llama3, max_position_embeddings: 64 },
      { rope: { base: 1e4, fraction: 1, scaling: { ...stretched, originalContext: 64 } } },
    ],
    [
      'the original context stands beside the scaling',
      { rope_scaling: { ...llama3, original_max_position_embeddings: 16 }, original_max_position_embeddings: 8 },
      { rope: { base: 1e4, fraction: 1, scaling: { ...stretched, originalContext: 8 } } },
    ],
    [
      'a Mistral that names no window has one',
      { model_type: 'mistral', max_position_embeddings: 32_768 },
      { context: 4096 },
    ],
    [
      'a Mistral with null for a window has none',
      { model_type: 'mistral', max_position_embeddings: 32_768, sliding_window: null },
      { context: 32_768 },
    ],
  ])('%s', async (_, changes, expected) => {
    const path = await copyOf('llama');
    await changeConfig(path, changes);
    expect(await loadModelConfig(path)).toMatchObject(expected);
  });
});

describe('a model that cannot be used says why', () => {
  it('no folder', async () => {
    const path = join(folder, 'nowhere');
    await expect(loadModel(path)).rejects.toThrow(`${join(path, 'config.json')}: expected a JSON file, got ENOENT.`);
  });

  it('no weights', async () => {
    const path = await copyOf('gpt2');
    await rm(join(path, 'model.safetensors'));
    await expect(loadModel(path)).rejects.toThrow(
      `${path}: expected model.safetensors or model.safetensors.index.json, got a folder with neither. ` +
        'Weights in pytorch_model.bin',
    );
  });

  it('an index leads out of the folder', async () => {
    const path = await copyOf('llama');
    const index = join(path, 'model.safetensors.index.json');
    for (const file of ['../gpt2/model.safetensors', '/etc/model.safetensors', 'a\\b.safetensors', '../..', '']) {
      await writeFile(index, JSON.stringify({ weight_map: { 'model.norm.weight': file } }));
      await expect(loadModel(path)).rejects.toThrow(
        `${index}: expected names of files in the same folder, got '${file}'.`,
      );
    }
    await writeFile(index, JSON.stringify({ weight_map: { 'model.norm.weight': 1 } }));
    await expect(loadModel(path)).rejects.toThrow('expected a text for model.norm.weight, got 1.');
  });

  it('a tensor is in two files', async () => {
    const path = await copyOf('llama');
    const [first, second] = [1, 2].map((i) => join(path, `model-0000${i}-of-00002.safetensors`));
    await cp(first, second);
    await expect(loadModel(path)).rejects.toThrow(
      `${second}: expected tensor 'model.embed_tokens.weight' in one file, got a second one in ${first}.`,
    );
  });

  it('an output layer of its own where config.json says that it is tied', async () => {
    const model = newModel(configs[1], 3);
    const path = join(folder, 'untied');
    await saveModel(model, path);
    await changeConfig(path, { tie_word_embeddings: true });
    await expect(loadModel(path)).rejects.toThrow(
      "'lm_head.weight': expected the token embedding, as tie_word_embeddings says",
    );
    const wte = model.weights.get('transformer.wte.weight')!;
    await saveModel({ ...model, weights: new Map([...model.weights, ['lm_head.weight', wte]]) }, path);
    await changeConfig(path, { tie_word_embeddings: true });
    expect((await loadModel(path)).weights.has('lm_head.weight')).toBe(false);
  });

  it('a shard is missing', async () => {
    const path = await copyOf('llama');
    await rm(join(path, 'model-00002-of-00002.safetensors'));
    await expect(loadModel(path)).rejects.toThrow(
      `${join(path, 'model-00002-of-00002.safetensors')}: expected every file that model.safetensors.index.json names`,
    );
  });

  it('config.json is not JSON', async () => {
    const path = await copyOf('gpt2');
    await writeFile(join(path, 'config.json'), '{');
    await expect(loadModel(path)).rejects.toThrow(`${join(path, 'config.json')}: expected JSON, got`);
  });

  it.each([
    ['gpt2', { model_type: 'bert' }, "expected model_type gpt2, gpt_neox, llama, mistral, qwen2, got 'bert'."],
    ['gpt2', { model_type: undefined }, "got 'nothing'."],
    ['gpt2', { n_embd: '16' }, 'expected a number for n_embd, got "16".'],
    ['gpt2', { n_layer: undefined }, 'expected a number for n_layer, got nothing.'],
    ['gpt2', { n_layer: 0 }, 'expected a whole number above 0 for layers, got 0.'],
    ['gpt2', { n_head: 3 }, 'expected a whole number above 0 for headWidth, got 5.3'],
    ['gpt2', { num_attention_heads: 2 }, 'expected num_attention_heads 4, got 2.'],
    ['gpt2', { activation_function: 'mish' }, "got 'mish'."],
    ['gpt2', { activation_function: 'toString' }, "got 'toString'."],
    ['gpt2', { scale_attn_by_inverse_layer_idx: true }, 'expected scale_attn_by_inverse_layer_idx false, got true.'],
    ['gpt2', { quantization_config: { bits: 4 } }, 'expected weights that are not quantized'],
    [
      'llama',
      { rope_parameters: { rope_type: 'yarn', rope_theta: 1e4 } },
      "expected rope_type default, linear or llama3, got 'yarn'.",
    ],
    [
      'llama',
      { rope_parameters: { full_attention: { rope_type: 'default' } } },
      'rope_parameters: expected one rope for all layers, got one for full_attention.',
    ],
    [
      'llama',
      { rope_scaling: { factor: 4 } },
      'rope_scaling: expected a rope_type linear or llama3 beside factor, got default.',
    ],
    [
      'llama',
      { rope_scaling: { type: 'linear', factor: 0 } },
      'expected a number above 0 for factor of the rotary positions, got 0.',
    ],
    ['llama', { rope_parameters: { rope_theta: 0 } }, 'expected a number above 0 for base of the rotary positions'],
    ['llama', { partial_rotary_factor: 0.5 }, 'expected partial_rotary_factor 1, got 0.5.'],
    ['llama', { rope_parameters: { partial_rotary_factor: 0.5 } }, 'expected partial_rotary_factor 1, got 0.5.'],
    ['neox', { partial_rotary_factor: 0.5 }, 'expected partial_rotary_factor 0.25, got 0.5.'],
    ['neox', { head_dim: 4 }, 'expected head_dim 8, got 4.'],
    [
      'neox',
      { rope_parameters: { partial_rotary_factor: 0 } },
      'expected an even number of rotated places a head, from 2 to 8, got 0.',
    ],
    [
      'neox',
      { rope_parameters: { partial_rotary_factor: 2 } },
      'expected an even number of rotated places a head, from 2 to 8, got 16.',
    ],
    ['llama', { num_key_value_heads: 3 }, 'expected a number of kvHeads that divides 4 heads, got 3.'],
    ['gpt2', { n_layer: 3 }, "expected weight 'transformer.h.2.ln_1.weight' [16], got weights without it."],
    [
      'gpt2',
      { n_layer: 1 },
      "expected the weights of a gpt2 language model and no others, got 12 more, such as 'transformer.h.1.",
    ],
    [
      'gpt2',
      { vocab_size: 41 },
      'expected floating-point numbers of shape [41, 16], by config.json, got shape [40, 16].',
    ],
    ['gpt2', { tie_word_embeddings: false }, "expected weight 'lm_head.weight' [40, 16], got weights without it."],
  ])('%s with %o', async (name, changes, message) => {
    const path = await copyOf(name);
    await changeConfig(path, changes);
    await expect(loadModel(path)).rejects.toThrow(message);
    await expect(loadModel(path)).rejects.toThrow(path);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('a weight is %d', async (value) => {
    const path = await copyOf('gpt2');
    const file = join(path, 'model.safetensors');
    const bytes = await readFile(file);
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());
    const [begin] = header['transformer.wpe.weight'].data_offsets;
    bytes.writeFloatLE(value, 8 + Number(bytes.readBigUInt64LE()) + begin + 4 * 5);
    await writeFile(file, bytes);
    await expect(loadModel(path)).rejects.toThrow(
      `${file}, tensor 'transformer.wpe.weight': expected finite weights, got ${value} at element 5.`,
    );
  });

  it.each([
    ['F16', 65_519, 65_520],
    ['BF16', 3.38e38, 3.4e38],
  ] as const)('a weight too large for %s is not saved', async (dtype, most, tooLarge) => {
    const model = newModel(configs[0], 3);
    const path = join(folder, `large-${dtype}`);
    const data = model.weights.get('transformer.wpe.weight')!.data;
    data[5] = -most;
    await saveModel(model, path, { dtype });
    await loadModel(path);
    data[5] = -tooLarge;
    await expect(saveModel(model, path, { dtype })).rejects.toThrow(
      `weight 'transformer.wpe.weight': expected weights that ${dtype} can hold, got ${data[5]} at element ` +
        '5. Save it as F32.',
    );
  });

  it.each([
    [{ ...configs[3], biases: { qkv: false, attentionOutput: true, feedForward: false } }, 'biases'],
    [{ ...configs[3], rope: { base: 1e4, fraction: 0.5, scaling: null } }, 'partial_rotary_factor'],
    [{ ...configs[2], biases: { qkv: true, attentionOutput: true, feedForward: false } }, 'biases'],
  ])('a model that config.json has no words for is not saved %#', async (config, message) => {
    await expect(saveModel(newModel(config, 3), join(folder, 'unsayable'))).rejects.toThrow(message);
  });

  it('a model with a weight of the wrong shape is not saved', async () => {
    const model = newModel(configs[0], 3);
    const weights = new Map([...model.weights, ['transformer.ln_f.bias', { shape: [3], data: new Float32Array(3) }]]);
    await expect(saveModel({ ...model, weights }, join(folder, 'wrong'))).rejects.toThrow(
      "weight 'transformer.ln_f.bias': expected floating-point numbers of shape [16], by config.json, got shape [3].",
    );
  });
});
