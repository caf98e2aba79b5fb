import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { annotate, as, ngramPerplexity, parquet, perplexity, recipe, run } from 'sluice';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunJson } from '../../src/ledger/run-json.ts';
import { saveModel } from '../../src/models/folders/hugging-face.ts';
import { HashList, writeTrainedOn } from '../../src/models/folders/trained-on.ts';
import { GRAPHS } from '../../src/models/graph/graph.ts';
import { newModel } from '../../src/models/new-model.ts';
import { trainNgram, writeNgram } from '../../src/models/ngram/index.ts';
import { executorsOf } from '../../src/run/directory/identity.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { temporaryFolder } from '../helpers/run.ts';

let folder: string;
let model: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  model = join(folder, 'tiny');
  await tinyModel(3);
  await writeCorpus(join(folder, 'in'), madeDocuments(12, 5), 2);
});

const named = process.env.SLUICE_EXECUTOR;
afterEach(() => {
  if (named === undefined) delete process.env.SLUICE_EXECUTOR;
  else process.env.SLUICE_EXECUTOR = named;
});

async function tinyModel(seed: number): Promise<void> {
  await mkdir(model, { recursive: true });
  await saveModel(newModel({ vocabulary: 257, width: 16, layers: 1, heads: 2, context: 32 }, seed), model);
  const record = { status: 'done', tokenizer: { name: 'bytes', start: 256 }, reference: { groupBy: 'text' } };
  await writeFile(join(model, 'sluice.json'), JSON.stringify(record));
}

const scoring = (more = {}) =>
  recipe({ name: 'scores', splitBytes: 4096, steps: [perplexity({ model, ...more })], sinks: [parquet()] });
const start = (output: string, stop?: AbortSignal) =>
  lastValueFrom(
    run(scoring(), { input: [join(folder, 'in/*.jsonl')], output: join(folder, output), workers: 1, stop }),
  );
const runJson = async (output: string): Promise<RunJson> =>
  JSON.parse(await readFile(join(folder, output, 'run.json'), 'utf8')) as RunJson;

/** A run that was stopped before its first split. */
async function stopped(output: string): Promise<RunJson> {
  expect(await start(output, AbortSignal.abort())).toMatchObject({ type: 'stopped' });
  return runJson(output);
}

