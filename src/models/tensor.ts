import { ConfigError } from '../errors.ts';

/** What a tensor holds: weights and scores are float32; tokens, positions and segments are int32. */
export type DataType = 'float32' | 'int32';

/** A dense tensor in row-major order; `data.length` is the product of `shape` (a scalar has shape []). */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** Number of elements of a shape: 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

export function dataTypeOf(tensor: Tensor): DataType {
  return tensor.data instanceof Int32Array ? 'int32' : 'float32';
}

/** A float32 tensor; throws when the number of elements does not fit the shape. */
export function floatTensor(shape: readonly number[], data: Float32Array | readonly number[]): Tensor {
  return checked(shape, data instanceof Float32Array ? data : Float32Array.from(data));
}

/** An int32 tensor; throws when the number of elements does not fit the shape. */
export function intTensor(shape: readonly number[], data: Int32Array | readonly number[]): Tensor {
  return checked(shape, data instanceof Int32Array ? data : Int32Array.from(data));
}

function checked(shape: readonly number[], data: Float32Array | Int32Array): Tensor {
  if (data.length !== elementCount(shape))
    throw new ConfigError({
      expected: `${elementCount(shape)} elements for shape ${shapeText(shape)}`,
      got: `${data.length}`,
    });
  return { shape, data };
}

export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}
