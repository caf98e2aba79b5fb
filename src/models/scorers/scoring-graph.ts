import { ConfigError } from '../../errors.ts';
import { type TokenInputs, type WeightSource, withinSegments } from '../architectures/blocks.ts';
import { architectures } from '../architectures/index.ts';
import { type Graph, GraphBuilder, type InputKind } from '../graph/graph.ts';
import { less, matmul, multiply, reshape, subtract, swapLast } from '../graph/ops.ts';
import type { LanguageModelConfig } from '../language-model.ts';
import { negativeLogLikelihood } from '../losses.ts';

/** How many tokens a graph takes at once: rows B of length T. Longer than `config.context` is an error. */
export interface GraphSize {
  readonly rows: number;
  readonly length: number;
}

/** `segments` of a place that holds no token. */
export const PADDING_SEGMENT = -1;
/** `targets` of a place that has nothing to predict; its negative log-likelihood is 0. */
export const NO_TARGET = -1;

/**
 * The graph that scores tokens. Its weights are fixed when it is opened. Feeds, all int32 [B, T]:
 * - `tokens`: ids from 0 to vocabulary - 1 (0 where there is none);
 * - `positions`: place of the token in its segment, from 0 to T - 1;
 * - `segments`: a token sees the earlier tokens of its own row that have the same number, and itself. So several
 *   documents can share a
 *   row, each with its own number; `PADDING_SEGMENT` (-1) marks places without a token;
 * - `targets`: the id that should come next, or `NO_TARGET` (-1).
 *
 * Output `nll`, float32 [B, T]: negative log-likelihood of the target in nats, 0 where there is none.
 */
export function scoringGraph(config: LanguageModelConfig, size: GraphSize): Graph {
  const graph = new GraphBuilder();
  const { rows, length } = size;
  const { inputs, targets } = tokenInputs(graph, config, size);
  const weights = weightInputs(graph, config, () => 'weight');
  const hidden = architectures[config.family].hidden(config, weights, inputs);
  const output = weights(architectures[config.family].outputWeight(config));
  const nll = negativeLogLikelihood(hidden, output, reshape(targets, [rows * length]));
  const scored = subtract(graph.scalar(1), less(targets, 0));
  const outputs = new Map([['nll', multiply(reshape(nll, [rows, length]), scored)]]);
  return graph.finish(`${config.family} score ${rows}x${length}`, outputs);
}

/**
 * The graph of all logits, float32 [B, T, vocabulary]: for tests, embeddings of answers and small models; scoring never
 * needs it.
 */
export function logitsGraph(config: LanguageModelConfig, size: GraphSize): Graph {
  const graph = new GraphBuilder();
  const { inputs } = tokenInputs(graph, config, size, false);
  const weights = weightInputs(graph, config, () => 'weight');
  const hidden = architectures[config.family].hidden(config, weights, inputs);
  const logits = matmul(hidden, swapLast(weights(architectures[config.family].outputWeight(config))));
  const shaped = reshape(logits, [size.rows, size.length, config.vocabulary]);
  return graph.finish(`${config.family} logits ${size.rows}x${size.length}`, new Map([['logits', shaped]]));
}

/** The graph of the last hidden states, normalised: `hidden` float32 [B x T, width]. Feeds as `logitsGraph`. */
export function hiddenGraph(config: LanguageModelConfig, size: GraphSize): Graph {
  const graph = new GraphBuilder();
  const { inputs } = tokenInputs(graph, config, size, false);
  const hidden = architectures[config.family].hidden(
    config,
    weightInputs(graph, config, () => 'weight'),
    inputs,
  );
  return graph.finish(`${config.family} hidden ${size.rows}x${size.length}`, new Map([['hidden', hidden]]));
}

/** The int32 feeds of a language model; throws when the rows are longer than the model's context. */
export function tokenInputs(graph: GraphBuilder, config: LanguageModelConfig, size: GraphSize, withTargets = true) {
  const { rows, length } = size;
  if (!(rows >= 1 && length >= 1 && length <= config.context && Number.isInteger(rows * length)))
    throw new ConfigError({
      expected: `at least 1 row of 1 to ${config.context} tokens (the model's context)`,
      got: `${rows} rows of ${length}`,
      where: `graph of a ${config.family} model`,
    });
  const input = (name: string) => graph.input(name, [rows, length], 'int32');
  const [tokens, positions, segments] = ['tokens', 'positions', 'segments'].map(input);
  const inputs: TokenInputs = { tokens, positions, places: length, attend: withinSegments(segments) };
  return { inputs, targets: withTargets ? input('targets') : inputs.tokens };
}

/** Every weight of the model as an input of the graph, of the kind that `kindOf` says. */
export function weightInputs(
  graph: GraphBuilder,
  config: LanguageModelConfig,
  kindOf: (name: string, shape: readonly number[]) => InputKind,
): WeightSource {
  const values = new Map(
    [...architectures[config.family].weightShapes(config)].map(
      ([name, shape]) => [name, graph.input(name, shape, 'float32', kindOf(name, shape))] as const,
    ),
  );
  return (name) => values.get(name)!;
}
