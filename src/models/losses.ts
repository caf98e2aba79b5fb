import type { Value } from './graph/graph.ts';
import {
  add,
  cast,
  concat,
  exp,
  log,
  matmul,
  max,
  maximum,
  pick,
  reshape,
  slice,
  stopGradient,
  subtract,
  sum,
  swapLast,
} from './graph/ops.ts';

/**
 * Logits of more elements than this are made part by part, so that a large vocabulary does not need memory for all rows
 * at once.
 */
const LOGITS_AT_ONCE = 1 << 24;

/**
 * Negative log-likelihood in nats of the target of every row, without keeping all logits.
 *
 * @param hidden [n, width]
 * @param output weight of the output layer [vocabulary, width]
 * @param targets int32 [n]; a negative one is read as 0
 */
export function negativeLogLikelihood(hidden: Value, output: Value, targets: Value): Value {
  const [n] = hidden.shape;
  const [vocabulary] = output.shape;
  const weight = swapLast(output);
  const ids = cast(maximum(cast(targets, 'float32'), 0), 'int32');
  const rows = Math.max(1, Math.floor(LOGITS_AT_ONCE / vocabulary));
  const parts: Value[] = [];
  for (let i = 0; i < n; i += rows) {
    const end = Math.min(n, i + rows);
    parts.push(crossEntropy(matmul(slice(hidden, 0, i, end), weight), slice(ids, 0, i, end)));
  }
  return concat(parts, 0);
}

/**
 * log sum exp(logits) - logits[target] of every row: logits [n, k], targets int32 [n] from 0 to k - 1; the result is
 * [n].
 */
export function crossEntropy(logits: Value, targets: Value): Value {
  const largest = stopGradient(max(logits, [1]));
  const logSum = add(log(sum(exp(subtract(logits, largest)), [1])), largest);
  return subtract(reshape(logSum, [logits.shape[0]]), pick(logits, targets));
}
