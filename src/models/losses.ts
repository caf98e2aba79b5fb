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

/** Logits [end - start, vocabulary] of some of the rows. */
export interface LogitPart {
  readonly start: number;
  readonly end: number;
  readonly logits: Value;
}

/**
 * The logits of all rows, part by part. Asked for twice they are computed once.
 *
 * @param hidden [n, width]
 * @param output weight of the output layer [vocabulary, width]
 */
export function logitParts(hidden: Value, output: Value): LogitPart[] {
  const [n] = hidden.shape;
  const [vocabulary] = output.shape;
  const weight = swapLast(output);
  const rows = Math.max(1, Math.floor(LOGITS_AT_ONCE / vocabulary));
  const parts: LogitPart[] = [];
  for (let start = 0; start < n; start += rows) {
    const end = Math.min(n, start + rows);
    parts.push({ start, end, logits: matmul(slice(hidden, 0, start, end), weight) });
  }
  return parts;
}

/**
 * Negative log-likelihood in nats of the target of every row, without keeping all logits.
 *
 * @param hidden [n, width]
 * @param output weight of the output layer [vocabulary, width]
 * @param targets int32 [n]; a negative one is read as 0
 */
export function negativeLogLikelihood(hidden: Value, output: Value, targets: Value): Value {
  const ids = cast(maximum(cast(targets, 'float32'), 0), 'int32');
  return concat(
    logitParts(hidden, output).map(({ start, end, logits }) => crossEntropy(logits, slice(ids, 0, start, end))),
    0,
  );
}

/**
 * log sum exp(logits) - logits[target] of every row: logits [n, k], targets int32 [n] from 0 to k - 1; the result is
 * [n].
 */
export function crossEntropy(logits: Value, targets: Value): Value {
  return subtract(reshape(logSumExp(logits), [logits.shape[0]]), pick(logits, targets));
}

/** log sum exp of every row: logits [n, k]; the result is [n, 1]. */
export function logSumExp(logits: Value): Value {
  const largest = stopGradient(max(logits, [1]));
  return add(log(sum(exp(subtract(logits, largest)), [1])), largest);
}
