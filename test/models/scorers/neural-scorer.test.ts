import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import type { Executor } from '../../../src/models/executors/executor.ts';
import { onnxruntimeNode } from '../../../src/models/executors/onnxruntime-node.ts';
import type { LanguageModel } from '../../../src/models/language-model.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { cachedSum } from '../../../src/models/scorers/document-cache.ts';
import { neuralScorer } from '../../../src/models/scorers/neural-scorer.ts';
import type { Scorer, Texts } from '../../../src/models/scorers/scorer.ts';
import { NO_TARGET, scoringGraph } from '../../../src/models/scorers/scoring-graph.ts';
import { intTensor } from '../../../src/models/tensor.ts';
import { byteTokenizer } from '../../../src/models/tokenizers/bytes.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { generator } from '../../helpers/corpus.ts';

const START = 256;
const CONTEXT = 24;
const model: LanguageModel = newModel({ vocabulary: 257, width: 32, layers: 2, heads: 4, context: CONTEXT }, 7);
const textsOf = (texts: readonly string[]): Texts => utf8Column(texts);

/**
 * The score of every byte, each window by a run of its own with the inputs that it has: no packing, no padding, one
 * row.
 */
async function oneByOne(text: string, overlap: number): Promise<number[]> {
  const executor = await onnxruntimeNode();
  const ids = [START, ...Buffer.from(text)];
  const nlls: number[] = [];
  let scored = 1;
  while (scored < ids.length) {
    const from = scored === 1 ? 0 : scored - 1 - overlap;
    const inputs = ids.slice(from, Math.min(from + CONTEXT, ids.length - 1));
    const length = inputs.length;
    const session = await executor.open(scoringGraph(model.config, { rows: 1, length }), model.weights);
    const shape = [1, length];
    const outputs = await session.run(
      new Map([
        ['tokens', intTensor(shape, inputs)],
        ['positions', intTensor(shape, [...inputs.keys()])],
        [
          'segments',
          intTensor(
            shape,
            inputs.map(() => 0),
          ),
        ],
        [
          'targets',
          intTensor(
            shape,
            inputs.map((_, i) => (from + i + 1 < scored ? NO_TARGET : ids[from + i + 1])),
          ),
        ],
      ]),
    );
    nlls.push(...(outputs.get('nll')!.data as Float32Array).slice(scored - 1 - from));
    await session.release();
    scored = from + length + 1;
  }
  return nlls;
}
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe('a neural scorer', () => {
  let scorer: Scorer;
  const options = { name: 'test', hash: 'h', model, tokenizer: byteTokenizer, start: START };
  beforeAll(async () => {
    scorer = await neuralScorer({ ...options, executor: await onnxruntimeNode(), rows: 3, overlap: 6 });
  });
  afterAll(() => scorer.close?.());

  const random = generator(5);
  const made = Array.from({ length: 12 }, () =>
    Array.from({ length: 1 + Math.floor(random() * 70) }, () =>
      String.fromCharCode(97 + Math.floor(random() * 26)),
    ).join(''),
  );

  it('gives packed documents, long ones too, the sums that they have alone', async () => {
    const { nllSum, cachedNllSum, tokens, bytes, reason } = await scorer.score(textsOf(made));
    for (const [i, text] of made.entries()) {
      const nlls = await oneByOne(text, 6);
      const alone = sum(nlls);
      const cached = cachedSum(Int32Array.of(256, ...Buffer.from(text)), Float32Array.from(nlls), 256);
      expect(Math.abs(cachedNllSum![i] - cached) / cached).toBeLessThan(1e-5);
      expect(Math.abs(nllSum[i] - alone) / alone).toBeLessThan(1e-5);
      expect([tokens[i], bytes[i], reason[i]]).toEqual([text.length, text.length, null]);
    }
  });

  it('gives each window of a long document a quarter of one before it, unless told otherwise', async () => {
    const text = made.join(' ');
    const s = await neuralScorer({ ...options, executor: await onnxruntimeNode() });
    const { nllSum } = await s.score(textsOf([text]));
    await s.close?.();
    const alone = sum(await oneByOne(text, CONTEXT / 4));
    expect(Math.abs(nllSum[0] - alone) / alone).toBeLessThan(1e-5);
  });

  it('reads windows as long as it is told, and no longer than the model', async () => {
    const text = made.join(' ');
    const executor = await onnxruntimeNode();
    const nll = async (context?: number): Promise<number> => {
      const s = await neuralScorer({ ...options, executor, context, overlap: 4 });
      const { nllSum } = await s.score(textsOf([text]));
      await s.close?.();
      return nllSum[0];
    };
    const own = await nll();
    expect(await nll(CONTEXT)).toBe(own);
    expect(await nll(4096)).toBe(own);
    expect(await nll(8)).not.toBe(own);
  });

  it('counts the bytes of the text without those of a first token that nothing predicts', async () => {
    // The first token is half of a letter: as a text of its own it would be U+FFFD, of three bytes.
    const s = await neuralScorer({ ...options, executor: await onnxruntimeNode(), start: null });
    const scores = await s.score(textsOf(['é€ab']));
    expect([scores.tokens[0], scores.bytes[0]]).toEqual([6, 6]);
    await s.close?.();
  });

  it('leaves a byte at least to be predicted where the first token is spelt longer than the text', async () => {
    const tokenizer = { ...byteTokenizer, byteLengths: new Uint16Array(256).fill(4) };
    const s = await neuralScorer({ ...options, tokenizer, start: null, executor: await onnxruntimeNode() });
    expect([...(await s.score(textsOf(['abc', 'abcdef']))).bytes]).toEqual([1, 2]);
    await s.close?.();
  });

  it('finds the piece of 512 bytes that surprises most, across windows and rows', async () => {
    const long = Array.from({ length: 1700 }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('');
    const texts = [made[0], long, made[1], long.slice(0, 1100), long.slice(0, 639), made[2]];
    const { nllSum, bytes, bitsPerByteMax } = await scorer.score(textsOf(texts));
    const bits = (await oneByOne(long, 6)).map((nll) => nll / Math.LN2);
    const mean = (from: number, to: number): number => sum(bits.slice(from, to)) / (to - from);
    // 1700 = 512 + 512 + 512 + 164; 1100 = 512 + 588; 639 is one piece.
    const pieces = [mean(0, 512), mean(512, 1024), mean(1024, 1536), mean(1536, 1700)];
    expect(bitsPerByteMax[1]).toBeCloseTo(Math.max(...pieces), 4);
    expect(bitsPerByteMax[3]).toBeCloseTo(Math.max(pieces[0], mean(512, 1100)), 4);
    for (const i of [0, 2, 4, 5]) expect(bitsPerByteMax[i]).toBe(nllSum[i] / Math.LN2 / bytes[i]);
  });

  it('tells which share of its work is done, the same scores given', async () => {
    const shares: number[] = [];
    const { nllSum } = await scorer.score(textsOf(made), undefined, (share) => shares.push(share));
    expect(nllSum).toEqual((await scorer.score(textsOf(made))).nllSum);
    // Rows of 24 inputs, three a run.
    expect(shares.length).toBeGreaterThan(5);
    expect(shares).toEqual([...new Set(shares)].sort((a, b) => a - b));
    expect(shares[0]).toBeGreaterThan(0);
    expect(shares.at(-1)).toBe(1);
  });

  it('scores a document of one byte, says why an empty one has no score, and skips the others', async () => {
    const { nllSum, bitsPerByteMax, tokens, reason } = await scorer.score(
      textsOf(['a', '', 'skipped', 'ü']),
      Uint8Array.of(1, 1, 0, 1),
    );
    expect([...tokens]).toEqual([1, 0, 0, 2]);
    expect(reason).toEqual([null, 'empty', null, null]);
    expect([...nllSum].map(Number.isNaN)).toEqual([false, true, true, false]);
    expect([...bitsPerByteMax].map(Number.isNaN)).toEqual([false, true, true, false]);
  });

  it('without a start token does not predict the first one', async () => {
    const executor = await onnxruntimeNode();
    const bare = await neuralScorer({ ...options, start: null, executor, rows: 1 });
    const { tokens, bytes, reason } = await bare.score(textsOf(['ab', 'c']));
    await bare.close?.();
    expect([tokens[0], bytes[0], reason[0], reason[1]]).toEqual([1, 1, null, 'one_token']);
  });

  it('never gives a number for a model that computes none', async () => {
    const broken = structuredClone(model) as LanguageModel;
    broken.weights.get('model.norm.weight')!.data.fill(Number.NaN);
    const scorerOfNaN = await neuralScorer({ ...options, model: broken, executor: await onnxruntimeNode(), rows: 1 });
    const { nllSum, bitsPerByteMax, reason } = await scorerOfNaN.score(textsOf(['text']));
    await scorerOfNaN.close?.();
    expect([nllSum[0], bitsPerByteMax[0], reason[0]]).toEqual([Number.NaN, Number.NaN, 'not_finite']);
  });

  it(
    'refuses documents over its limit, tokenizers that the model does not know, and overlaps beyond the ' + 'context',
    async () => {
      const executor = await onnxruntimeNode();
      const short = await neuralScorer({ ...options, executor, rows: 1, maxTokens: 3 });
      expect((await short.score(textsOf(['abcd', 'abc']))).reason).toEqual(['too_long', null]);
      await short.close?.();
      const wide = { ...byteTokenizer, vocabularySize: 300 };
      await expect(neuralScorer({ ...options, executor, tokenizer: wide })).rejects.toThrow(ConfigError);
      await expect(neuralScorer({ ...options, executor, overlap: CONTEXT })).rejects.toThrow(/overlap/);
      await expect(neuralScorer({ ...options, executor, start: 257 })).rejects.toThrow(/start token/);
    },
  );
});

it('opens one session for each length of a row, also when two scores ask for it at once', async () => {
  const long = newModel({ vocabulary: 257, width: 32, layers: 1, heads: 4, context: 256 }, 7);
  const executor = await onnxruntimeNode();
  let [opened, released] = [0, 0];
  const counting = {
    ...executor,
    open: async (...given: Parameters<typeof executor.open>) => {
      opened++;
      const session = await executor.open(...given);
      return {
        run: session.run.bind(session),
        release: () => {
          released++;
          return session.release();
        },
      };
    },
  };
  const scorer = await neuralScorer({
    name: 'm',
    hash: 'h',
    model: long,
    tokenizer: byteTokenizer,
    start: START,
    executor: counting as typeof executor,
  });
  expect(opened).toBe(1);
  const short = textsOf(['a few words']);
  await Promise.all([scorer.score(short), scorer.score(short)]);
  expect(opened).toBe(2);
  await scorer.close!();
  expect(released).toBe(2);
});

describe('where not all lengths of rows can stay open', () => {
  it('short documents are read in short rows all the same, by one session at a time, with the same sums', async () => {
    const long = newModel({ vocabulary: 257, width: 32, layers: 1, heads: 4, context: 1024 }, 7);
    const executor = await onnxruntimeNode();
    const open = new Set<object>();
    const read: number[] = [];
    let [opened, most] = [0, 0];
    const watched: Executor = {
      ...executor,
      async open(graph, weights) {
        const session = await executor.open(graph, weights);
        opened++;
        const own: typeof session = {
          ...session,
          run: (feeds) => {
            read.push(feeds.get('tokens')!.shape[1]);
            return session.run(feeds);
          },
          release: async () => {
            open.delete(own);
            await session.release();
          },
        };
        most = Math.max(most, open.add(own).size);
        return own;
      },
    };
    const options = { name: 'm', hash: 'h', model: long, tokenizer: byteTokenizer, start: START };
    const texts = textsOf(Array.from({ length: 24 }, (_, i) => 'the old bridge, '.repeat(8) + 'x'.repeat(i)));
    const one = await neuralScorer({ ...options, executor: watched, sessionBytes: 0 });
    const scores = await one.score(texts);
    // The context is opened first, so that what cannot be opened is said before the first document.
    expect([opened, read.length > 0, Math.max(...read) < 1024]).toEqual([2, true, true]);
    expect(await one.score(texts)).toEqual(scores);
    expect(most).toBe(1);
    await one.close?.();
    expect(open.size).toBe(0);
    const all = await neuralScorer({ ...options, executor });
    const expected = await all.score(texts);
    await all.close?.();
    scores.nllSum.forEach((sum, i) => {
      expect(Math.abs(sum / expected.nllSum[i] - 1)).toBeLessThan(1e-5);
    });
  });
});
