import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, InputError } from '../../errors.ts';
import { writeWhole } from '../../files/whole.ts';
import { layerMatrices } from '../architectures/matrices.ts';
import { sameShape, shapeText, type Tensor } from '../tensor.ts';
import type { AdapterOrigin } from '../transform.ts';
import { type JsonFields, jsonFields, readJson } from './json-fields.ts';
import { openSafetensors } from './safetensors.ts';
import { writeSafetensors } from './write-safetensors.ts';

const CONFIG = 'adapter_config.json';
const WEIGHTS = 'adapter_model.safetensors';

/** What of an adapter is not in its tensors. */
export interface AdapterSettings {
  readonly rank: number;
  readonly alpha: number;
  /** Which modules it adapts, by the last words of their names. */
  readonly modules: readonly string[];
}

/** A [rank, in] and B [out, rank] of one matrix. */
export interface AdapterPair {
  readonly a: Tensor;
  readonly b: Tensor;
}

/** A LoRA adapter, by the names of the weights that it adapts. */
export interface Adapter extends AdapterSettings {
  readonly base: string | null;
  readonly pairs: ReadonlyMap<string, AdapterPair>;
}

/**
 * Writes a LoRA adapter in the format of PEFT: adapter_model.safetensors, then adapter_config.json; each appears whole.
 */
export async function saveAdapter(
  folder: string,
  { config, base }: AdapterOrigin,
  { rank, alpha, modules }: AdapterSettings,
  pairs: ReadonlyMap<string, AdapterPair>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const tensors = new Map<string, Tensor>();
  for (const [weight, { a, b }] of pairs) {
    tensors.set(nameOf(weight, 'A'), a);
    tensors.set(nameOf(weight, 'B'), b);
  }
  await writeSafetensors(join(folder, WEIGHTS), tensors);
  const settings = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base,
    inference_mode: true,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: config.family === 'gpt2',
    target_modules: modules,
  };
  await writeWhole(join(folder, CONFIG), `${JSON.stringify(settings, null, 2)}\n`);
}

/**
 * Reads a LoRA adapter of PEFT for a model. Errors: InputError (a file that is not there or torn, tensors that do not
 * fit the model), ConfigError (an adapter that computes something else than LoRA: DoRA, biases, ranks by module).
 */
export async function loadAdapter(folder: string, { config }: Pick<AdapterOrigin, 'config'>): Promise<Adapter> {
  const where = join(folder, CONFIG);
  const fields = jsonFields(readJson(where), where);
  refuseOtherKinds(fields);
  const [rank, alpha] = [fields.number('r'), fields.number('lora_alpha')];
  const file = await openSafetensors(join(folder, WEIGHTS));
  try {
    const pairs = new Map<string, AdapterPair>();
    const unread = new Set(file.entries.keys());
    for (const { name, shape, inputFirst } of layerMatrices(config)) {
      const [from, to] = inputFirst ? shape : shape.toReversed();
      const read = async (letter: 'A' | 'B', wanted: readonly number[]): Promise<Tensor> => {
        const stored = nameOf(name, letter);
        unread.delete(stored);
        const there = file.entries.get(stored);
        if (there && sameShape(there.shape, wanted)) return file.read(stored);
        const got = there ? shapeText(there.shape) : 'nothing';
        throw new InputError({ expected: `'${stored}' ${shapeText(wanted)}`, got, where: file.path });
      };
      if (!file.entries.has(nameOf(name, 'A')) && !file.entries.has(nameOf(name, 'B'))) continue;
      pairs.set(name, { a: await read('A', [rank, from]), b: await read('B', [to, rank]) });
    }
    const [stray] = unread;
    if (stray !== undefined)
      throw new InputError({
        expected: `adapters of the matrices of a ${config.family} model`,
        got: `'${stray}'`,
        where: file.path,
      });
    const modules = [...new Set(layerMatrices(config).flatMap((m) => (pairs.has(m.name) ? [m.module] : [])))];
    return { rank, alpha, modules, base: fields.text('base_model_name_or_path', '') || null, pairs };
  } finally {
    await file.close();
  }
}

const nameOf = (weight: string, letter: 'A' | 'B'): string =>
  `base_model.model.${weight.replace(/weight$/, `lora_${letter}.weight`)}`;

/** Fields of adapter_config.json, and what they hold in a plain LoRA beside nothing. */
const PLAIN: Readonly<Record<string, readonly unknown[]>> = {
  bias: ['none'],
  use_dora: [false],
  use_rslora: [false],
  rank_pattern: [],
  alpha_pattern: [],
};

function refuseOtherKinds({ value, where }: JsonFields): void {
  if (value('peft_type') !== 'LORA')
    throw new ConfigError({ expected: 'an adapter of peft_type LORA', got: `${value('peft_type')}`, where });
  for (const [key, values] of Object.entries(PLAIN)) {
    const found = value(key) ?? null;
    const empty = found === null || (typeof found === 'object' && Object.keys(found).length === 0);
    if (empty || values.includes(found)) continue;
    throw new ConfigError({
      expected: `a plain LoRA: ${key} ${values[0] ?? 'empty'}`,
      got: JSON.stringify(found),
      where,
      fix: 'Merge the adapter into its model with PEFT: merge_and_unload().',
    });
  }
}
