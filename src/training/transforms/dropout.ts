import { ConfigError } from '../../errors.ts';
import type { Value } from '../../models/graph/graph.ts';
import { add, cast, divide, less, multiply, reshape, slice, subtract } from '../../models/graph/ops.ts';
import { elementCount, type Tensor } from '../../models/tensor.ts';
import type { Transform } from '../../models/transform.ts';
import { seededRandom } from '../../random.ts';

/**
 * Numbers below a prime, so small that all that is computed with them is exact in float32: what is dropped is the same
 * on every executor.
 */
const PRIME = 1021;

export interface DropoutOptions {
  /** Share that is dropped, from 0 to below 1; rounded to 1/1021. */
  readonly rate: number;
  /** The first step that drops, to switch it on late; default 1, the first of all. */
  readonly from?: number;
  /** What is dropped follows from seed, step and part of the step. Default 0. */
  readonly seed?: number;
}

/**
 * Dropout (Srivastava et al. 2014) where GPT-2 has it: on the embedding, on the shares of attention, on what attention
 * and feed-forward add to the residual stream; what is kept is divided by its share. A rate of 0 trains as without it,
 * bit for bit; evaluation never drops.
 *
 * Element (i, j) is kept or not by x^2 + c x + f mod 1021 with x = a b + e mod 1021, where a, e are drawn for row i and
 * b, c, f for column j: every element is dropped with the same chance, any two of a matrix independently.
 */
export function dropout({ rate, from = 1, seed = 0 }: DropoutOptions): Transform {
  if (!(rate >= 0 && rate < 1))
    throw new ConfigError({ expected: 'a rate from 0 to below 1', got: `${rate}`, where: 'dropout' });
  return {
    name: 'dropout',
    options: { rate, from, seed },
    build({ training, rows, length, config, feed }) {
      if (!training) return {};
      const { layers, heads, width } = config;
      const dropped = feed('dropped', []);
      const scale = divide(dropped.graph.scalar(PRIME), subtract(dropped.graph.scalar(PRIME), dropped));
      const places = 1 + 2 * layers;
      const residual = noise(feed, 'residual', places, [rows * length], width);
      const shares = noise(feed, 'shares', layers, [rows, heads, length], length);
      return {
        residual: (x, place) => multiply(x, kept(residual(place), dropped, scale)),
        shares(x, layer, { start, end }) {
          const { row, column } = shares(layer);
          const block = {
            row: row.map((v) => slice(v, 2, start, end)),
            column: column.map((v) => slice(v, 1, 0, end)),
          };
          return multiply(x, kept(block, dropped, scale));
        },
      };
    },
    feeds({ step, part }, batch, { layers, heads, width }) {
      const [rows, length] = batch.get('tokens')!.shape;
      const places = 1 + 2 * layers;
      const dropped = step < from ? 0 : Math.min(PRIME - 1, Math.round(rate * PRIME));
      const { below } = seededRandom(seed, `dropout ${step} ${part}`);
      // Nothing is drawn where nothing is dropped.
      const draw = (shape: readonly number[]): Tensor => {
        const data = new Float32Array(elementCount(shape));
        if (dropped > 0) for (let i = 0; i < data.length; i++) data[i] = below(PRIME);
        return { shape, data };
      };
      return new Map([
        ['dropped', { shape: [], data: Float32Array.of(dropped) }],
        ['residual_rows', draw([places, 2, rows * length])],
        ['residual_columns', draw([places, 3, width])],
        ['shares_rows', draw([layers, 2, rows, heads, length])],
        ['shares_columns', draw([layers, 3, length])],
      ]);
    },
  };
}

/** Numbers of rows (a, e) and columns (b, c, f), in shapes that broadcast to a matrix. */
interface Noise {
  readonly row: readonly Value[];
  readonly column: readonly Value[];
}

function noise(
  feed: (name: string, shape: readonly number[]) => Value,
  name: string,
  places: number,
  rows: readonly number[],
  columns: number,
): (place: number) => Noise {
  const row = feed(`${name}_rows`, [places, 2, ...rows]);
  const column = feed(`${name}_columns`, [places, 3, columns]);
  const one = (all: Value, place: number, k: number, shape: readonly number[]) =>
    reshape(slice(slice(all, 0, place, place + 1), 1, k, k + 1), shape);
  return (place) => ({
    row: [0, 1].map((k) => one(row, place, k, [...rows, 1])),
    column: [0, 1, 2].map((k) => one(column, place, k, [1, columns])),
  });
}

/** 0 where an element is dropped, elsewhere what the kept ones are multiplied by. */
function kept({ row: [a, e], column: [b, c, f] }: Noise, dropped: Value, scale: Value): Value {
  const x = subtract(remainder(add(multiply(a, b), add(e, 0.5))), 0.5);
  const z = remainder(add(multiply(x, add(x, c)), add(f, 0.5)));
  return multiply(subtract(x.graph.scalar(1), less(z, dropped)), scale);
}

/** x mod 1021 of x = a whole number + 0.5, so that no rounding of the quotient reaches the next whole number. */
function remainder(x: Value): Value {
  const whole = cast(cast(multiply(x, 1 / PRIME), 'int32'), 'float32');
  return subtract(x, multiply(whole, PRIME));
}
