import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnnotatorDescriptor, annotate, type Recipe, type RunEvent, recipe, run } from 'sluice';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';
import { leftovers } from './harness.ts';

const descriptor: AnnotatorDescriptor = {
  name: 'mortal',
  version: 1,
  module: new URL('./mortal.mjs', import.meta.url).href,
  export: 'mortal',
  options: {},
  reads: [],
  writes: [{ name: 'mortal_one', type: 'int32' }],
};

/** Splits of two batches, so that a thread that dies in the second leaves something half done. */
const mortal = (): Recipe =>
  recipe({ name: 'mortal', splitBytes: 1.5e6, steps: [annotate(descriptor, { step: 'scores' })] });

afterEach(() => {
  delete process.env.SLUICE_MORTAL;
});

let shared = '';
beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'sluice-workers-'));
  await writeCorpus(join(shared, 'in'), madeDocuments(3000, 5), 2);
  await runToEnd(mortal(), { input: [join(shared, 'in/*.jsonl')], output: join(shared, 'whole'), workers: 2 });
});
afterAll(() => rm(shared, { recursive: true, force: true }));

async function project() {
  const folder = await temporaryFolder();
  const input = [join(shared, 'in/*.jsonl')];
  const file = join(folder, 'deaths');
  await writeFile(file, '');
  const dying = (how: 'exit' | 'memory' | 'throw', when: 'start' | 'batch', times: number): void => {
    process.env.SLUICE_MORTAL = JSON.stringify({ file, how, when, times });
  };
  const deaths = (): number => readFileSync(file).length;
  return { folder, input, output: join(folder, 'out'), bytes: promisedBytes(join(shared, 'whole')), dying, deaths };
}

const retries = (events: readonly RunEvent[]) => events.filter((e) => e.type === 'retried');

describe('a thread that dies', () => {
  it.each([
    ['exit', 'it exited with code 7'],
    ['memory', 'it ran out of memory'],
    ['throw', 'Error: outside of every promise'],
  ] as const)(
    'by %s does not end the run: its split is done again on another, to the same bytes',
    async (how, cause) => {
      const { input, output, bytes, dying, deaths } = await project();
      dying(how, 'batch', 1);
      const { last, events } = await runToEnd(mortal(), { input, output, workers: 2 });
      expect(last.type).toBe('finished');
      expect(deaths()).toBe(1);
      expect(retries(events).length).toBe(1);
      const task = expect.stringMatching(/^split \d \(part-00\d\.jsonl\)$/);
      expect(retries(events)[0]).toEqual({ type: 'retried', task, cause, attempt: 1, attempts: 2 });
      expect(promisedBytes(output)).toEqual(bytes);
      expect(leftovers(output)).toEqual([]);
    },
  );

  it(
    'again and again before its first document ends the run with the split and the file named, and the ' +
      'same command goes on',
    async () => {
      const { input, output, bytes, dying, deaths } = await project();
      dying('exit', 'start', 3);
      const events: RunEvent[] = [];
      const failed = new Promise<Error>((resolve, reject) =>
        run(mortal(), { input, output, workers: 1 }).subscribe({
          next: (e) => void events.push(e),
          error: resolve,
          complete: () => reject(new Error('it ended well')),
        }),
      );
      expect((await failed).message).toBe(
        'split 0 (part-000.jsonl): expected a worker thread to finish its task, got a thread that died 3 ' +
          'times: it exited with code 7. ' +
          'Check the steps that run your own code: process.exit() ends the thread. Committed work is kept.',
      );
      expect(deaths()).toBe(3);
      expect(retries(events).length).toBe(2);
      expect(leftovers(output)).toEqual([]);
      await runToEnd(mortal(), { input, output, workers: 2 });
      expect(promisedBytes(output)).toEqual(bytes);
      expect(leftovers(output)).toEqual([]);
    },
  );
});
