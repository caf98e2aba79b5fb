import type * as TensorFlow from '@tensorflow/tfjs';
import type { Gelu, GraphNode, Op } from '../graph/graph.ts';

export type Tf = typeof TensorFlow;
export type TfTensor = TensorFlow.Tensor;

type Compute = (tf: Tf, x: readonly TfTensor[], node: GraphNode, shape: readonly number[]) => TfTensor;

/** Tables of more rows than this are updated row by row, smaller ones by a product with a one-hot matrix. */
const ROWS_BY_PRODUCT = 2048;

/** Computes one node; intermediate tensors are the caller's to dispose (tf.tidy). */
export function tfCompute(tf: Tf, node: GraphNode, inputs: readonly TfTensor[], shape: readonly number[]): TfTensor {
  return compute[node.op](tf, inputs, node, shape);
}

const GELU: Record<Gelu, (tf: Tf, x: TfTensor) => TfTensor> = {
  erf: (tf, x) => tf.mul(tf.mul(x, 0.5), tf.add(errorFunction(tf, tf.mul(x, Math.SQRT1_2)), 1)),
  tanh(tf, x) {
    const inner = tf.mul(
      x,
      tf.add(tf.mul(tf.mul(x, x), 2 * Math.sqrt(2 / Math.PI) * 0.044715), 2 * Math.sqrt(2 / Math.PI)),
    );
    return tf.mul(x, tf.sigmoid(inner));
  },
};

const compute: Record<Op, Compute> = {
  add: (tf, [a, b]) => tf.add(a, b),
  subtract: (tf, [a, b]) => tf.sub(a, b),
  multiply: (tf, [a, b]) => tf.mul(a, b),
  divide: (tf, [a, b]) => tf.div(a, b),
  maximum: (tf, [a, b]) => tf.maximum(a, b),
  minimum: (tf, [a, b]) => tf.minimum(a, b),
  equal: (tf, [a, b]) => tf.cast(tf.equal(a, b), 'float32'),
  less: (tf, [a, b]) => tf.cast(tf.less(a, b), 'float32'),
  exp: (tf, [x]) => tf.exp(x),
  log: (tf, [x]) => tf.log(x),
  sqrt: (tf, [x]) => tf.sqrt(x),
  tanh: (tf, [x]) => tf.tanh(x),
  sigmoid: (tf, [x]) => tf.sigmoid(x),
  erf: (tf, [x]) => errorFunction(tf, x),
  gelu: (tf, [x], { attributes }) => GELU[attributes.gelu!](tf, x),
  cast: (tf, [x], _, __) => tf.cast(x, x.dtype === 'int32' ? 'float32' : 'int32'),
  stopGradient: (tf, [x]) => tf.clone(x),
  reshape: (tf, [x], _, shape) => tf.reshape(x, [...shape]),
  expand: (tf, [x], _, shape) => tf.broadcastTo(x, [...shape]),
  transpose: (tf, [x], { attributes }) => tf.transpose(x, [...attributes.permutation!]),
  slice: (tf, [x], { attributes }, shape) => {
    const begin = shape.map((_, i) => (i === attributes.axis ? attributes.start! : 0));
    return tf.slice(x, begin, [...shape]);
  },
  concat: (tf, parts, { attributes }) => tf.concat([...parts], attributes.axis!),
  gather: (tf, [table, rows]) => tf.gather(table, rows as TensorFlow.Tensor1D),
  scatterAdd: (tf, [rows, updates], _, [size, d]) => {
    if (size > ROWS_BY_PRODUCT) return tf.scatterND(tf.reshape(rows, [-1, 1]), updates, [size, d]);
    const numbers = tf.range(0, size, 1, 'int32').reshape([size, 1]);
    return tf.matMul(tf.cast(tf.equal(numbers, rows.reshape([1, -1])), 'float32'), updates);
  },
  pick: (tf, [x, columns], _, [n]) => tf.gatherND(x, tf.stack([tf.range(0, n, 1, 'int32'), columns], 1)),
  sum: (tf, [x], { attributes }) => tf.sum(x, [...attributes.axes!], true),
  max: (tf, [x], { attributes }) => tf.max(x, [...attributes.axes!], true),
  softmax: (tf, [x]) => tf.softmax(x),
  layerNorm: (tf, [x, scale, bias], { attributes }) => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    return tf.add(tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, attributes.epsilon!))), scale), bias);
  },
  matmul: (tf, [a, b], _, shape) => {
    if (a.rank === 2 && b.rank === 2) return tf.matMul(a, b);
    const batch = shape.slice(0, -2);
    const count = batch.reduce((n, d) => n * d, 1);
    const flat = (x: TfTensor): TensorFlow.Tensor3D => {
      const [m, n] = x.shape.slice(-2);
      return tf.reshape(tf.broadcastTo(x, [...batch, m, n]), [count, m, n]);
    };
    const [p, q] = [flat(a), flat(b)];
    // The WebAssembly backend multiplies fast only one by one.
    const product =
      tf.getBackend() === 'wasm'
        ? tf.stack(zip(tf.unstack(p), tf.unstack(q)).map(([left, right]) => tf.matMul(left, right)))
        : tf.matMul(p, q);
    return tf.reshape(product, [...shape]);
  },
};

function zip(a: readonly TfTensor[], b: readonly TfTensor[]): [TfTensor, TfTensor][] {
  return a.map((x, i) => [x, b[i]]);
}

// The backends' own erf has errors of 1e-7 to 1e-4 and is not everywhere: Abramowitz & Stegun 7.1.26 is as good and
// made of products.
function errorFunction(tf: Tf, x: TfTensor): TfTensor {
  const a = tf.abs(x);
  const t = tf.div(1, tf.add(tf.mul(a, 0.3275911), 1));
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const polynomial = coefficients.reduce<TfTensor>((p, c) => tf.mul(tf.add(p, c), t), tf.zerosLike(t));
  return tf.mul(tf.sign(x), tf.sub(1, tf.mul(polynomial, tf.exp(tf.neg(tf.square(x))))));
}
