import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { lastValueFrom, tap } from 'rxjs';
import {
  type AnnotatorDescriptor,
  annotate,
  custom,
  type Operator,
  type Predicate,
  parquet,
  perplexity,
  type RunEvent,
  recipe,
  run,
} from 'sluice';
import { afterEach, describe, expect, it } from 'vitest';
import { saveModel } from '../../src/models/folders/hugging-face.ts';
import { newModel } from '../../src/models/new-model.ts';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';
import { leftovers } from './harness.ts';

const descriptor: AnnotatorDescriptor = {
  name: 'asking',
  version: 1,
  module: new URL('./asking.mjs', import.meta.url).href,
  export: 'asking',
  options: {},
  reads: [],
  writes: [{ name: 'asking_one', type: 'int32' }],
};

const DOCUMENTS = 60;
const made = (...steps: Operator[]) =>
  recipe({ name: 'asking', splitBytes: 8192, steps: [annotate(descriptor), ...steps], sinks: [parquet()] });

afterEach(() => {
  delete process.env.SLUICE_ASKING;
});

async function project() {
  const folder = await temporaryFolder();
  await writeCorpus(join(folder, 'in'), madeDocuments(DOCUMENTS, 5), 2);
  return { folder, input: [join(folder, 'in/*.jsonl')], whole: join(folder, 'whole'), output: join(folder, 'out') };
}

async function expectSame(output: string, whole: string): Promise<void> {
  expect(promisedBytes(output)).toEqual(promisedBytes(whole));
  expect(leftovers(output)).toEqual([]);
  const [row] = await query(
    `SELECT count(*) AS rows, count(DISTINCT (file, "offset")) AS positions FROM '${output}/ledger/*.parquet'`,
  );
  expect([Number(row.rows), Number(row.positions)]).toEqual([DOCUMENTS, DOCUMENTS]);
}

describe('a worker that dies while the main thread answers it', () => {
  it('loses no document and counts none twice: a function that is still asked answers nobody', async () => {
    const { folder, input, whole, output } = await project();
    const keep: Predicate = ({ text }) => text.length % 3 !== 0;
    await runToEnd(made(custom('thirds', 1, keep)), { input, output: whole, workers: 2 });

    const name = `sluice-asking-${folder}`;
    process.env.SLUICE_ASKING = JSON.stringify({ channel: name });
    const channel = new BroadcastChannel(name);
    let retried: () => void = () => {};
    const died = new Promise<void>((resolve) => {
      retried = resolve;
    });
    const asked: string[] = [];
    const waiting: Predicate = async (document) => {
      asked.push(document.id);
      if (asked.length === 3) {
        channel.postMessage('end');
        // The thread that asks is gone before it has this answer.
        await died;
      }
      return keep(document);
    };
    const events: RunEvent[] = [];
    const seen = tap((e: RunEvent) => {
      events.push(e);
      if (e.type === 'retried') retried();
    });
    const last = await lastValueFrom(run(made(custom('thirds', 1, waiting)), { input, output, workers: 1 }).pipe(seen));
    channel.close();
    expect(last.type).toBe('finished');
    expect(events.filter((e) => e.type === 'retried')).toMatchObject([{ cause: 'it exited with code 7', attempt: 1 }]);
    // All were asked about once more, those three again.
    expect(new Set(asked).size).toBe(DOCUMENTS);
    expect(asked.length).toBeGreaterThanOrEqual(DOCUMENTS + 3);
    await expectSame(output, whole);
  });

  it('loses no document and counts none twice: a model scores what nobody takes', async () => {
    const { folder, input, whole, output } = await project();
    const model = join(folder, 'tiny');
    await mkdir(model);
    await saveModel(newModel({ vocabulary: 257, width: 16, layers: 1, heads: 2, context: 32 }, 3), model);
    const record = { status: 'done', tokenizer: { name: 'bytes', start: 256 }, reference: { groupBy: 'text' } };
    await writeFile(join(model, 'sluice.json'), JSON.stringify(record));
    const steps = perplexity({ model, executor: 'onnxruntime-cpu' });
    await runToEnd(made(steps), { input, output: whole, workers: 2 });

    const file = join(folder, 'deaths');
    await writeFile(file, '');
    process.env.SLUICE_ASKING = JSON.stringify({ service: 'model', file, times: 1 });
    const { last, events } = await runToEnd(made(steps), { input, output, workers: 1 });
    expect(last.type).toBe('finished');
    expect(readFileSync(file).length).toBe(1);
    expect(events.filter((e) => e.type === 'retried').length).toBe(1);
    await expectSame(output, whole);
  });
});
