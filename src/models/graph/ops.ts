import { ConfigError } from '../../errors.ts';
import { type DataType, elementCount, sameShape, shapeText } from '../tensor.ts';
import type { Gelu, Op, Value } from './graph.ts';

// Every function makes one node (or none) and infers its shape. Broadcasting follows NumPy. Types are float32 unless
// said.

type Operand = Value | number;

/** a + b, broadcast. */
export const add = (a: Value, b: Operand): Value => binary('add', a, b);
/** a - b, broadcast. */
export const subtract = (a: Value, b: Operand): Value => binary('subtract', a, b);
/** a * b, broadcast. */
export const multiply = (a: Value, b: Operand): Value => binary('multiply', a, b);
/** a / b, broadcast. */
export const divide = (a: Value, b: Operand): Value => binary('divide', a, b);
/** The larger of both, broadcast. */
export const maximum = (a: Value, b: Operand): Value => binary('maximum', a, b);
/** The smaller of both, broadcast. */
export const minimum = (a: Value, b: Operand): Value => binary('minimum', a, b);
/** 1 where a equals b, else 0; both float32 or both int32, broadcast; the result is float32. */
export const equal = (a: Value, b: Operand): Value => binary('equal', a, b);
/** 1 where a is less than b, else 0; both float32 or both int32, broadcast; the result is float32. */
export const less = (a: Value, b: Operand): Value => binary('less', a, b);

export const exp = (x: Value): Value => unary('exp', x);
/** Natural logarithm. */
export const log = (x: Value): Value => unary('log', x);
export const sqrt = (x: Value): Value => unary('sqrt', x);
export const tanh = (x: Value): Value => unary('tanh', x);
export const sigmoid = (x: Value): Value => unary('sigmoid', x);
/** Error function. */
export const erf = (x: Value): Value => unary('erf', x);
/** x, but nothing flows back through it. */
export const stopGradient = (x: Value): Value => x.graph.apply('stopGradient', [x], x.shape, x.type);

/** Gaussian error linear unit: exact (`erf`) or by tanh (Hendrycks & Gimpel 2016). */
export function gelu(x: Value, gelu: Gelu): Value {
  mustBe('float32', 'gelu', x);
  return x.graph.apply('gelu', [x], x.shape, 'float32', { gelu });
}

/** x as another type; float32 to int32 cuts towards zero. */
export function cast(x: Value, type: DataType): Value {
  return x.type === type ? x : x.graph.apply('cast', [x], x.shape, type);
}

