import type { Value } from '../graph/graph.ts';
import {
  add,
  concat,
  divide,
  equal,
  gather,
  gelu,
  matmul,
  maximum,
  mean,
  multiply,
  reshape,
  sigmoid,
  slice,
  softmax,
  sqrt,
  subtract,
  swapLast,
  transpose,
} from '../graph/ops.ts';
import type { LanguageModelConfig, Rope } from '../language-model.ts';

/** Weights by the names that `transformers` gives them. */
export type WeightSource = (name: string) => Value;

/**
 * Mixes what the tokens of a layer say. q [B, T, heads, D], k and v [B, T, kvHeads, D]; result [B x T, heads x D].
 * @param changed what is made of the shares of the queries of one block
 */
export type Attend = (
  q: Value,
  k: Value,
  v: Value,
  layer: number,
  changed: (shares: Value, block: QueryBlock) => Value,
) => Value;

/** What a model reads. */
export interface TokenInputs {
  /** int32 [rows B, length T]. */
  readonly tokens: Value;
  /** int32 [B, T], from 0 to `places` - 1. */
  readonly positions: Value;
  readonly places: number;
  readonly attend: Attend;
}

/** Every token sees the earlier ones of its own segment, int32 [B, T], in its row. */
export function withinSegments(segments: Value): Attend {
  const blocks = attentionBlocks(segments);
  return (q, k, v, _, changed) => attention(q, k, v, blocks, changed);
}

/** Where the computation of a model may be changed; what is missing changes nothing. */
export interface Hooks {
  /** y = x W of a matrix of the model, before its bias: x [n, in], y [n, out], by the name of W. */
  readonly product?: (y: Value, x: Value, name: string) => Value;
  /**
   * What is added to the residual stream, [B x T, width]: at place 0 the embedding, at 1 + 2i and 2 + 2i what attention
   * and feed-forward of layer i add.
   */
  readonly residual?: (x: Value, place: number) => Value;
  /** Shares of attention of the queries of one block: [B, heads, end - start, end]. */
  readonly shares?: (shares: Value, layer: number, block: QueryBlock) => Value;
}

/** x [n, in] W^T + b with W [out, in], as in torch.nn.Linear. */
export function linear(x: Value, weights: WeightSource, name: string, bias: boolean, { product }: Hooks = {}): Value {
  const plain = matmul(x, swapLast(weights(`${name}.weight`)));
  const y = product ? product(plain, x, `${name}.weight`) : plain;
  return bias ? add(y, weights(`${name}.bias`)) : y;
}

/** x / sqrt(mean(x^2) + epsilon) over the last axis, times scale (Zhang & Sennrich 2019). */
export function rmsNorm(x: Value, scale: Value, epsilon: number): Value {
  const power = mean(multiply(x, x), [x.shape.length - 1]);
  return multiply(divide(x, sqrt(add(power, epsilon))), scale);
}

export function activate(x: Value, activation: LanguageModelConfig['activation']): Value {
  if (activation === 'silu') return multiply(x, sigmoid(x));
  if (activation === 'relu') return maximum(x, 0);
  return gelu(x, activation === 'gelu' ? 'erf' : 'tanh');
}

/** Queries from `start` to `end` of a row. They see no key from `end` on, so none is computed. */
export interface QueryBlock {
  readonly start: number;
  readonly end: number;
}

/**
 * Queries of one block: fewer skip more of the keys that no query sees, and make smaller products (measured: 64, 128,
 * 256).
 */
const BLOCK_QUERIES = 128;

/** The blocks of a row of so many places. */
export function queryBlocks(length: number): QueryBlock[] {
  const blocks: QueryBlock[] = [];
  for (let start = 0; start < length; start += BLOCK_QUERIES)
    blocks.push({ start, end: Math.min(start + BLOCK_QUERIES, length) });
  return blocks;
}

export interface AttentionBlock extends QueryBlock {
  /**
   * 0 where a token may look (earlier tokens of its own segment and itself), -1e9 elsewhere: [B, 1, end - start, end].
   */
  readonly bias: Value;
}

