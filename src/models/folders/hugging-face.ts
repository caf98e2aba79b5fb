import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../../errors.ts';
import { writeWhole } from '../../files/whole.ts';
import { architectures } from '../architectures/index.ts';
import type { LanguageModel, LanguageModelConfig } from '../language-model.ts';
import { checkConfig } from '../new-model.ts';
import { sameShape, shapeText, type Tensor } from '../tensor.ts';
import { formatConfig, parseConfig } from './hugging-face-config.ts';
import { readJson } from './json-fields.ts';
import { openSafetensors, type SafetensorsFile } from './safetensors.ts';
import type { WeightType } from './safetensors-types.ts';
import { INDEX, WEIGHTS, weightFiles } from './weight-files.ts';
import { writeSafetensors } from './write-safetensors.ts';

const CONFIG = 'config.json';
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;

/** Tensors of older checkpoints that are constants, not weights. */
const BUFFERS = /(\.attn\.(bias|masked_bias)|attention\.(bias|masked_bias)|rotary_emb\.inv_freq)$/;

/** Output layers that tied checkpoints of older versions have as well. */
const OUTPUTS = ['lm_head.weight', 'embed_out.weight'];

/** Weights from this on round to infinity. */
const TOO_LARGE: Readonly<Record<WeightType, number>> = {
  F32: Number.POSITIVE_INFINITY,
  BF16: 2 ** 128 - 2 ** 119,
  F16: 65_520,
};

/** Prefix of the names without the output layer: checkpoints of the bare model leave it out. */
const PREFIX = { gpt2: 'transformer.', neox: 'gpt_neox.', llama: 'model.' } as const;

/**
 * Loads a model from a Hugging Face directory: config.json and model.safetensors, or its shards with their index;
 * float32, bfloat16 or float16. Every weight is checked: there, of the right shape, finite.
 */
export async function loadModel(folder: string): Promise<LanguageModel> {
  const config = readModelConfig(folder);
  const files = await openWeights(folder);
  try {
    const places = placesOf(files);
    const named = (name: string) => [name, name.slice(PREFIX[config.family].length)].find((n) => places.has(n)) ?? null;
    const shapes = architectures[config.family].weightShapes(config);
    refuseStrangers(config, [...places.keys()], [...shapes.keys()].map(named), folder);
    const weights = new Map<string, Tensor>();
    for (const [name, shape] of shapes) {
      const stored = named(name);
      if (stored === null)
        throw new InputError({
          expected: `weight '${name}' ${shapeText(shape)}`,
          got: 'weights without it',
          where: folder,
        });
      const file = places.get(stored)!;
      weights.set(name, checkedWeight(await file.read(stored), shape, `${file.path}, tensor '${stored}'`));
    }
    const embedding = weights.get(architectures[config.family].outputWeight(config))!;
    for (const name of OUTPUTS.filter((n) => config.tiedEmbeddings && places.has(n)))
      refuseOwnOutput(embedding, await places.get(name)!.read(name), `${folder}, '${name}'`);
    return { config, weights };
  } finally {
    for (const file of files) await file.close();
  }
}

/** The shape of a model in a Hugging Face directory. */
export const loadModelConfig = async (folder: string): Promise<LanguageModelConfig> => readModelConfig(folder);

/** The same at once. */
export function readModelConfig(folder: string): LanguageModelConfig {
  const where = join(folder, CONFIG);
  const config = parseConfig(readJson(where), where);
  checkConfig(config, where);
  return config;
}

export interface SaveModelOptions {
  /** Default F32: exactly the weights. */
  readonly dtype?: WeightType;
  /** Bytes after which a new file is begun; default 5 GB, as transformers does. */
  readonly shardBytes?: number;
}

/**
 * Saves a model as a Hugging Face directory that `transformers` opens; the files appear whole, config.json last.
 * Weights of a model saved there before go: an index that stays would have the old shards read.
 */
