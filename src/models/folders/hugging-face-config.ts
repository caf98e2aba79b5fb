import { InputError } from '../../errors.ts';
import type { LanguageModelConfig, Rope, RopeScaling } from '../language-model.ts';
import { type JsonFields, jsonFields } from './json-fields.ts';

/** Values of `model_type` that are read; the last three are relatives of Llama. */
const MODEL_TYPES = ['gpt2', 'gpt_neox', 'llama', 'mistral', 'qwen2'];

/** Tokens that a Mistral looks back where config.json does not say. */
const MISTRAL_WINDOW = 4096;

/** Other names of fields of a GPT-2 that transformers takes too; they must not say something else. */
const GPT2_ALIASES = [
  ['hidden_size', 'n_embd'],
  ['num_hidden_layers', 'n_layer'],
  ['num_attention_heads', 'n_head'],
  ['max_position_embeddings', 'n_positions'],
] as const;

const ACTIVATIONS: Readonly<Record<string, LanguageModelConfig['activation']>> = {
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  silu: 'silu',
  swish: 'silu',
  relu: 'relu',
};

/** Reads the config.json of a Hugging Face model; what the graphs do not compute is an error, never ignored. */
export function parseConfig(json: unknown, where: string): LanguageModelConfig {
  const c = jsonFields(json, where);
  const type = c.text('model_type', 'nothing');
  if (!MODEL_TYPES.includes(type))
    throw new InputError({ expected: `model_type ${MODEL_TYPES.join(', ')}`, got: `'${type}'`, where });
  if (c.has('quantization_config'))
    throw new InputError({ expected: 'weights that are not quantized', got: 'quantization_config', where });
  if (type === 'gpt2') return gpt2Config(c);
  if (type === 'gpt_neox') return neoxConfig(c);
  return llamaConfig(c, type);
}

function gpt2Config(c: JsonFields): LanguageModelConfig {
  refuse(c, 'scale_attn_weights', true);
  refuse(c, 'scale_attn_by_inverse_layer_idx', false);
  refuse(c, 'add_cross_attention', false);
  const [width, heads] = [c.number('n_embd'), c.number('n_head')];
  for (const [alias, name] of GPT2_ALIASES) if (c.has(alias)) refuseNumber(c, alias, c.number(name));
  return {
    family: 'gpt2',
    vocabulary: c.number('vocab_size'),
    width,
    layers: c.number('n_layer'),
    heads,
    kvHeads: heads,
    headWidth: width / heads,
    feedForward: c.number('n_inner', 4 * width),
    context: c.number('n_positions', 1024),
    activation: activation(c, 'activation_function', 'gelu_new'),
    normEpsilon: c.number('layer_norm_epsilon', 1e-5),
    rope: null,
    tiedEmbeddings: c.boolean('tie_word_embeddings', true),
    parallelResidual: false,
    biases: { qkv: true, attentionOutput: true, feedForward: true },
    ...specialTokens(c),
  };
}

function neoxConfig(c: JsonFields): LanguageModelConfig {
  const [width, heads] = [c.number('hidden_size'), c.number('num_attention_heads')];
  const bias = c.boolean('attention_bias', true);
  refuseNumber(c, 'head_dim', width / heads);
  const context = c.number('max_position_embeddings', 2048);
  return {
    family: 'neox',
    vocabulary: c.number('vocab_size'),
    width,
    layers: c.number('num_hidden_layers'),
    heads,
    kvHeads: heads,
    headWidth: width / heads,
    feedForward: c.number('intermediate_size', 4 * width),
    context,
    activation: activation(c, 'hidden_act', 'gelu'),
    normEpsilon: c.number('layer_norm_eps', 1e-5),
    rope: rope(c, c.number('rotary_emb_base', 10_000), c.number('rotary_pct', 0.25), context),
    tiedEmbeddings: c.boolean('tie_word_embeddings', false),
    parallelResidual: c.boolean('use_parallel_residual', true),
    biases: { qkv: bias, attentionOutput: bias, feedForward: true },
    ...specialTokens(c),
  };
}

function llamaConfig(c: JsonFields, type: string): LanguageModelConfig {
  const [width, heads] = [c.number('hidden_size'), c.number('num_attention_heads')];
  // Qwen2 has biases at query, key and value only, and no field that says so.
  const bias = type !== 'qwen2' && c.boolean('attention_bias', false);
  const feedForward = c.boolean('mlp_bias', false);
  if (type === 'qwen2') refuse(c, 'use_sliding_window', false);
  const context = c.number('max_position_embeddings', 2048);
  // Mistral has a window unless it says that it has none.
  const window = c.names.includes('sliding_window') ? context : MISTRAL_WINDOW;
  const positions = rope(c, c.number('rope_theta', 10_000), 1, context);
  if (positions.fraction !== 1)
    throw new InputError({ expected: 'partial_rotary_factor 1', got: `${positions.fraction}`, where: c.where });
  return {
    family: 'llama',
    vocabulary: c.number('vocab_size'),
    width,
    layers: c.number('num_hidden_layers'),
    heads,
    kvHeads: c.number('num_key_value_heads', heads),
    headWidth: c.number('head_dim', width / heads),
    feedForward: c.number('intermediate_size'),
    // Within the window a sliding window is no window.
    context: type === 'mistral' ? Math.min(context, c.number('sliding_window', window)) : context,
    activation: activation(c, 'hidden_act', 'silu'),
    normEpsilon: c.number('rms_norm_eps', 1e-6),
    rope: positions,
    tiedEmbeddings: c.boolean('tie_word_embeddings', false),
    parallelResidual: false,
    biases: { qkv: bias || type === 'qwen2', attentionOutput: bias, feedForward },
    ...specialTokens(c),
  };
}

