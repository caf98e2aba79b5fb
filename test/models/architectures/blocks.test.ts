import { describe, expect, it } from 'vitest';
import { attention, attentionBlocks } from '../../../src/models/architectures/blocks.ts';
import { differentiate } from '../../../src/models/graph/differentiate.ts';
import { GraphBuilder } from '../../../src/models/graph/graph.ts';
import { interpret, type Wide } from '../../../src/models/graph/interpret.ts';
import { multiply, reshape, sum } from '../../../src/models/graph/ops.ts';
import { elementCount, floatTensor } from '../../../src/models/tensor.ts';
import { seededRandom } from '../../../src/random.ts';

const [ROWS, HEADS, KV_HEADS, WIDTH] = [2, 4, 2, 3];

/** Random queries, keys and values, and rows of three documents and two places of padding. */
function texts(length: number): { feeds: Map<string, Wide>; weights: Float32Array } {
  const random = seededRandom(3, 'attention');
  const numbers = (...shape: number[]): Wide => ({
    shape,
    data: Float64Array.from({ length: elementCount(shape) }, () => random.normal()),
  });
  const segment = (i: number) => (i >= length - 2 ? -1 : i < 5 ? 0 : i < 0.7 * length ? 1 : 2);
  const feeds = new Map<string, Wide>([
    ['q', numbers(ROWS, length, HEADS, WIDTH)],
    ['k', numbers(ROWS, length, KV_HEADS, WIDTH)],
    ['v', numbers(ROWS, length, KV_HEADS, WIDTH)],
    [
      'segments',
      { shape: [ROWS, length], data: Float64Array.from({ length: ROWS * length }, (_, i) => segment(i % length)) },
    ],
  ]);
  return { feeds, weights: Float32Array.from(numbers(ROWS * length, HEADS * WIDTH).data) };
}

function graphOf(length: number, weights: Float32Array) {
  const graph = new GraphBuilder();
  const q = graph.input('q', [ROWS, length, HEADS, WIDTH]);
  const k = graph.input('k', [ROWS, length, KV_HEADS, WIDTH]);
  const v = graph.input('v', [ROWS, length, KV_HEADS, WIDTH]);
  const segments = graph.input('segments', [ROWS, length], 'int32');
  const mixed = attention(q, k, v, attentionBlocks(segments));
  const weighted = multiply(mixed, graph.constant(floatTensor(mixed.shape, weights)));
  const loss = reshape(sum(weighted, [0, 1]), []);
  const gradients = differentiate(loss, [q, k, v]);
  const named = new Map([['mixed', mixed], ['loss', loss], ...gradients.map((g, i) => [`d${'qkv'[i]}`, g] as const)]);
  return {
    graph: graph.finish('attention', named),
    mixed: mixed.id,
    loss: loss.id,
    gradients: gradients.map((g) => g.id),
  };
}

/** What attention is, one query at a time. */
function plainly(feeds: ReadonlyMap<string, Wide>, length: number): Float64Array {
  const [q, k, v, segments] = ['q', 'k', 'v', 'segments'].map((name) => feeds.get(name)!.data);
  const out = new Float64Array(ROWS * length * HEADS * WIDTH);
  for (let row = 0; row < ROWS; row++)
    for (let head = 0; head < HEADS; head++)
      for (let i = 0; i < length; i++) {
        const kvHead = Math.floor((head * KV_HEADS) / HEADS);
        const from = (heads: number, at: number, h: number) => ((row * length + at) * heads + h) * WIDTH;
        const seen = Array.from({ length: i + 1 }, (_, j) => j).filter(
          (j) => segments[row * length + j] === segments[row * length + i],
        );
        const shares = seen.map((j) => {
          let product = 0;
          for (let d = 0; d < WIDTH; d++) product += q[from(HEADS, i, head) + d] * k[from(KV_HEADS, j, kvHead) + d];
          return Math.exp(product / Math.sqrt(WIDTH));
        });
        const total = shares.reduce((a, b) => a + b);
        seen.forEach((j, n) => {
          for (let d = 0; d < WIDTH; d++)
            out[from(HEADS, i, head) + d] += (shares[n] / total) * v[from(KV_HEADS, j, kvHead) + d];
        });
      }
  return out;
}

describe('attention', () => {
  it.each([1, 7, 128, 129, 300])('of %i tokens is what it is one query at a time', (length) => {
    const { feeds, weights } = texts(length);
    const { graph, mixed } = graphOf(length, weights);
    const computed = interpret(graph, feeds)[mixed].data;
    const expected = plainly(feeds, length);
    const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - computed[i])), 0);
    expect(worst).toBeLessThan(1e-7);
  });

  it('computes no share of a block of keys that none of its queries sees', () => {
    const { graph } = graphOf(300, texts(300).weights);
    const blocks = graph.nodes.filter((n) => n.op === 'softmax').map((n) => graph.values[n.output].shape);
    expect(blocks).toEqual([
      [ROWS, HEADS, 128, 128],
      [ROWS, HEADS, 128, 256],
      [ROWS, HEADS, 44, 300],
    ]);
  });

  it('has the gradients of central differences on both sides of the border of its blocks', () => {
    const length = 140;
    const { feeds, weights } = texts(length);
    const { graph, loss, gradients } = graphOf(length, weights);
    const computed = interpret(graph, feeds);
    const slopes = gradients.map((id) => computed[id].data);
    ['q', 'k', 'v'].forEach((name, n) => {
      const { data, shape } = feeds.get(name)!;
      for (const place of [4, 127, 128]) {
        const j = place * shape[2] * WIDTH + 1;
        const kept = data[j];
        const at = (x: number) => {
          data[j] = x;
          return interpret(graph, feeds)[loss].data[0];
        };
        const slope = (at(kept + 1e-5) - at(kept - 1e-5)) / 2e-5;
        data[j] = kept;
        expect(Math.abs(slope - slopes[n][j]), `${name} at ${place}`).toBeLessThan(1e-6);
      }
    });
  });
});
