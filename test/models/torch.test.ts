import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { architectures } from '../../src/models/architectures/index.ts';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { loadModel } from '../../src/models/folders/hugging-face.ts';
import { openSafetensors } from '../../src/models/folders/safetensors.ts';
import { differentiate } from '../../src/models/graph/differentiate.ts';
import { GraphBuilder } from '../../src/models/graph/graph.ts';
import { mean, reshape } from '../../src/models/graph/ops.ts';
import type { LanguageModel } from '../../src/models/language-model.ts';
import { negativeLogLikelihood } from '../../src/models/losses.ts';
import { logitsGraph, scoringGraph, tokenInputs, weightInputs } from '../../src/models/scorers/scoring-graph.ts';
import { floatTensor, intTensor, type Tensor } from '../../src/models/tensor.ts';
import { trainingGraph, trainingState } from '../../src/models/training-graph.ts';

// The numbers come from PyTorch and transformers: scripts/make/torch-oracle.py make.
const folderOf = (name: string) => fileURLToPath(new URL(`../fixtures/models/${name}`, import.meta.url));
const oracleOf = (name: string): Oracle => JSON.parse(readFileSync(`${folderOf(name)}/oracle.json`, 'utf8'));
const CONTEXT = 32;

interface Oracle {
  readonly logits: Readonly<Record<string, readonly number[]>>;
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
}

/** As `tokens_of` in the script. */
function tokensOf(rows: number, length: number, shift = 0): Int32Array {
  return Int32Array.from({ length: rows * length }, (_, at) => {
    const [r, i] = [Math.floor(at / length), at % length];
    return (7 * i + Math.floor((i * i) / 3) + 11 * r + shift) % 40;
  });
}

function feedsOf(rows: number, length: number, shift = 0): Map<string, Tensor> {
  const tokens = tokensOf(rows, length, shift);
  const shape = [rows, length];
  const places = Int32Array.from(tokens, (_, i) => i % length);
  return new Map([
    ['tokens', intTensor(shape, tokens)],
    ['positions', intTensor(shape, places)],
    ['segments', intTensor(shape, new Int32Array(tokens.length))],
    [
      'targets',
      intTensor(
        shape,
        tokens.map((_, i) => (places[i] === length - 1 ? -1 : tokens[i + 1])),
      ),
    ],
  ]);
}

const withoutTargets = (feeds: Map<string, Tensor>) => new Map([...feeds].filter(([name]) => name !== 'targets'));
const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i])), a.length === b.length ? 0 : 1e9);

/** The gradients of a first step, without clipping, by name. */
async function firstGradients({ config, weights }: LanguageModel): Promise<Map<string, Tensor>> {
  const graph = new GraphBuilder();
  const { inputs, targets } = tokenInputs(graph, config, { rows: 2, length: CONTEXT - 1 });
  const source = weightInputs(graph, config, () => 'weight');
  const architecture = architectures[config.family];
  const hidden = architecture.hidden(config, source, inputs);
  const nll = negativeLogLikelihood(
    hidden,
    source(architecture.outputWeight(config)),
    reshape(targets, [2 * (CONTEXT - 1)]),
  );
  const names = [...weights.keys()];
  const gradients = differentiate(reshape(mean(nll, [0]), []), names.map(source));
  const whole = graph.finish('gradients', new Map(names.map((n, i) => [n, gradients[i]])));
  const session = await (await onnxruntimeNode()).open(whole, weights);
  // 31 tokens a row, each with the next one as its target: the loss of 32 tokens.
  const full = tokensOf(2, CONTEXT);
  const part = (from: number) =>
    Int32Array.from({ length: 62 }, (_, i) => full[Math.floor(i / 31) * 32 + (i % 31) + from]);
  const feeds = feedsOf(2, CONTEXT - 1).set('tokens', intTensor([2, 31], part(0)));
  const out = await session.run(feeds.set('targets', intTensor([2, 31], part(1))));
  await session.release();
  return new Map(out);
}

