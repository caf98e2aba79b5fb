import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { concatMap, lastValueFrom, of, tap, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { processorClass } from '../../src/models/executors/processor.ts';
import { loadModel } from '../../src/models/folders/hugging-face.ts';
import { readTrainedOn } from '../../src/models/folders/trained-on.ts';
import { neuralScorer } from '../../src/models/scorers/neural-scorer.ts';
import { loadScoringModel, modelFolderInfo } from '../../src/models/scorers/scoring-model.ts';
import { loadTokenizer } from '../../src/models/tokenizers/load.ts';
import { freshRows } from '../../src/operators/perplexity/fresh-rows.ts';
import { c4 } from '../../src/operators/rewrite/c4.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { prepare, readPrepared } from '../../src/training/prepare.ts';
import { type Reference, type ReferenceInput, reference } from '../../src/training/reference.ts';
import { type TrainReferenceOptions, trainReference } from '../../src/training/train-reference.ts';
import type { TrainingEvent } from '../../src/training/training-types.ts';
import { batchOf } from '../helpers/batches.ts';
import { generator } from '../helpers/corpus.ts';
import { temporaryFolder } from '../helpers/run.ts';

const WORDS = ['river', 'stone', 'the', 'a', 'runs', 'over', 'under', 'slow', 'old', 'bridge', 'and', 'light'];

/** Documents of 10 groups in two domains. */
async function corpus(folder: string): Promise<string> {
  const random = generator(3);
  const word = (): string => WORDS[Math.floor(random() * WORDS.length)];
  const lines = Array.from({ length: 80 }, (_, i) => {
    const text = Array.from({ length: 30 }, word).join(' ');
    return JSON.stringify({ id: `d${i}`, text, metadata: { group: `g${i % 10}`, domain: i % 2 ? 'even' : 'odd' } });
  });
  await writeFile(join(folder, 'in.jsonl'), `${lines.join('\n')}\n`);
  return join(folder, 'in.jsonl');
}

const small = (more: Partial<ReferenceInput> = {}) =>
  reference({
    name: 'small',
    shares: { train: 0.6, heldOut: 0.3 },
    model: { width: 16, layers: 1, heads: 2, context: 32 },
    training: { tokens: 32 * 2 * 12, rows: 2, evaluateEvery: 5 },
    ...more,
  });

type Finished = Extract<TrainingEvent, { type: 'finished' }>;

const all = (events: ReturnType<typeof trainReference>): Promise<TrainingEvent[]> =>
  lastValueFrom(events.pipe(toArray()));

/** Events of a training that is told to stop at a step. */
function stoppedAt(
  step: number,
  recipe: Reference,
  options: Omit<TrainReferenceOptions, 'stop'>,
): Promise<TrainingEvent[]> {
  const stop = new AbortController();
  const events = trainReference(recipe, { ...options, stop: stop.signal });
  return all(events.pipe(tap((e) => e.type === 'step' && e.step === step && stop.abort())));
}

describe('training a reference model', () => {
  it('learns, measures by domain, and leaves a model directory with its card and what it was trained on', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'model');
    const executor = await onnxruntimeNode();
    const events = await all(trainReference(small(), { executor, input: [await corpus(folder)], output }));
    const measured = events.flatMap((e) => (e.type === 'measured' ? [e.measurement] : []));
    expect(measured.map((m) => m.step)).toEqual([5, 10, 12]);
    expect(measured[2].bitsPerByte!).toBeLessThan(measured[0].bitsPerByte!);
    const last = events.at(-1)!;
    expect(last.type === 'finished' && last.model.documents).toMatchObject({ aside: 0 });
    const { train, heldOut, rest } = (last as Extract<TrainingEvent, { type: 'finished' }>).model.documents;
    expect(train + heldOut + rest).toBe(80);
    const { config, weights } = await loadModel(output);
    expect([config.vocabulary, config.width, weights.size > 5]).toEqual([257, 16, true]);
    expect(config.bosToken).toBe(256);
    expect(await readFile(join(output, 'README.md'), 'utf8')).toContain('held-out bits per byte');
    const again = await all(trainReference(small(), { executor, input: [join(folder, 'in.jsonl')], output }));
    expect(again).toMatchObject([{ type: 'finished', already: true }]);
    // As any other Hugging Face directory it has the same start token and ids, and gives the same scores.
    const texts = utf8Column(['the slow river', 'é', '<start> a']);
    const scores = async () => {
      const info = modelFolderInfo(output);
      const scorer = await neuralScorer({ ...(await loadScoringModel(info)), ...info, executor });
      const { nllSum, tokens, bytes } = await scorer.score(texts);
      await scorer.close?.();
      return { nllSum, tokens, bytes };
    };
    const own = await scores();
    expect([...own.tokens]).toEqual([14, 2, 9]);
    await rm(join(output, 'sluice.json'));
    expect(await scores()).toEqual(own);
  });

  it('stopped half way and started again ends with the same weights', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const executor = await onnxruntimeNode();
    const [whole, torn] = [join(folder, 'whole'), join(folder, 'torn')];
    await all(trainReference(small(), { executor, input, output: whole }));
    const seen = await stoppedAt(7, small(), { executor, input, output: torn });
    expect(seen.at(-1)).toMatchObject({ type: 'stopped', step: 7, steps: 12 });
    await all(trainReference(small(), { executor, input, output: torn }));
    const bytes = (f: string) => readFile(join(f, 'model.safetensors'));
    expect((await bytes(torn)).equals(await bytes(whole))).toBe(true);
    const json = async (f: string) => JSON.parse(await readFile(join(f, 'sluice.json'), 'utf8')).measurements;
    expect(await json(torn)).toEqual(await json(whole));
  });

  it('stopped while it reads begins again, with the same weights', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const executor = await onnxruntimeNode();
    const [whole, torn] = [join(folder, 'whole'), join(folder, 'torn')];
    await all(trainReference(small(), { executor, input, output: whole }));
    const stopped = trainReference(small(), { executor, input, output: torn, stop: AbortSignal.abort() });
    expect(await all(stopped)).toEqual([
      { type: 'reading', documents: 0 },
      { type: 'stopped', folder: torn, step: 0, steps: 12 },
    ]);
    await all(trainReference(small(), { executor, input, output: torn }));
    const bytes = (f: string) => readFile(join(f, 'model.safetensors'));
    expect((await bytes(torn)).equals(await bytes(whole))).toBe(true);
  });

  it('learns byte pairs from the training side alone, and scores with them', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'model');
    const executor = await onnxruntimeNode();
    const model = { width: 16, layers: 1, heads: 2, context: 32, vocabulary: 300, dtype: 'float16' } as const;
    const events = await all(trainReference(small({ model }), { executor, input: [await corpus(folder)], output }));
    const start = events.find((e) => e.type === 'start')!;
    const tokenizer = await loadTokenizer(output);
    // Twelve words and the space: fewer than 300 ids, and about a token a word.
    expect(tokenizer.vocabularySize).toBeLessThanOrEqual(300);
    const { model: record } = events.at(-1) as Extract<TrainingEvent, { type: 'finished' }>;
    expect(record.tokenizer).toEqual({ name: 'byte_pairs', vocabulary: 300, start: 256 });
    const bytes = Object.values(record.trainedBytes).reduce((a, b) => a + b, 0);
    expect(start.trainTokens).toBeLessThan(0.4 * bytes);
    const loaded = await loadModel(output);
    expect(loaded.config.vocabulary).toBe(300);
    expect((await readFile(join(output, 'README.md'), 'utf8')).replace(/\s+/g, ' ')).toContain(
      'weights in float16. It reads 300 byte pairs learnt from the text it was trained on (tokenizer.json)',
    );
    // The held-out bits per byte are those of a scorer over bytes of text, whatever the tokens are.
    const info = modelFolderInfo(output);
    const scorer = await neuralScorer({ ...(await loadScoringModel(info)), ...info, executor });
    const text = 'the slow river runs under the old bridge';
    const scores = await scorer.score(utf8Column([text]));
    expect(scores.bytes[0]).toBe(text.length);
    expect(scores.tokens[0]).toBe(tokenizer.encode(Buffer.from(text)).length);
    expect(Number.isFinite(scores.nllSum[0])).toBe(true);
    await scorer.close?.();
  });

  it('says so where the text gives fewer byte pairs than the model has room for', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'model');
    const executor = await onnxruntimeNode();
    const warnings: string[] = [];
    const model = { width: 16, layers: 1, heads: 2, context: 32, vocabulary: 4096 };
    const options = { executor, input: [await corpus(folder)], output, onWarning: (w: string) => warnings.push(w) };
    await all(trainReference(small({ model }), options));
    const ids = (await loadTokenizer(output)).vocabularySize;
    expect(ids).toBeLessThan(400);
    expect(warnings).toEqual([
      `the text gives ${ids} token ids of the 4096 of model.vocabulary: the others stay in the model, unused`,
    ]);
    expect((await readFile(join(output, 'README.md'), 'utf8')).replace(/\s+/g, ' ')).toContain(
      `It reads ${ids} byte pairs learnt from the text it was trained on (tokenizer.json), which gave no ` +
        'more (room is for 4096); id 256',
    );
  });

  it('measures a domain whatever its name', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    await writeFile(input[0], (await readFile(input[0], 'utf8')).replaceAll('"odd"', '"__proto__"'));
    const events = await all(
      trainReference(small(), { executor: await onnxruntimeNode(), input, output: join(folder, 'model') }),
    );
    const { model } = events.at(-1) as Finished;
    expect(Object.keys(model.measurements[0].byDomain).sort()).toEqual(['__proto__', 'even']);
  });

  it('never uses what was read for another recipe, also where that left no record', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const executor = await onnxruntimeNode();
    const [alone, after] = [join(folder, 'alone'), join(folder, 'after')];
    const documents = async (seed: number, output: string) =>
      ((await all(trainReference(small({ seed }), { executor, input, output }))).at(-1) as Finished).model.documents;
    const expected = await documents(2, alone);
    // Killed between the reading and the first record: what was read for seed 1 lies in the folder.
    await stoppedAt(2, small({ seed: 1 }), { executor, input, output: after });
    await rm(join(after, 'sluice.json'));
    expect(await documents(2, after)).toEqual(expected);
  });

  it(
    'measures on no text that was trained on, whatever group it stands in, and knows every name of a ' + 'domain',
    async () => {
      const folder = await temporaryFolder();
      const lines = Array.from({ length: 60 }, (_, i) => {
        const text = `text ${i % 30} of thirty that stand in two groups each`;
        return JSON.stringify({
          id: `d${i}`,
          text,
          metadata: { group: `g${i}`, domain: i % 2 ? 'constructor' : '__proto__' },
        });
      });
      const input = [join(folder, 'in.jsonl')];
      await writeFile(input[0], `${lines.join('\n')}\n`);
      const recipe = small({ shares: { train: 0.5, heldOut: 0.5 } });
      const prepared = (await prepare(recipe, input, join(folder, 'model', 'work'), 'one'))!;
      expect(Object.keys(prepared.domains).sort()).toEqual(['__proto__', 'constructor']);
      const tokens = [...new Uint16Array((await readFile(join(folder, 'model', 'work', 'tokens.bin'))).buffer)];
      const numberIn = (ids: readonly number[]) => /text (\d+) of/.exec(String.fromCharCode(...ids))?.[1];
      const trained = new Set(
        tokens
          .join()
          .split('256')
          .map((t) => numberIn(t.split(',').filter(Boolean).map(Number))),
      );
      const held = Object.values(prepared.heldOut).flat().map(numberIn).filter(Boolean);
      expect(held.length).toBeGreaterThan(3);
      expect(held.length).toBeLessThan(prepared.documents.heldOut);
      expect(held.filter((n) => trained.has(n))).toEqual([]);
      expect(await readPrepared(join(folder, 'model', 'work'), 'one')).toEqual(prepared);
      expect(await readPrepared(join(folder, 'model', 'work'), 'another')).toBeNull();
    },
  );

  it('lists documents that its steps rewrote by the texts they were read with too', async () => {
    const folder = await temporaryFolder();
    const texts = Array.from(
      { length: 40 },
      (_, i) => `The first line of text ${i} ends here.\nAnd a second one.\nmenu | login`,
    );
    const input = [join(folder, 'in.jsonl')];
    await writeFile(input[0], texts.map((text, i) => `${JSON.stringify({ id: `d${i}`, text })}\n`).join(''));
    const rewrite = c4({ minSentences: 1, minWordsPerLine: 3 });
    const prepared = (await prepare(small({ steps: [rewrite] }), input, join(folder, 'model', 'work'), 'one'))!;
    expect(prepared.documents.train).toBeGreaterThan(0);
    const fresh = await freshRows(
      await readTrainedOn(join(folder, 'model', 'work', 'trained-on.bin')),
      'metadata.group',
    );
    const read = batchOf(texts);
    const asRead = fresh(read, new Uint8Array(texts.length).fill(1));
    expect(asRead.filter((f) => f === 0).length).toBe(prepared.documents.train);
    // And by what was trained on, where another run reads that.
    const left = await lastValueFrom(of(read).pipe(rewrite));
    expect(left.text(0)).not.toBe(texts[0]);
    const asRewritten = batchOf(texts.map((_, i) => left.text(i)));
    expect(fresh(asRewritten, new Uint8Array(texts.length).fill(1))).toEqual(asRead);
  });

  it('forgets what was prepared before it reads for another recipe', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const work = join(folder, 'model', 'work');
    await prepare(small({ seed: 1 }), input, work, 'one');
    // Ended after tokens.bin was written for seed 2: too little text for its context.
    const model = { width: 16, layers: 1, heads: 2, context: 65_536 };
    await expect(prepare(small({ seed: 2, model }), input, work, 'two')).rejects.toThrow('more than 65536 tokens');
    expect(await readPrepared(work, 'one')).toBeNull();
  });

  it('does not go on with a part of the tokens that it had read', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const output = join(folder, 'model');
    const executor = await onnxruntimeNode();
    await stoppedAt(3, small(), { executor, input, output });
    const tokens = join(output, 'work', 'tokens.bin');
    await truncate(tokens, 2000);
    await expect(all(trainReference(small(), { executor, input, output }))).rejects.toThrow(
      new RegExp(
        String.raw`tokens\.bin: expected the \d+ tokens that were read, got 1000\. Put the whole file back, or ` +
          'start again with --fresh',
      ),
    );
  });

  it('shortened to the step it stopped at, is measured there', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const output = join(folder, 'model');
    const executor = await onnxruntimeNode();
    await stoppedAt(3, small(), { executor, input, output });
    const shorter = small({ training: { tokens: 32 * 2 * 3, rows: 2, evaluateEvery: 5 } });
    const last = (await all(trainReference(shorter, { executor, input, output }))).at(-1) as Finished;
    expect(last.model.measurements.map((m) => m.step)).toEqual([3]);
  });

  it('refuses another length where the training has ended', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const output = join(folder, 'model');
    const executor = await onnxruntimeNode();
    const ofSteps = (steps: number) => small({ training: { tokens: 32 * 2 * steps, rows: 2, evaluateEvery: 5 } });
    await all(trainReference(ofSteps(2), { executor, input, output }));
    await expect(all(trainReference(ofSteps(3), { executor, input, output }))).rejects.toThrow(
      'expected the 128 tokens of the training that ended in this folder, got training.tokens 192',
    );
  });

  it('goes on with another length, along its schedule, and says so', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const output = join(folder, 'model');
    const executor = await onnxruntimeNode();
    await stoppedAt(4, small(), { executor, input, output });
    const ofSteps = (steps: number) => small({ training: { tokens: 32 * 2 * steps, rows: 2, evaluateEvery: 5 } });
    const record = await readFile(join(output, 'sluice.json'), 'utf8');
    await expect(all(trainReference(ofSteps(3), { executor, input, output }))).rejects.toThrow(
      'expected at least the 256 tokens that this training has seen, got training.tokens 192',
    );
    expect(await readFile(join(output, 'sluice.json'), 'utf8')).toBe(record);
    const events = await all(trainReference(ofSteps(6), { executor, input, output }));
    const rates = events.flatMap((e) => (e.type === 'step' ? [[e.step, e.learningRate] as const] : []));
    // Steps 5 and 6 of 6, from 0: the cosine from 2e-3 down to a tenth of it.
    const rate = (step: number): number => 2e-3 * (0.1 + 0.45 * (1 + Math.cos((Math.PI * step) / 6)));
    expect(rates).toEqual([
      [5, rate(4)],
      [6, rate(5)],
    ]);
    const last = events.at(-1) as Extract<TrainingEvent, { type: 'finished' }>;
    expect([last.model.steps, last.model.tokens, last.model.schedule]).toEqual([
      6,
      384,
      [
        { fromStep: 0, steps: 12 },
        { fromStep: 4, steps: 6 },
      ],
    ]);
    expect(await readFile(join(output, 'README.md'), 'utf8')).toContain('planned for 12 steps until step 4,');
  });

  it('refuses to go on with another executor, and says which one it was', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const output = join(folder, 'model');
    await stoppedAt(3, small(), { executor: await onnxruntimeNode(), input, output });
    const other = trainReference(small(), { executor: await onnxruntimeNode({ threads: 2 }), input, output });
    await expect(all(other)).rejects.toThrow(
      new RegExp(
        String.raw`expected the executor that the training in this folder began with: onnxruntime-node \S+, ` +
          String.raw`cpu, 1 thread, graphs of version \d+, got onnxruntime-node \S+, cpu, 2 threads`,
      ),
    );
    const again = await all(trainReference(small(), { executor: await onnxruntimeNode(), input, output }));
    expect(again.at(-1)).toMatchObject({ type: 'finished', model: { processors: [processorClass()] } });
  });

  it('refuses a folder of another training, and too little text', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const executor = await onnxruntimeNode();
    const output = join(folder, 'model');
    await all(trainReference(small(), { executor, input, output }));
    await expect(all(trainReference(small({ seed: 2 }), { executor, input, output }))).rejects.toThrow(ConfigError);
    const little = small({ shares: { train: 1e-6, heldOut: 0.3 } });
    await expect(all(trainReference(little, { executor, input, output: join(folder, 'little') }))).rejects.toThrow(
      /more than 32 tokens/,
    );
  });

  it('refuses a domain that no document is of', async () => {
    const folder = await temporaryFolder();
    const options = { executor: await onnxruntimeNode(), input: [await corpus(folder)], output: join(folder, 'model') };
    await expect(all(trainReference(small({ domains: ['odd', 'evn'] }), options))).rejects.toThrow(
      "reference small: expected documents of the domain 'evn', got none; there are even, odd. Did you mean 'even'?",
    );
    const events = await all(trainReference(small({ domains: ['odd'] }), options));
    expect(Object.keys((events.at(-1) as Finished).model.trainedBytes)).toEqual(['odd']);
  });

  it('leaves a folder alone that holds what is not of a training, with --fresh too', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const executor = await onnxruntimeNode();
    const output = join(folder, 'project');
    await mkdir(join(output, 'work'), { recursive: true });
    await writeFile(join(output, 'work', 'thesis.txt'), 'mine');
    for (const fresh of [false, true])
      await expect(all(trainReference(small(), { executor, input, output, fresh }))).rejects.toThrow(
        `${output}: expected an empty or new output folder, or one of an earlier training, got a folder with ` +
          `other files (${join('work', 'thesis.txt')}).`,
      );
    await rm(join(output, 'work'), { recursive: true });
    await writeFile(join(output, 'README.md'), 'mine');
    await expect(all(trainReference(small(), { executor, input, output }))).rejects.toThrow('(README.md)');
    await expect(all(trainReference(small(), { executor, input, output: input[0] }))).rejects.toThrow('got a file.');
    expect(await readFile(join(output, 'README.md'), 'utf8')).toBe('mine');
    for (const record of ['{"name":"my settings"}', 'null', '{']) {
      await writeFile(join(output, 'sluice.json'), record);
      await expect(all(trainReference(small(), { executor, input, output, fresh: true }))).rejects.toThrow(
        `${join(output, 'sluice.json')}: expected the record of a training, got `,
      );
    }
    expect((await readdir(output)).sort()).toEqual(['README.md', 'sluice.json']);
  });

  it('is alone in its folder while it works, and begins anew with --fresh', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const executor = await onnxruntimeNode();
    const output = join(folder, 'model');
    const second: unknown[] = [];
    const first = trainReference(small(), { executor, input, output }).pipe(
      concatMap(async (event) => {
        if (event.type !== 'start') return event;
        for (const fresh of [false, true])
          await all(trainReference(small(), { executor, input, output, fresh })).catch((e) => second.push(e.message));
        return event;
      }),
    );
    expect((await lastValueFrom(first)).type).toBe('finished');
    const held =
      `${join(output, 'work')}: expected a folder that no other process is using, got one that this ` +
      'process already uses.';
    expect(second).toEqual([expect.stringContaining(held), expect.stringContaining(held)]);
    const whole = await readFile(join(output, 'model.safetensors'));
    await writeFile(join(output, 'notes.txt'), 'of the first');
    const again = await all(trainReference(small(), { executor, input, output, fresh: true }));
    expect(again.at(-1)).toMatchObject({ type: 'finished', already: false });
    expect((await readFile(join(output, 'model.safetensors'))).equals(whole)).toBe(true);
    // What somebody else put there stays.
    expect((await readdir(output)).sort()).toEqual([
      'README.md',
      'config.json',
      'model.safetensors',
      'notes.txt',
      'sluice.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'trained-on.bin',
    ]);
  });

  it('says that nothing was measured where no document is held out', async () => {
    const folder = await temporaryFolder();
    const input = [await corpus(folder)];
    const output = join(folder, 'model');
    const none = small({ shares: { train: 0.9, heldOut: 1e-6 } });
    const events = await all(trainReference(none, { executor: await onnxruntimeNode(), input, output }));
    const { model } = events.at(-1) as Finished;
    expect(model.documents.heldOut).toBe(0);
    expect(model.measurements.map((m) => [m.bitsPerByte, m.byDomain])).toEqual([5, 10, 12].map(() => [null, {}]));
    expect(await readFile(join(output, 'README.md'), 'utf8')).toMatch(/\| all \| 0\.0 \| not measured \|/);
  });
});
