import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { bandit } from '../../../src/mixture/schedulers/bandit.ts';
import { loadModel } from '../../../src/models/folders/hugging-face.ts';
import { neuralScorer } from '../../../src/models/scorers/neural-scorer.ts';
import { loadScoringModel, modelFolderInfo } from '../../../src/models/scorers/scoring-model.ts';
import type { ContinualInput } from '../../../src/recipe/continual.ts';
import { baseModel } from '../../../src/run/train/base-model.ts';
import { openTrainingFeed } from '../../../src/run/train/plan.ts';
import { type TrainOptions, train } from '../../../src/run/train/train.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { TokenFiles } from '../../../src/streams/tokens/token-files.ts';
import { constant, infinite } from '../../../src/training/schedules.ts';
import { dropout } from '../../../src/training/transforms/dropout.ts';
import { halfFineTuning } from '../../../src/training/transforms/half-fine-tuning.ts';
import { lora } from '../../../src/training/transforms/lora.ts';
import { tokenStore, writeDomains } from '../../helpers/feed.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { all, executor, recordIn, small, weights } from '../../helpers/training.ts';

/** Stopped after a step, as by Ctrl-C. */
function stopped(step: number, recipe: ReturnType<typeof small>, options: Omit<TrainOptions, 'executor'>) {
  const stop = new AbortController();
  const events = train(recipe, { executor, ...options, stop: stop.signal });
  return lastValueFrom(events.pipe(tap((e) => e.type === 'step' && e.step === step && stop.abort())));
}

const following = small({ mixture: bandit({ warmup: 1 }) }, { lag: 2 });
const plain = small();
/** Folders of trainings of `tokenStore` that nothing stopped: trained once a file, and only read. */
const wholes = new Map<ReturnType<typeof small>, Promise<string>>();
afterAll(async () => {
  for (const output of wholes.values()) rmSync(dirname(await output), { recursive: true, force: true });
});
const trainedWhole = async (recipe: ReturnType<typeof small>): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-whole-'));
  const output = join(folder, 'whole');
  await all(recipe, { input: [await tokenStore(folder)], output });
  return output;
};
function whole(recipe: ReturnType<typeof small>): Promise<string> {
  const made = wholes.get(recipe) ?? trainedWhole(recipe);
  wholes.set(recipe, made);
  return made;
}

