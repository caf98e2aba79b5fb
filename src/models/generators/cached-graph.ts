import type { Attend } from '../architectures/blocks.ts';
import { architectures } from '../architectures/index.ts';
import { type Graph, GraphBuilder, type Value } from '../graph/graph.ts';
import { add, equal, less, matmul, multiply, reshape, softmax, subtract, swapLast } from '../graph/ops.ts';
import type { LanguageModelConfig } from '../language-model.ts';
import { weightInputs } from '../scorers/scoring-graph.ts';
import { floatTensor, type Tensor } from '../tensor.ts';

/** Texts that are written at once, and the tokens that each may have. */
export interface CacheSize {
  readonly rows: number;
  readonly length: number;
}

/**
 * One token of every row, with the keys and values of the tokens before it kept as the state of the session. Feeds,
 * int32 [B, 1]: `tokens`, and `positions`, their places in their rows: a row begins again when its position does, for
 * what stands behind the position is not seen. Output `logits`, float32 [B, vocabulary]: what may come next.
 */
export function cachedGraph(config: LanguageModelConfig, { rows, length }: CacheSize): Graph {
  const graph = new GraphBuilder();
  const tokens = graph.input('tokens', [rows, 1], 'int32');
  const positions = graph.input('positions', [rows, 1], 'int32');
  const state = new Map<string, Value>();
  const weights = weightInputs(graph, config, () => 'weight');
  const attend = throughCache(graph, positions, { rows, length }, state);
  const family = architectures[config.family];
  const hidden = family.hidden(config, weights, { tokens, positions, places: length, attend });
  const logits = matmul(hidden, swapLast(weights(family.outputWeight(config))));
  return graph.finish(`${config.family} generate ${rows}x${length}`, new Map([['logits', logits]]), state);
}

/** The empty state of a graph. */
export function emptyCache(config: LanguageModelConfig, { rows, length }: CacheSize): Map<string, Tensor> {
  const { layers, kvHeads, headWidth } = config;
  const shape = [rows, kvHeads, length, headWidth];
  const names = Array.from({ length: layers }, (_, i) => [`keys.${i}`, `values.${i}`]).flat();
  return new Map(
    names.map((name) => [name, floatTensor(shape, new Float32Array(rows * kvHeads * length * headWidth))]),
  );
}

function throughCache(
  graph: GraphBuilder,
  positions: Value,
  { rows, length }: CacheSize,
  state: Map<string, Value>,
): Attend {
  const places = Int32Array.from({ length }, (_, i) => i);
  const at = reshape(positions, [rows, 1, 1, 1]);
  const here = equal(graph.constant({ shape: [1, 1, length, 1], data: places }), at);
  const elsewhere = subtract(graph.scalar(1), here);
  const seen = less(graph.constant({ shape: [1, 1, 1, length], data: places }), add(at, 1));
  const bias = multiply(subtract(seen, 1), 1e9);
  return (q, k, v, layer) => {
    const [, , heads, width] = q.shape;
    const kvHeads = k.shape[2];
    const kept = (name: string, now: Value): Value => {
      const before = graph.input(`${name}.${layer}`, [rows, kvHeads, length, width], 'float32', 'state');
      const after = add(multiply(before, elsewhere), multiply(reshape(now, [rows, kvHeads, 1, width]), here));
      state.set(`${name}.${layer}`, after);
      return after;
    };
    const [keys, values] = [kept('keys', k), kept('values', v)];
    const asked = reshape(multiply(q, 1 / Math.sqrt(width)), [rows, kvHeads, heads / kvHeads, width]);
    const shares = softmax(add(matmul(asked, swapLast(keys)), bias));
    return reshape(matmul(shares, values), [rows, heads * width]);
  };
}
