import { ConfigError } from '../errors.ts';
import { NO_TARGET, PADDING_SEGMENT } from './scorers/scoring-graph.ts';
import type { Tensor } from './tensor.ts';

/** Token ids of one row; several documents may share it. */
export interface PackedRow {
  readonly ids: ArrayLike<number>;
  /** Where documents, or their stretches, begin, ascending; the first is 0. Default [0]: one document. */
  readonly starts?: readonly number[];
  /** The token after the last one, of the same document; default -1: none. */
  readonly next?: number;
  /** Weight of its targets in the loss: one number, or one for each of `ids`; default 1. */
  readonly weight?: number | ArrayLike<number>;
}

/**
 * Rows as the feeds `tokens`, `positions`, `segments`, `targets` int32 [B, T] and `target_weights` float32 [B, T] of a
 * training graph. Nothing crosses the start of a document: attention stays inside its segment, positions begin again at
 * 0, and the last token of a document has no target. A row that is shorter than `length` is padded, without targets.
 * Errors: ConfigError (a row that is too long, `starts` that do not ascend from 0 inside the row).
 *
 * @param rows B of them; fewer than a graph has are filled up by rows of no ids
 * @param length T
 */
export function packedRows(rows: readonly PackedRow[], length: number): Map<string, Tensor> {
  const size = rows.length * length;
  const tokens = new Int32Array(size);
  const positions = new Int32Array(size);
  const segments = new Int32Array(size).fill(PADDING_SEGMENT);
  const targets = new Int32Array(size).fill(NO_TARGET);
  const weights = new Float32Array(size);
  rows.forEach((row, r) => {
    const { ids, starts = [0], next = NO_TARGET, weight = 1 } = row;
    checkRow(ids.length, starts, length, r);
    starts.forEach((start, segment) => {
      const end = starts[segment + 1] ?? ids.length;
      for (let i = start; i < end; i++) {
        const at = r * length + i;
        tokens[at] = ids[i];
        positions[at] = i - start;
        segments[at] = segment;
        const target = i + 1 < end ? ids[i + 1] : end === ids.length ? next : NO_TARGET;
        if (target < 0) continue;
        targets[at] = target;
        weights[at] = typeof weight === 'number' ? weight : weight[i];
      }
    });
  });
  const shape = [rows.length, length];
  return new Map<string, Tensor>([
    ['tokens', { shape, data: tokens }],
    ['positions', { shape, data: positions }],
    ['segments', { shape, data: segments }],
    ['targets', { shape, data: targets }],
    ['target_weights', { shape, data: weights }],
  ]);
}

function checkRow(ids: number, starts: readonly number[], length: number, row: number): void {
  const where = `row ${row}`;
  if (ids > length) throw new ConfigError({ expected: `at most ${length} tokens`, got: `${ids}`, where });
  const ascending = starts.every((start, i) => (i === 0 ? start === 0 : start > starts[i - 1] && start < ids));
  if (starts.length > 0 && ascending) return;
  throw new ConfigError({
    expected: `starts of documents that ascend from 0 and stay below ${ids}`,
    got: `${starts}`,
    where,
  });
}