export async function saveModel(
  { config, weights }: LanguageModel,
  folder: string,
  { dtype = 'F32', shardBytes = 5e9 }: SaveModelOptions = {},
): Promise<void> {
  refuseUnsayable(config);
  await mkdir(folder, { recursive: true });
  const shards: Map<string, Tensor>[] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const [name, shape] of architectures[config.family].weightShapes(config)) {
    const tensor = checkedWeight(weights.get(name), shape, `weight '${name}'`);
    const large = tensor.data.findIndex((x: number) => Math.abs(x) >= TOO_LARGE[dtype]);
    if (large >= 0)
      throw new InputError({
        expected: `weights that ${dtype} can hold`,
        got: `${tensor.data[large]} at element ${large}`,
        where: `weight '${name}'`,
        fix: 'Save it as F32.',
      });
    const bytes = tensor.data.length * (dtype === 'F32' ? 4 : 2);
    if (size + bytes > shardBytes) {
      shards.push(new Map());
      size = 0;
    }
    shards.at(-1)!.set(name, tensor);
    size += bytes;
  }
  const number = (i: number) => `${i}`.padStart(5, '0');
  const fileOf = (i: number) =>
    shards.length === 1 ? WEIGHTS : `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
  for (const [i, shard] of shards.entries()) await writeSafetensors(join(folder, fileOf(i)), shard, { dtype });
  if (shards.length > 1) {
    const names = shards.flatMap((shard, i) => [...shard.keys()].map((name) => [name, fileOf(i)]));
    const total = shards
      .flatMap((s) => [...s.values()])
      .reduce((n, t) => n + t.data.length * (dtype === 'F32' ? 4 : 2), 0);
    await writeJson(join(folder, INDEX), { metadata: { total_size: total }, weight_map: Object.fromEntries(names) });
  }
  // One file and an index beside each other are two models; readers differ in which they take.
  await rm(join(folder, shards.length > 1 ? WEIGHTS : INDEX), { force: true });
  const kept = new Set(shards.map((_, i) => fileOf(i)));
  for (const name of await readdir(folder)) if (SHARD.test(name) && !kept.has(name)) await rm(join(folder, name));
  const types = { F32: 'float32', BF16: 'bfloat16', F16: 'float16' };
  await writeJson(join(folder, CONFIG), { ...formatConfig(config), torch_dtype: types[dtype] });
}

async function openWeights(folder: string): Promise<SafetensorsFile[]> {
  const names = weightFiles(folder);
  if (names.length === 0)
    throw new InputError({
      expected: `${WEIGHTS} or ${INDEX}`,
      got: 'a folder with neither',
      where: folder,
      fix: 'Weights in pytorch_model.bin are converted by: model.save_pretrained(folder, safe_serialization=True)',
    });
  const files: SafetensorsFile[] = [];
  try {
    for (const name of names) files.push(await openSafetensors(join(folder, name)));
    return files;
  } catch (error) {
    for (const file of files) await file.close();
    if (!(error instanceof InputError && error.parts.got === 'ENOENT')) throw error;
    throw new InputError({
      expected: `every file that ${INDEX} names`,
      got: 'a folder without it',
      where: error.parts.where,
      fix: 'Copy the whole directory of the model.',
    });
  }
}

/** The file of every tensor. */
function placesOf(files: readonly SafetensorsFile[]): Map<string, SafetensorsFile> {
  const places = new Map<string, SafetensorsFile>();
  for (const file of files) {
    for (const name of file.entries.keys()) {
      const other = places.get(name);
      if (other)
        throw new InputError({
          expected: `tensor '${name}' in one file`,
          got: `a second one in ${other.path}`,
          where: file.path,
          fix: 'Copy the directory of the model again: its files belong to different ones.',
        });
      places.set(name, file);
    }
  }
  return places;
}

/** A config that config.json has no words for would come back as another one. */
function refuseUnsayable(config: LanguageModelConfig): void {
  const where = `${config.family} model`;
  const back = parseConfig(formatConfig(config), where);
  const lost = (Object.keys(config) as (keyof LanguageModelConfig)[]).find(
    (k) => !isDeepStrictEqual(config[k], back[k]),
  );
  if (lost)
    throw new InputError({
      expected: `${lost} that config.json can say`,
      got: `${JSON.stringify(config[lost])}, which would be read as ${JSON.stringify(back[lost])}`,
      where,
    });
}

function refuseOwnOutput(embedding: Tensor, output: Tensor, where: string): void {
  checkedWeight(output, embedding.shape, where);
  const other = embedding.data.findIndex((x: number, i: number) => x !== output.data[i]);
  if (other < 0) return;
  throw new InputError({
    expected: 'the token embedding, as tie_word_embeddings says',
    got: `${output.data[other]} for ${embedding.data[other]} at element ${other}`,
    where,
    fix: 'If the output layer is its own, set tie_word_embeddings to false in config.json.',
  });
}

function refuseStrangers(
  config: LanguageModelConfig,
  stored: readonly string[],
  known: readonly (string | null)[],
  where: string,
) {
  const strange = stored.filter(
    (n) => !known.includes(n) && !BUFFERS.test(n) && !(config.tiedEmbeddings && OUTPUTS.includes(n)),
  );
  if (strange.length === 0) return;
  throw new InputError({
    expected: `the weights of a ${config.family} language model and no others`,
    got: `${strange.length} more, such as '${strange[0]}'`,
    where,
    fix: 'Merge adapters into the model before loading, and see that config.json belongs to these weights.',
  });
}

function checkedWeight(tensor: Tensor | undefined, shape: readonly number[], where: string): Tensor {
  if (!tensor) throw new InputError({ expected: `shape ${shapeText(shape)}`, got: 'nothing', where });
  if (!sameShape(tensor.shape, shape) || !(tensor.data instanceof Float32Array))
    throw new InputError({
      expected: `floating-point numbers of shape ${shapeText(shape)}, by config.json`,
      got: `${tensor.data instanceof Float32Array ? '' : 'integers of '}shape ${shapeText(tensor.shape)}`,
      where,
    });
  const { data } = tensor;
  for (let i = 0; i < data.length; i++)
    if (!Number.isFinite(data[i]))
      throw new InputError({ expected: 'finite weights', got: `${data[i]} at element ${i}`, where });
  return tensor;
}

const writeJson = (path: string, value: unknown): Promise<void> =>
  writeWhole(path, `${JSON.stringify(value, null, 2)}\n`);
