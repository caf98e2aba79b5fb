import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, of } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { saveModel } from '../../../src/models/folders/hugging-face.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { trainNgram, writeNgram } from '../../../src/models/ngram/index.ts';
import { annotate } from '../../../src/operators/annotate.ts';
import { ngramPerplexity } from '../../../src/operators/annotators/ngram-perplexity.ts';
import { perplexity } from '../../../src/operators/perplexity/perplexity.ts';
import { makeStage } from '../../../src/operators/stages.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { numberAt, stringAt } from '../../../src/streams/batch/columns.ts';
import { batchOf } from '../../helpers/batches.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { THREE_LETTERS } from '../../helpers/tokenizers.ts';

const LARGE = 50 * 1024 * 1024;

let folder: string;
/** A Hugging Face directory without a start token. */
const hubModel = (): string => join(folder, 'hub');
/** A byte model of ours. */
const byteModel = (): string => join(folder, 'bytes');
beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(hubModel());
  await mkdir(byteModel());
  await saveModel(newModel({ vocabulary: 6, width: 16, layers: 1, heads: 2, context: 16 }, 3), hubModel());
  await writeFile(join(hubModel(), 'tokenizer.json'), JSON.stringify(THREE_LETTERS));
  await saveModel(newModel({ vocabulary: 257, width: 16, layers: 1, heads: 2, context: 16 }, 3), byteModel());
  const record = { status: 'done', tokenizer: { name: 'bytes', start: 256 }, reference: { groupBy: 'text' } };
  await writeFile(join(byteModel(), 'sluice.json'), JSON.stringify(record));
});

const scored = (model: string, texts: readonly string[], more: object = {}): Promise<DocumentBatch> =>
  lastValueFrom(of(batchOf(texts)).pipe(perplexity({ model, executor: 'onnxruntime-cpu', ...more })));
/** Reason and number of each row: never both, never neither. */
const results = (b: DocumentBatch) =>
  Array.from({ length: b.rows }, (_, row) => {
    const [reason, value] = [stringAt(b.utf8('ppl_unscored'), row), numberAt(b.number('ppl'), row)];
    expect((reason === null) !== (value === null)).toBe(true);
    return reason ?? Math.round(value!);
  });

describe('documents that cannot be scored have no number and a reason', () => {
  it('empty, of one token, of unknown tokens', async () => {
    const texts = ['', ' \n', 'abc', 'abc abc', 'x y z', 'abc x', 'abc x y'];
    const out = results(await scored(hubModel(), texts));
    expect(out.slice(0, 3)).toEqual(['empty', 'empty', 'one_token']);
    // Half of the tokens unknown is let pass, more is not. Random weights: about 6 ids to choose from.
    expect(out.slice(3)).toEqual([6, 'unknown_tokens', expect.any(Number), 'unknown_tokens']);
  });

  it('of 50 MB: over the limit of a neural model', async () => {
    const out = await scored(byteModel(), ['x'.repeat(LARGE), 'short', 'y'.repeat(1_000_001)]);
    expect(results(out)).toEqual(['too_long', expect.any(Number), 'too_long']);
    expect(numberAt(out.number('ppl_tokens'), 1)).toBe(5);
  });

  it('of 50 MB: whole, by an n-gram model', async () => {
    const path = join(folder, 'm.ngram');
    await writeNgram(path, await trainNgram(['xxxxxxxxxy'], { order: 2, prune: [0] }));
    const { descriptor } = annotate(ngramPerplexity({ model: path }));
    const stage = await makeStage(descriptor, await loadKernel());
    const out = await stage.apply(batchOf(['x'.repeat(LARGE), 'x'.repeat(1000)]));
    const bits = [0, 1].map((row) => numberAt(out.number('ppl_bits_per_byte'), row)!);
    expect(numberAt(out.number('ppl_tokens'), 0)).toBe(LARGE + 1);
    expect(bits[0]).toBeGreaterThan(0);
    expect(Math.abs(bits[0] - bits[1])).toBeLessThan(0.05);
  });
});

describe('the start token', () => {
  const sums = async (more: object, text = 'abc abc') => {
    const out = await scored(hubModel(), [text], more);
    return [numberAt(out.number('ppl_tokens'), 0), numberAt(out.number('ppl_nll_sum'), 0)] as const;
  };

  it('is read and not predicted; with none the first token is not', async () => {
    const [none, first, other] = [await sums({}), await sums({ start: 0 }), await sums({ start: 5 })];
    expect([none[0], first[0], other[0]]).toEqual([1, 2, 2]);
    expect(await sums({ start: 'none' })).toEqual(none);
    expect(first[1]).not.toBe(other[1]);
    // One token can be scored where something stands before it.
    expect((await sums({ start: 0 }, 'abc'))[0]).toBe(1);
    await expect(sums({ start: 6 })).rejects.toThrow('expected a start token below 6, got 6');
  });

  it('of add_bos_token: false is none, whatever config.json says', async () => {
    const without = await sums({});
    const path = join(hubModel(), 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...config, bos_token_id: 5 }));
    expect(await sums({})).toEqual(await sums({ start: 5 }));
    await writeFile(join(hubModel(), 'tokenizer_config.json'), '{"add_bos_token":false}');
    expect(await sums({})).toEqual(without);
  });
});

describe('a model that cannot score is an error, before or at the first document', () => {
  it('a file is missing', async () => {
    await rm(join(hubModel(), 'tokenizer.json'));
    expect(() => perplexity({ model: hubModel() })).toThrow(
      `${hubModel()}: expected a model with its tokenizer.json, got config.json, model.safetensors.`,
    );
    await rm(join(byteModel(), 'model.safetensors'));
    expect(() => perplexity({ model: byteModel() })).toThrow(
      `${byteModel()}: expected a model with its weights (model.safetensors), got config.json, sluice.json.`,
    );
  });

  it('weights of another shape, with the class and the parts of the error from the worker', async () => {
    const path = join(byteModel(), 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...config, vocab_size: 300 }));
    await expect(scored(byteModel(), ['text'])).rejects.toMatchObject({
      code: 'io',
      name: 'InputError',
      parts: { expected: 'floating-point numbers of shape [300, 16], by config.json', got: 'shape [257, 16]' },
    });
  });

  it('a tokenizer with ids that the model does not have', async () => {
    const vocab = { ...THREE_LETTERS.model.vocab, d: 6 };
    await writeFile(
      join(hubModel(), 'tokenizer.json'),
      JSON.stringify({ ...THREE_LETTERS, model: { ...THREE_LETTERS.model, vocab } }),
    );
    await expect(scored(hubModel(), ['abc'])).rejects.toThrow('expected a tokenizer of at most 6 ids');
  });

  it('weights that are no numbers', async () => {
    const path = join(byteModel(), 'model.safetensors');
    const bytes = await readFile(path);
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    await writeFile(path, bytes);
    await expect(scored(byteModel(), ['some text'])).rejects.toThrow(
      /expected finite weights, got NaN at element 4111/,
    );
  });

  it('weights cut off', async () => {
    const path = join(byteModel(), 'model.safetensors');
    await writeFile(path, (await readFile(path)).subarray(0, 1000));
    await expect(scored(byteModel(), ['text'])).rejects.toMatchObject({ code: 'io' });
  });

  it('a runtime that is not installed', async () => {
    await expect(scored(byteModel(), ['text'], { executor: 'tfjs-node-gpu' })).rejects.toThrow(
      /expected the optional package @tensorflow\/tfjs-node-gpu, got a project without it\. Run: npm install/,
    );
  });
});