/** What the rows of segments [B, T] may see, block by block. */
export function attentionBlocks(segments: Value): AttentionBlock[] {
  const [rows, length] = segments.shape;
  return queryBlocks(length).map(({ start, end }) => {
    const queries = end - start;
    const causal = new Float32Array(queries * end);
    for (let i = 0; i < queries; i++) causal.fill(1, i * end, i * end + start + i + 1);
    const own = reshape(slice(segments, 1, start, end), [rows, 1, queries, 1]);
    const same = equal(own, reshape(slice(segments, 1, 0, end), [rows, 1, 1, end]));
    const seen = multiply(same, segments.graph.constant({ shape: [1, 1, queries, end], data: causal }));
    return { start, end, bias: multiply(subtract(seen, 1), 1e9) };
  });
}

/**
 * Causal attention, block by block. q [B, T, heads, D], k and v [B, T, kvHeads, D]; heads / kvHeads neighbouring heads
 * share one head of keys and values (Ainslie et al. 2023). The result is [B x T, heads x D].
 */
export function attention(
  q: Value,
  k: Value,
  v: Value,
  blocks: readonly AttentionBlock[],
  changed: (shares: Value, block: QueryBlock) => Value = (shares) => shares,
): Value {
  const [rows, length, heads, width] = q.shape;
  const kvHeads = k.shape[2];
  const shared = heads / kvHeads;
  const scaled = reshape(multiply(q, 1 / Math.sqrt(width)), [rows, length, kvHeads, shared, width]);
  const queries = transpose(scaled, [0, 2, 3, 1, 4]);
  const keys = transpose(k, [0, 2, 3, 1]);
  const values = transpose(v, [0, 2, 1, 3]);
  const mixed = blocks.map((queryBlock) => {
    const { start, end, bias } = queryBlock;
    const block = end - start;
    const asked = reshape(slice(queries, 3, start, end), [rows, kvHeads, shared * block, width]);
    const scores = reshape(matmul(asked, slice(keys, 3, 0, end)), [rows, heads, block, end]);
    const shares = reshape(changed(softmax(add(scores, bias)), queryBlock), [rows, kvHeads, shared * block, end]);
    return reshape(matmul(shares, slice(values, 2, 0, end)), [rows, kvHeads, shared, block, width]);
  });
  const back = transpose(concat(mixed, 3), [0, 3, 1, 2, 4]);
  return reshape(back, [rows * length, heads * width]);
}

/** Rotates the first share of every head by its position (Su et al. 2021; halves, not pairs). x [B, T, heads, D]. */
export function rotate(x: Value, turn: RopeTurn): Value {
  const width = x.shape[3];
  const half = turn.cos.shape[3];
  const [a, b] = [slice(x, 3, 0, half), slice(x, 3, half, 2 * half)];
  const turned = [
    subtract(multiply(a, turn.cos), multiply(b, turn.sin)),
    add(multiply(b, turn.cos), multiply(a, turn.sin)),
  ];
  return concat(2 * half < width ? [...turned, slice(x, 3, 2 * half, width)] : turned, 3);
}

/** Cosine and sine of every token's angles: [B, T, 1, D x fraction / 2]. */
export interface RopeTurn {
  readonly cos: Value;
  readonly sin: Value;
}

/** Positions are below `places`. Angles are rounded to float32 where PyTorch rounds them. */
export function ropeTurn(positions: Value, places: number, rope: Rope, headWidth: number): RopeTurn {
  const [rows, length] = positions.shape;
  const frequencies = ropeFrequencies(rope, headWidth);
  const half = frequencies.length;
  const angles = Float32Array.from({ length: places * half }, (_, i) => Math.floor(i / half) * frequencies[i % half]);
  const table = (f: (x: number) => number): Value => {
    const constant = positions.graph.constant({ shape: [places, half], data: angles.map(f) });
    return reshape(gather(constant, positions), [rows, length, 1, half]);
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** Radians per position of every rotated pair. */
export function ropeFrequencies({ base, fraction, scaling }: Rope, headWidth: number): Float32Array {
  const rotated = Math.floor(headWidth * fraction);
  const plain = Float32Array.from(
    { length: rotated / 2 },
    (_, i) => 1 / Math.fround(base ** Math.fround((2 * i) / rotated)),
  );
  switch (scaling?.kind) {
    case undefined:
      return plain;
    case 'linear':
      return plain.map((f) => f / scaling.factor);
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling;
      return plain.map((f) => {
        const turns = (originalContext * f) / (2 * Math.PI);
        if (turns > high) return f;
        if (turns < low) return f / factor;
        const smooth = (turns - low) / (high - low);
        return ((1 - smooth) * f) / factor + smooth * f;
      });
    }
  }
}
