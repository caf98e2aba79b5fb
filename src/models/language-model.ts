import type { Tensor } from './tensor.ts';

/** Architectures: GPT-2; GPT-NeoX (Pythia); Llama and its relatives. */
export type Family = 'gpt2' | 'neox' | 'llama';

/** Rotary position embedding. */
export interface Rope {
  /** Base of the frequencies; 10,000 when not given. */
  readonly base: number;
  /** Share of each head's width that is rotated: 1 in Llama, 0.25 in Pythia. */
  readonly fraction: number;
  readonly scaling: RopeScaling | null;
}

/** How a model's frequencies were stretched to a longer context. */
export type RopeScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContext: number;
    };

/** Shape of a causal language model; what a family does not vary stands in its file under `architectures/`. */
export interface LanguageModelConfig {
  readonly family: Family;
  /** Number of token ids: 256 for bytes. */
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Heads of keys and values: fewer than `heads` is grouped-query attention. */
  readonly kvHeads: number;
  /** Width of one head: width / heads unless the model says otherwise. */
  readonly headWidth: number;
  /** Width of the hidden layer of the feed-forward block. */
  readonly feedForward: number;
  /** Longest sequence, in tokens. */
  readonly context: number;
  readonly activation: 'gelu-tanh' | 'gelu' | 'silu' | 'relu';
  readonly normEpsilon: number;
  /** null: learned positions (GPT-2). */
  readonly rope: Rope | null;
  /** The output layer is the token embedding. */
  readonly tiedEmbeddings: boolean;
  /** Attention and feed-forward read the same input (Pythia). */
  readonly parallelResidual: boolean;
  /** Biases of query, key and value; of the output of the attention; of the feed-forward block. */
  readonly biases: { readonly qkv: boolean; readonly attentionOutput: boolean; readonly feedForward: boolean };
  /** Ids of the tokens that begin and end a text; null: none. */
  readonly bosToken: number | null;
  readonly eosToken: number | null;
}

/** A model: its shape, and its weights under the names and in the shapes that `transformers` gives them. */
export interface LanguageModel {
  readonly config: LanguageModelConfig;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** What a new model needs; the rest follows from the family. */
export interface NewModelOptions {
  /** Default `llama`. */
  readonly family?: Family;
  /** Default 256: bytes. */
  readonly vocabulary?: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Default `heads`. */
  readonly kvHeads?: number;
  /** Default 4 x width; 8/3 x width rounded up to a multiple of 32 for Llama. */
  readonly feedForward?: number;
  /** Default 256 tokens. */
  readonly context?: number;
  /** Default: tied for GPT-2, not tied for the others. */
  readonly tiedEmbeddings?: boolean;
  /** Default null. */
  readonly bosToken?: number | null;
  /** Default null. */
  readonly eosToken?: number | null;
}

/** The shape of a new model. */
export function modelConfig(options: NewModelOptions): LanguageModelConfig {
  const { family = 'llama', vocabulary = 256, width, layers, heads, kvHeads = heads, context = 256 } = options;
  const llama = family === 'llama';
  return {
    family,
    vocabulary,
    width,
    layers,
    heads,
    kvHeads,
    headWidth: width / heads,
    feedForward: options.feedForward ?? (llama ? Math.ceil((8 * width) / 3 / 32) * 32 : 4 * width),
    context,
    activation: llama ? 'silu' : family === 'gpt2' ? 'gelu-tanh' : 'gelu',
    normEpsilon: llama ? 1e-6 : 1e-5,
    rope: family === 'gpt2' ? null : { base: 10_000, fraction: llama ? 1 : 0.25, scaling: null },
    tiedEmbeddings: options.tiedEmbeddings ?? family === 'gpt2',
    parallelResidual: family === 'neox',
    biases: { qkv: !llama, attentionOutput: !llama, feedForward: !llama },
    bosToken: options.bosToken ?? null,
    eosToken: options.eosToken ?? null,
  };
}