/** Matrix product over the last two axes; the axes before them are broadcast. */
export function matmul(a: Value, b: Value): Value {
  const [m, k] = a.shape.slice(-2);
  const [k2, n] = b.shape.slice(-2);
  if (a.shape.length < 2 || b.shape.length < 2 || k !== k2) throw mismatch('matmul', a.shape, b.shape);
  mustBe('float32', 'matmul', a, b);
  const batch = broadcastShape('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return a.graph.apply('matmul', [a, b], [...batch, m, n], 'float32');
}

/** Axis i of the result is axis `permutation[i]` of x. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  if (
    !sameShape(
      permutation.toSorted((a, b) => a - b),
      [...x.shape.keys()],
    )
  )
    throw mismatch(`transpose by ${shapeText(permutation)}`, x.shape);
  if (permutation.every((p, i) => p === i)) return x;
  return x.graph.apply(
    'transpose',
    [x],
    permutation.map((p) => x.shape[p]),
    x.type,
    { permutation },
  );
}

/** x with its last two axes swapped. */
export function swapLast(x: Value): Value {
  const n = x.shape.length;
  if (n < 2) throw mismatch('swapLast', x.shape);
  return transpose(x, [...Array(n - 2).keys(), n - 1, n - 2]);
}

/** The same elements in the same order. */
export function reshape(x: Value, shape: readonly number[]): Value {
  if (elementCount(shape) !== elementCount(x.shape)) throw mismatch('reshape', x.shape, shape);
  return sameShape(shape, x.shape) ? x : x.graph.apply('reshape', [x], shape, x.type);
}

/** x broadcast to a shape. */
export function expand(x: Value, shape: readonly number[]): Value {
  if (!sameShape(broadcastShape('expand', x.shape, shape), shape)) throw mismatch('expand', x.shape, shape);
  return sameShape(shape, x.shape) ? x : x.graph.apply('expand', [x], shape, x.type);
}

/** Elements `start` to `end` (not included) of one axis. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  if (!(start >= 0 && start < end && end <= x.shape[axis]))
    throw mismatch(`slice ${start}..${end} of axis ${axis}`, x.shape);
  if (start === 0 && end === x.shape[axis]) return x;
  return x.graph.apply('slice', [x], x.shape.with(axis, end - start), x.type, { axis, start, end });
}

/** Values one after another along one axis. */
export function concat(parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  if (!first) throw mismatch('concat');
  if (parts.length === 1) return first;
  const wrong = parts.find((p) => !sameShape(p.shape.with(axis, 0), first.shape.with(axis, 0)));
  if (wrong) throw mismatch('concat', first.shape, wrong.shape);
  mustBe(first.type, 'concat', ...parts);
  const length = parts.reduce((n, p) => n + p.shape[axis], 0);
  return first.graph.apply('concat', parts, first.shape.with(axis, length), first.type, { axis });
}

/** Rows of a table: table [N, ...], rows int32 [...i] with values 0 to N - 1; the result is [...i, ...]. */
export function gather(table: Value, rows: Value): Value {
  mustBe('int32', 'rows of gather', rows);
  return table.graph.apply('gather', [table, rows], [...rows.shape, ...table.shape.slice(1)], table.type);
}

/**
 * A table [size, d] of zeros to which every row of updates [n, d] is added at its row (int32 [n]); repeated rows add
 * up.
 */
export function scatterAdd(rows: Value, updates: Value, size: number): Value {
  if (rows.shape.length !== 1 || updates.shape.length !== 2 || rows.shape[0] !== updates.shape[0])
    throw mismatch('scatterAdd', rows.shape, updates.shape);
  mustBe('int32', 'rows of scatterAdd', rows);
  mustBe('float32', 'scatterAdd', updates);
  return rows.graph.apply('scatterAdd', [rows, updates], [size, updates.shape[1]], 'float32');
}

/** One element of every row: x [n, k], columns int32 [n] with values 0 to k - 1; the result is [n]. */
export function pick(x: Value, columns: Value): Value {
  if (x.shape.length !== 2 || columns.shape.length !== 1 || x.shape[0] !== columns.shape[0])
    throw mismatch('pick', x.shape, columns.shape);
  mustBe('int32', 'columns of pick', columns);
  mustBe('float32', 'pick', x);
  return x.graph.apply('pick', [x, columns], columns.shape, 'float32');
}

/** Sum over axes, which stay with length 1. */
export const sum = (x: Value, axes: readonly number[]): Value => reduce('sum', x, axes);
/** Largest element over axes, which stay with length 1. */
export const max = (x: Value, axes: readonly number[]): Value => reduce('max', x, axes);
/** Mean over axes, which stay with length 1. */
export const mean = (x: Value, axes: readonly number[]): Value =>
  multiply(sum(x, axes), 1 / elementCount(axes.map((a) => x.shape[a])));

/** exp(x) / sum exp(x) over the last axis. */
export function softmax(x: Value): Value {
  if (x.shape.length < 1) throw mismatch('softmax', x.shape);
  return unary('softmax', x);
}

/** (x - mean) / sqrt(variance + epsilon) over the last axis, times scale [d] plus bias [d]. */
export function layerNorm(x: Value, scale: Value, bias: Value, epsilon: number): Value {
  const d = x.shape.slice(-1);
  if (d.length === 0 || !sameShape(scale.shape, d) || !sameShape(bias.shape, d))
    throw mismatch('layerNorm', x.shape, scale.shape);
  mustBe('float32', 'layerNorm', x, scale, bias);
  return x.graph.apply('layerNorm', [x, scale, bias], x.shape, 'float32', { epsilon });
}

/** The shape that both broadcast to. */
export function broadcastShape(op: string, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly number[], i: number) => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => {
    const [p, q] = [at(a, i), at(b, i)];
    if (p !== q && p !== 1 && q !== 1) throw mismatch(op, a, b);
    return p === 1 ? q : p;
  });
}

function binary(op: Op, a: Value, operand: Operand): Value {
  const b = typeof operand === 'number' ? numberLike(a, operand) : operand;
  if (a.type !== b.type)
    throw new ConfigError({ expected: `${op} of two values of one type`, got: `${a.type} and ${b.type}` });
  return a.graph.apply(
    op,
    [a, b],
    broadcastShape(op, a.shape, b.shape),
    op === 'equal' || op === 'less' ? 'float32' : a.type,
  );
}

function numberLike(a: Value, x: number): Value {
  return a.type === 'float32' ? a.graph.scalar(x) : a.graph.constant({ shape: [], data: Int32Array.of(x) });
}

function unary(op: Op, x: Value): Value {
  mustBe('float32', op, x);
  return x.graph.apply(op, [x], x.shape, 'float32');
}

function reduce(op: 'sum' | 'max', x: Value, axes: readonly number[]): Value {
  mustBe('float32', op, x);
  const shape = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return sameShape(shape, x.shape) ? x : x.graph.apply(op, [x], shape, 'float32', { axes });
}

function mustBe(type: DataType, what: string, ...values: readonly Value[]): void {
  const wrong = values.find((v) => v.type !== type);
  if (wrong) throw new ConfigError({ expected: `${what} in ${type}`, got: wrong.type });
}

function mismatch(op: string, ...shapes: readonly (readonly number[])[]): ConfigError {
  return new ConfigError({ expected: `shapes that fit ${op}`, got: shapes.map(shapeText).join(' and ') || 'none' });
}