describe.each(['gpt2', 'neox', 'llama', 'llama3', 'qwen2'])('%s', (name) => {
  it.each([5, CONTEXT])('has the logits of transformers for %i tokens', async (length) => {
    const { config, weights } = await loadModel(folderOf(name));
    const session = await (await onnxruntimeNode()).open(logitsGraph(config, { rows: 1, length }), weights);
    const logits = (await session.run(withoutTargets(feedsOf(1, length)))).get('logits')!;
    await session.release();
    expect(logits.shape).toEqual([1, length, 40]);
    expect(largestDifference(logits.data, oracleOf(name).logits[length])).toBeLessThan(1e-4);
  });

  it('scores what the logits say, and documents in one row as alone', async () => {
    const { config, weights } = await loadModel(folderOf(name));
    const executor = await onnxruntimeNode();
    const session = await executor.open(scoringGraph(config, { rows: 1, length: CONTEXT }), weights);
    const nll = (await session.run(feedsOf(1, CONTEXT))).get('nll')!.data;
    const { logits } = oracleOf(name);
    const targets = feedsOf(1, CONTEXT).get('targets')!.data;
    const expected = Array.from(targets, (target, i) => {
      const row = logits[CONTEXT].slice(40 * i, 40 * (i + 1));
      return target < 0 ? 0 : Math.log(row.reduce((s, x) => s + Math.exp(x), 0)) - row[target];
    });
    expect(largestDifference(nll, expected)).toBeLessThan(1e-4);

    // The same 20 tokens behind another document of 9, with padding after them.
    const [first, second] = [tokensOf(1, 9, 3), tokensOf(1, 20)];
    const padded = (values: readonly number[], filler: number) =>
      intTensor([1, CONTEXT], [...values, ...Array<number>(CONTEXT - 29).fill(filler)]);
    const packed = new Map([
      ['tokens', padded([...first, ...second], 0)],
      ['positions', padded([...first.keys(), ...second.keys()], 0)],
      ['segments', padded([...Array<number>(9).fill(4), ...Array<number>(20).fill(2)], -1)],
      ['targets', padded([...first.map(() => -1), ...second.subarray(1), -1], -1)],
    ]);
    const together = (await session.run(packed)).get('nll')!.data;
    await session.release();
    expect(largestDifference(together.subarray(9, 28), nll.subarray(0, 19))).toBeLessThan(1e-5);
    expect([...together.subarray(0, 9), ...together.subarray(28)]).toEqual(Array(13).fill(0));
  });

  it('trains as PyTorch does: ten losses and norms', async () => {
    const model = await loadModel(folderOf(name));
    const graph = trainingGraph(model.config, { rows: 2, length: CONTEXT });
    const session = await (await onnxruntimeNode()).open(graph, trainingState(model, graph));
    const losses: number[] = [];
    const norms: number[] = [];
    for (let step = 0; step < 10; step++) {
      const feeds = feedsOf(2, CONTEXT, step);
      const weights = Float32Array.from(feeds.get('targets')!.data, (t) => Number(t >= 0));
      feeds.set('target_weights', floatTensor([2, CONTEXT], weights));
      feeds.set('learning_rate', floatTensor([], [1e-2])).set('step', floatTensor([], [step + 1]));
      const out = await session.run(feeds);
      losses.push(out.get('loss')!.data[0]);
      norms.push(out.get('gradient_norm')!.data[0]);
    }
    await session.release();
    const oracle = oracleOf(name);
    expect(largestDifference(losses, oracle.losses)).toBeLessThan(1e-5);
    expect(largestDifference(norms, oracle.gradientNorms)).toBeLessThan(1e-5);
    expect(losses[9]).toBeLessThan(losses[0]);
  });
});

describe.each(['gpt2', 'neox', 'llama'])('%s gradients', (name) => {
  it('are those of PyTorch, for every weight', async () => {
    const gradients = await firstGradients(await loadModel(folderOf(name)));
    const file = await openSafetensors(`${folderOf(name)}/gradients.safetensors`);
    const expected = new Map<string, Tensor>();
    for (const weight of file.entries.keys()) expected.set(weight, await file.read(weight));
    await file.close();
    expect([...gradients.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [weight, gradient] of gradients) {
      expect(gradient.shape).toEqual(expected.get(weight)!.shape);
      expect(largestDifference(gradient.data, expected.get(weight)!.data), weight).toBeLessThan(1e-5);
    }
  });
});