/**
 * Rotary positions by the older names, or as transformers 5 writes them (`rope_parameters`); of both, transformers
 * takes the older.
 */
function rope(c: JsonFields, base: number, fraction: number, context: number): Rope {
  const older = c.object('rope_scaling');
  const parameters = older !== null && older.names.length > 0 ? older : c.object('rope_parameters');
  const turned = parameters?.number('partial_rotary_factor', fraction) ?? fraction;
  refuseNumber(c, 'partial_rotary_factor', turned);
  const original = parameters?.number('original_max_position_embeddings', context) ?? context;
  return {
    base: parameters?.number('rope_theta', base) ?? base,
    fraction: turned,
    scaling: parameters && ropeScaling(parameters, c.number('original_max_position_embeddings', original)),
  };
}

function ropeScaling(c: JsonFields, originalContext: number): RopeScaling | null {
  const perLayer = c.names.find((name) => name.endsWith('_attention'));
  if (perLayer)
    throw new InputError({ expected: 'one rope for all layers', got: `one for ${perLayer}`, where: c.where });
  const kind = c.text('rope_type', c.text('type', 'default'));
  if (kind === 'default') {
    if (c.number('factor', 1) === 1) return null;
    throw new InputError({ expected: 'a rope_type linear or llama3 beside factor', got: kind, where: c.where });
  }
  if (kind === 'linear') return { kind, factor: c.number('factor') };
  if (kind === 'llama3')
    return {
      kind,
      factor: c.number('factor'),
      lowFrequencyFactor: c.number('low_freq_factor'),
      highFrequencyFactor: c.number('high_freq_factor'),
      originalContext,
    };
  throw new InputError({ expected: 'rope_type default, linear or llama3', got: `'${kind}'`, where: c.where });
}

function refuseNumber(c: JsonFields, name: string, only: number): void {
  const value = c.number(name, only);
  if (value !== only) throw new InputError({ expected: `${name} ${only}`, got: `${value}`, where: c.where });
}

function refuse(c: JsonFields, name: string, only: boolean): void {
  const value = c.boolean(name, only);
  if (value !== only) throw new InputError({ expected: `${name} ${only}`, got: `${value}`, where: c.where });
}

function activation(c: JsonFields, name: string, fallback: string): LanguageModelConfig['activation'] {
  const value = c.text(name, fallback);
  if (Object.hasOwn(ACTIVATIONS, value)) return ACTIVATIONS[value];
  throw new InputError({
    expected: `${name} ${Object.keys(ACTIVATIONS).join(', ')}`,
    got: `'${value}'`,
    where: c.where,
  });
}

/** Llama 3 has several ends of text; the first counts. */
function specialTokens(c: JsonFields): Pick<LanguageModelConfig, 'bosToken' | 'eosToken'> {
  return { bosToken: c.first('bos_token_id'), eosToken: c.first('eos_token_id') };
}

/** The config.json of a model, with the names that transformers 4 and 5 read. */
export function formatConfig(config: LanguageModelConfig): Record<string, unknown> {
  const { rope: turn, width, layers, heads, vocabulary, tiedEmbeddings, bosToken, eosToken } = config;
  const common = {
    vocab_size: vocabulary,
    tie_word_embeddings: tiedEmbeddings,
    bos_token_id: bosToken,
    eos_token_id: eosToken,
    torch_dtype: 'float32',
  };
  const activationName = { gelu: 'gelu', 'gelu-tanh': 'gelu_new', silu: 'silu', relu: 'relu' }[config.activation];
  if (config.family === 'gpt2')
    return {
      architectures: ['GPT2LMHeadModel'],
      model_type: 'gpt2',
      ...common,
      n_embd: width,
      n_layer: layers,
      n_head: heads,
      n_positions: config.context,
      n_inner: config.feedForward,
      activation_function: activationName,
      layer_norm_epsilon: config.normEpsilon,
    };
  const shape = {
    ...common,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: config.feedForward,
    max_position_embeddings: config.context,
    hidden_act: activationName,
    attention_bias: config.biases.attentionOutput,
    ...ropeFields(turn!),
  };
  if (config.family === 'neox')
    return {
      architectures: ['GPTNeoXForCausalLM'],
      model_type: 'gpt_neox',
      ...shape,
      layer_norm_eps: config.normEpsilon,
      use_parallel_residual: config.parallelResidual,
      rotary_emb_base: turn!.base,
      rotary_pct: turn!.fraction,
    };
  const qwen = config.biases.qkv && !config.biases.attentionOutput;
  return {
    architectures: [qwen ? 'Qwen2ForCausalLM' : 'LlamaForCausalLM'],
    model_type: qwen ? 'qwen2' : 'llama',
    ...shape,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headWidth,
    mlp_bias: config.biases.feedForward,
    rms_norm_eps: config.normEpsilon,
  };
}

function scalingFields(scaling: NonNullable<Rope['scaling']>): Record<string, unknown> {
  const both = { rope_type: scaling.kind, factor: scaling.factor };
  switch (scaling.kind) {
    case 'linear':
      return both;
    case 'llama3':
      return {
        ...both,
        low_freq_factor: scaling.lowFrequencyFactor,
        high_freq_factor: scaling.highFrequencyFactor,
        original_max_position_embeddings: scaling.originalContext,
      };
  }
}

function ropeFields({ base, fraction, scaling }: Rope): Record<string, unknown> {
  const scaled = scaling === null ? { rope_type: 'default' } : scalingFields(scaling);
  const partial = fraction === 1 ? {} : { partial_rotary_factor: fraction };
  return {
    rope_theta: base,
    ...(scaling === null ? {} : { rope_scaling: scaled }),
    rope_parameters: { rope_theta: base, ...partial, ...scaled },
  };
}