describe('a run with a language model', () => {
  it('records the executor that scored, and the model by its hash', async () => {
    process.env.SLUICE_EXECUTOR = 'onnxruntime-cpu';
    await start('recorded');
    const { executors, versions } = await runJson('recorded');
    expect(executors).toEqual([
      {
        step: 'perplexity',
        executor: 'onnxruntime-cpu',
        library: 'onnxruntime-node',
        version: '1.30.0',
        provider: 'cpu',
        threads: 1,
        precision: 'float32',
        graphs: GRAPHS,
        processor: executors[0].processor,
      },
    ]);
    expect(executors[0].processor).toMatch(new RegExp(`^${process.arch} \\S`));
    expect(versions[1]).toMatch(/^model [0-9a-f]{16}$/);
  });

  it('shows progress of its model within a batch, never less than before and never more than all', async () => {
    await writeCorpus(join(folder, 'in'), madeDocuments(600, 6), 1);
    const steps = [perplexity({ model }), perplexity({ model, as: 'again', step: 'again' })];
    const two = recipe({ name: 'two-models', steps, sinks: [parquet()] });
    const options = { input: [join(folder, 'in/*.jsonl')], output: join(folder, 'shown'), workers: 1 };
    const events = (await lastValueFrom(run(two, options).pipe(toArray()))) as RunEvent[];
    const progress = events.filter((e) => e.type === 'progress');
    const done = progress.map((e) => e.doneTextBytes);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(progress[0].expectedTextBytes);
    // One split, and one batch in it: nothing is kept yet, and yet it moves.
    const { totals } = await runJson('shown');
    const within = progress.filter((e) => e.counters.kept.documents === 0 && e.doneTextBytes > 0);
    expect(within.length).toBeGreaterThan(0);
    for (const e of within) expect(e.doneTextBytes + e.waitingTextBytes).toBeLessThanOrEqual(totals!.read.bytes + 1);
  });

  it('does not go on with another executor, and says how it would', async () => {
    process.env.SLUICE_EXECUTOR = 'onnxruntime-cpu';
    const { executors } = await stopped('other');
    process.env.SLUICE_EXECUTOR = 'onnxruntime-wasm';
    const text = await readFile(join(folder, 'other/run.json'), 'utf8');
    const record = JSON.parse(text) as RunJson;
    await expect(executorsOf('out', scoring(), record)).rejects.toThrow(
      'out, step perplexity: expected scores from onnxruntime-node 1.30.0 cpu, float32, which scored this ' +
        'run so far, got onnxruntime-web 1.30.0 wasm, float32. Resume with ' +
        'SLUICE_EXECUTOR=onnxruntime-cpu, or start over with --fresh: executors differ in the last digits.',
    );
    process.env.SLUICE_EXECUTOR = 'onnxruntime-cpu';
    expect(await executorsOf('out', scoring(), record)).toEqual(executors);
  });

  it('does not go on on another class of processor, or with another version', async () => {
    process.env.SLUICE_EXECUTOR = 'onnxruntime-cpu';
    const record = await stopped('versions');
    const changed = (change: object): RunJson => ({ ...record, executors: [{ ...record.executors[0], ...change }] });
    await expect(executorsOf('out', scoring(), changed({ processor: 'x64 none' }))).rejects.toThrow(
      /expected scores from onnxruntime-node 1\.30\.0 cpu, float32, on x64 none.*Resume on that machine, or start over/,
    );
    await expect(executorsOf('out', scoring(), changed({ version: '1.29.0' }))).rejects.toThrow(
      /Resume with SLUICE_EXECUTOR=onnxruntime-cpu and onnxruntime-node 1\.29\.0, or start over with --fresh/,
    );
    // What is done needs no executor any more.
    const done: RunJson = { ...changed({ version: '1.29.0' }), status: 'done' };
    expect((await executorsOf('out', scoring(), done))[0].version).toBe('1.29.0');
  });

  it('does not go on with a model of which a byte was changed', async () => {
    await stopped('model');
    await tinyModel(4);
    await expect(start('model')).rejects.toThrow(
      /expected the rule versions of the run in this folder \(model [0-9a-f]{16}\), got model [0-9a-f]/,
    );
    await tinyModel(3);
    expect(await start('model')).toMatchObject({ type: 'finished' });
  });

  it('goes on with a model that was moved, and says nothing of it when another option differs', async () => {
    await stopped('moved');
    await mkdir(join(folder, 'elsewhere'));
    await rename(model, join(folder, 'elsewhere/renamed'));
    model = join(folder, 'elsewhere/renamed');
    const other = scoring({ maxTokens: 9 });
    const options = { input: [join(folder, 'in/*.jsonl')], output: join(folder, 'moved'), workers: 1 };
    await expect(lastValueFrom(run(other, options))).rejects.toThrow(
      'got a different one: recipe.steps.0.options.maxTokens was 1000000, is 9.',
    );
    expect(await start('moved')).toMatchObject({ type: 'finished' });
  });

  it('goes on with an n-gram model that was moved, under another prefix too', async () => {
    const ngram = (path: string) => {
      const own = ngramPerplexity({ model: path });
      return recipe({ name: 'ngram', splitBytes: 4096, steps: [annotate(own, as(own, 'again'))], sinks: [parquet()] });
    };
    const [here, there] = [join(folder, 'here.ngram'), join(folder, 'there.ngram')];
    await writeNgram(here, await trainNgram(['clean text']));
    const options = { input: [join(folder, 'in/*.jsonl')], output: join(folder, 'ngram'), workers: 1 };
    await lastValueFrom(run(ngram(here), { ...options, stop: AbortSignal.abort() }));
    await rename(here, there);
    expect(await lastValueFrom(run(ngram(there), options))).toMatchObject({ type: 'finished' });
    await writeNgram(there, await trainNgram(['other text']));
    await expect(lastValueFrom(run(ngram(there), options))).rejects.toThrow(
      /a different one: recipe\.steps\.0\.options\.annotators\.0\.options\.hash was/,
    );
  });

  it('does not go on with another list of what the model was trained on', async () => {
    const list = join(model, 'trained-on.bin');
    await writeTrainedOn(list, new HashList());
    await stopped('list');
    await rm(list);
    await expect(start('list')).rejects.toThrow(
      /expected the rule versions of the run in this folder \(model [0-9a-f]{16}\)/,
    );
    await writeTrainedOn(list, new HashList());
    expect(await start('list')).toMatchObject({ type: 'finished' });
  });

  it('refuses a model that is changed after the recipe was made', async () => {
    const made = scoring();
    await tinyModel(5);
    const late = run(made, { input: [join(folder, 'in/*.jsonl')], output: join(folder, 'late'), workers: 1 });
    await expect(lastValueFrom(late)).rejects.toThrow(/It (was )?changed since the run began/);
    await tinyModel(3);
  });
});