describe('a training', () => {
  it('curates files, trains, measures each domain, and leaves a model with its numbers', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'out');
    const input = [writeDomains(join(folder, 'in'))];
    const events = await all(small(), { input, output });
    const start = events.find((e) => e.type === 'start')!;
    expect(start).toMatchObject({ model: 'new', fromStep: 0, steps: 8, notMeasured: [] });
    expect(events.filter((e) => e.type === 'step').map((e) => e.step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const measured = events.flatMap((e) => (e.type === 'measured' ? [e.measurement] : []));
    expect(measured.map((m) => m.step)).toEqual([0, 2, 4, 6, 8]);
    expect(Object.keys(measured[0].byDomain).sort()).toEqual(['code', 'news', 'web']);
    expect(measured.at(-1)!.bitsPerByte!).toBeLessThan(measured[0].bitsPerByte! - 1);
    expect(events.at(-1)).toMatchObject({ type: 'finished', already: false, early: null });
    expect(
      readdirSync(output)
        .filter((n) => !n.startsWith('events.out'))
        .sort(),
    ).toEqual([
      'checkpoints',
      'curated',
      'feed',
      'forgetting.json',
      'forgetting.svg',
      'measurements.csv',
      'model',
      'report.md',
      'scalars.csv',
      'training.json',
    ]);
    expect(recordIn(output)).toMatchObject({ status: 'done', measurements: measured });
    expect(readFileSync(join(output, 'report.md'), 'utf8')).toMatch(
      /\| code \| \d\.\d{3} \| \d\.\d{3} \| \d\.\d{3} \| -\d/,
    );
    expect(readFileSync(join(output, 'scalars.csv'), 'utf8').split('\n')[0]).toBe(
      'step,tokens_seen,loss,learning_rate,gradient_norm,tokens_per_second,loss/code,loss/news,loss/web,' +
        'weight/code,weight/news,weight/web',
    );
    const { config } = await loadModel(join(output, 'model'));
    expect([config.vocabulary, config.bosToken]).toEqual([257, 256]);
    const again = await all(small(), { input, output });
    expect(again.map((e) => e.type)).toEqual(['curating', 'finished']);
    expect(again.at(-1)).toMatchObject({ already: true });
  });

  it('measures what a scorer of its model measures on the documents that are held out', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'out');
    const store = await tokenStore(folder);
    // Documents of up to 100 bytes: each is one sequence, and one window of the scorer.
    const recipe = small({ model: { width: 16, layers: 1, heads: 2, context: 128 } }, { context: 128, sequences: 2 });
    await all(recipe, { input: [store], output });
    const base = await baseModel(recipe);
    const { feed, heldOut } = await openTrainingFeed(
      recipe,
      base,
      { fresh: [store], old: [] },
      join(folder, 'f'),
      null,
    );
    await feed.close();
    const files = new TokenFiles();
    const texts = heldOut.map(({ bin, begin, length, domain }) => {
      const ids = new Uint16Array(length);
      files.read(bin, begin, ids);
      return { domain, text: Buffer.from(ids.subarray(0, -1)).toString() };
    });
    files.close();
    expect(texts.length).toBeGreaterThan(6);
    const info = modelFolderInfo(join(output, 'model'));
    const scorer = await neuralScorer({ ...(await loadScoringModel(info)), ...info, executor });
    const { nllSum, bytes } = await scorer.score(utf8Column(texts.map((t) => t.text)));
    await scorer.close?.();
    const bitsOf = (domain: string): number => {
      const sum = (values: ArrayLike<number>): number =>
        texts.reduce((n, t, i) => (t.domain === domain ? n + values[i] : n), 0);
      return sum(nllSum) / sum(bytes) / Math.LN2;
    };
    const { byDomain } = recordIn(output).measurements.at(-1)!;
    for (const [domain, bits] of Object.entries(byDomain)) expect(bits).toBeCloseTo(bitsOf(domain), 4);
  });

  it('goes on with a model that was trained here, with old text replayed and measured', async () => {
    const folder = await temporaryFolder();
    const second = join(folder, 'second');
    await tokenStore(folder);
    const first = await whole(plain);
    const more = join(folder, 'more', 'fresh');
    writeDomains(more, 2, 40);
    const recipe = small({ model: join(first, 'model'), replay: { share: 0.25 } }, { tokens: 8 * 4 * 32 });
    const events = await all(recipe, { input: [join(folder, 'more')], replay: [join(folder, 'in')], output: second });
    const { domains, measurements } = recordIn(second);
    expect(domains).toEqual(['fresh', 'old/code', 'old/news', 'old/web']);
    const steps = events.filter((e) => e.type === 'step');
    const { fresh, ...old } = steps[3].weights;
    expect(fresh).toBeCloseTo(0.75, 12);
    expect(Object.values(old).reduce((a, b) => a + b, 0)).toBeCloseTo(0.25, 12);
    // It begins where the first training ended.
    const before = recordIn(first).measurements.at(-1)!;
    expect(measurements[0].byDomain['old/code']).toBeCloseTo(before.byDomain.code, 0);
    expect(measurements[0].bitsPerByte!).toBeLessThan(7.5);
  });

  it('stopped half way ends with the same weights and numbers, the mixture following losses', async () => {
    const folder = await temporaryFolder();
    const torn = join(folder, 'torn');
    const input = [await tokenStore(folder)];
    const straight = await whole(following);
    expect(await stopped(3, following, { input, output: torn })).toMatchObject({ type: 'stopped', step: 3, steps: 8 });
    expect(await stopped(5, following, { input, output: torn })).toMatchObject({ type: 'stopped', step: 5 });
    const rest = await all(following, { input, output: torn });
    expect(rest.find((e) => e.type === 'start')).toMatchObject({ fromStep: 5 });
    expect(weights(torn).equals(weights(straight))).toBe(true);
    expect(recordIn(torn)).toEqual(recordIn(straight));
    // Weights moved, so there was something to get wrong.
    const shares = readFileSync(join(straight, 'scalars.csv'), 'utf8').split('\n').slice(1, -1);
    expect(new Set(shares.map((line) => line.split(',').at(-1))).size).toBeGreaterThan(2);
  });

  it.each<[string, ContinualInput['training']]>([
    ['dropout', { transforms: [dropout({ rate: 0.1 })] }],
    ['LoRA', { transforms: [lora({ rank: 2 })] }],
    ['half fine-tuning and Coupled Adam', { transforms: [halfFineTuning()], coupledAdam: true }],
    ['parts of a step', { accumulate: 2 }],
  ])('with %s is resumed bit for bit, and gives other weights than without', async (_, training) => {
    const folder = await temporaryFolder();
    const [straight, torn] = ['straight', 'torn'].map((name) => join(folder, name));
    const input = [await tokenStore(folder)];
    await all(small({}, training), { input, output: straight });
    await stopped(3, small({}, training), { input, output: torn });
    await all(small({}, training), { input, output: torn });
    expect(weights(torn).equals(weights(straight))).toBe(true);
    expect(weights(straight).equals(weights(await whole(plain)))).toBe(false);
  });

  it('goes on where the log of its mixture is lost, with the same weights', async () => {
    const folder = await temporaryFolder();
    const torn = join(folder, 'torn');
    const input = [await tokenStore(folder)];
    await stopped(5, following, { input, output: torn });
    writeFileSync(join(torn, 'feed/mixture.jsonl'), '');
    await all(following, { input, output: torn });
    expect(weights(torn).equals(weights(await whole(following)))).toBe(true);
  });

  it('on an open schedule is made longer, and annealed from where it stands', async () => {
    const folder = await temporaryFolder();
    const [long, output] = [join(folder, 'long'), join(folder, 'out')];
    const input = [await tokenStore(folder)];
    const schedule = infinite({ warmup: 2, cooldown: 2, constant: 0.5, final: 0.05 });
    await all(small({}, { schedule, tokens: 6 * 128 }), { input, output: long });
    await all(small({}, { schedule, tokens: 4 * 128 }), { input, output });
    await all(small({}, { schedule, tokens: 6 * 128 }), { input, output });
    expect(weights(output).equals(weights(long))).toBe(true);
    const events = await all(small({}, { schedule, tokens: 6 * 128 }), { input, output, anneal: 2 });
    const rates = events.flatMap((e) => (e.type === 'step' ? [[e.step, e.learningRate]] : []));
    expect(rates.map(([step]) => step)).toEqual([7, 8]);
    expect(rates[1][1]).toBeCloseTo(0.05 * 1e-2, 12);
    expect(recordIn(output).plans.map((p) => [p.fromStep, p.steps])).toEqual([
      [0, 4],
      [4, 6],
      [6, 8],
    ]);
    await expect(all(small(), { input, output, anneal: 2 })).rejects.toThrow(/expected an infinite schedule/);
  });
});

describe('a training refuses', () => {
  it('to go on with anything else that decides the weights, by name', async () => {
    const folder = await temporaryFolder();
    const input = [await tokenStore(folder)];
    const output = join(folder, 'out');
    await stopped(3, small(), { input, output });
    const others: [Partial<ContinualInput>, ContinualInput['training'], RegExp][] = [
      [{}, { learningRate: 0.02 }, /another highest learning rate: 0\.01, now 0\.02/],
      [{}, { schedule: constant() }, /another schedule: \{"name":"rewarm"/],
      [{ seed: 7 }, {}, /another (model|seed): /],
      [{}, { sequences: 2, tokens: 8 * 64 }, /another number of sequences a step: 4, now 2/],
      [{}, { tokens: 9 * 128 }, /another number of steps: 8, now 9/],
      [{ mixture: bandit() }, {}, /another mixture: .*"proportional".*now .*"bandit"/],
      [{}, { clip: 2 }, /another set of options of the optimizer: .*"clip":1.*now .*"clip":2/],
      [{ model: { width: 24, layers: 1, heads: 2, context: 32 } }, {}, /another model: /],
      [{ heldOut: { tokens: 100, share: 0.1 } }, {}, /another set of held-out documents: /],
    ];
    for (const [changed, training, says] of others) {
      const refused = all(small(changed, training), { input, output });
      await expect(refused).rejects.toBeInstanceOf(ConfigError);
      await refused.catch((error: ConfigError) => expect(error.parts.problem).toMatch(says));
    }
    // What was there is still whole.
    expect((await all(small(), { input, output })).at(-1)).toMatchObject({ type: 'finished', already: false });
  });

  it('tokens of another vocabulary than the model has', async () => {
    const folder = await temporaryFolder();
    const input = [await tokenStore(folder)];
    await expect(all(small({ model: 'prose' }), { input, output: join(folder, 'out') })).rejects.toThrow(
      /expected tokens of the model's tokenizer \(hash \w+, 4096 ids\), got tokens of bytes/,
    );
  });

  it('sequences that are longer than the model’s context', async () => {
    const folder = await temporaryFolder();
    const input = [await tokenStore(folder)];
    await expect(all(small({}, { context: 64 }), { input, output: join(folder, 'out') })).rejects.toThrow(
      /expected sequences of at most 32 tokens, the model's context, got 64/,
    );
  });

  it('no input, a folder of something else, and files beside runs', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'out');
    await expect(all(small(), { output })).rejects.toThrow(/expected something to train on, got no input/);
    const store = await tokenStore(folder);
    await expect(all(small(), { input: [store], output: store })).rejects.toThrow(/a folder with other files/);
    await expect(all(small(), { input: [store, join(folder, 'in')], output })).rejects.toThrow(
      /files to read, got both/,
    );
  });

  it('begins anew with --fresh, and leaves what is not its own', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'out');
    const input = [await tokenStore(folder)];
    cpSync(await whole(plain), output, { recursive: true });
    const before = weights(output);
    writeFileSync(join(output, 'note.txt'), 'mine');
    const events = await all(small({ seed: 5 }), { input, output, fresh: true });
    expect(events.find((e) => e.type === 'start')).toMatchObject({ fromStep: 0 });
    expect(weights(output).equals(before)).toBe(false);
    expect(readFileSync(join(output, 'note.txt'), 'utf8')).toBe('mine');
  });
});
