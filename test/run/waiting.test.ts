import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dedup, operator, type Recipe, recipe } from 'sluice';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { waitingError } from '../../src/run/split/waiting.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';

const answers = operator({
  call: 'answers()',
  name: 'answers',
  stage: { module: new URL('../helpers/answers-stage.mjs', import.meta.url).href, export: 'answers' },
  options: z.strictObject({ ready: z.string(), word: z.string() }),
  versions: ['answers@1'],
  effects: { annotates: true },
});

const asking = (ready: string): Recipe =>
  recipe({ name: 'asking', splitBytes: 30_000, steps: [answers({ ready, word: 'heron' }), dedup.exact()] });

/** Four files of a split each; the second and the fourth have a document with the word in it. */
async function project() {
  const folder = await temporaryFolder();
  for (let file = 0; file < 4; file++) {
    const lines = Array.from({ length: 40 }, (_, i) => {
      const word = file % 2 === 1 && i === 7 ? 'heron' : 'stork';
      return JSON.stringify({
        id: `${file}-${i}`,
        text: `The ${word} number ${i} of file ${file} ${'stands still. '.repeat(40)}`,
      });
    });
    await writeFile(join(folder, `in-${file}.jsonl`), `${lines.join('\n')}\n`);
  }
  const input = [join(folder, 'in-*.jsonl')];
  const ready = join(folder, 'ready');
  return { folder, input, ready };
}

it('documents without an answer have no outcome; the same command redoes their splits, and only those', async () => {
  const { folder, input, ready } = await project();
  const output = join(folder, 'out');
  const first = runToEnd(asking(ready), { input, output, workers: 2 });
  await expect(first).rejects.toMatchObject({ code: 'waiting' });
  await expect(first).rejects.toThrow(
    /an outcome for every document, got 2 without one in 2 of the splits; the first: in-[13]\.jsonl#0\.\d+ \(no answer/,
  );
  await expect(runToEnd(asking(ready), { input, output })).rejects.toMatchObject({ code: 'waiting' });
  await writeFile(ready, '');
  const { events, last } = await runToEnd(asking(ready), { input, output, workers: 1 });
  const planned = events.find((e) => e.type === 'planned');
  expect(planned).toMatchObject({ splits: 4, resumedSplits: 2 });
  expect(last).toMatchObject({ type: 'finished', result: { totals: { kept: { documents: 160 } } } });
  const whole = join(folder, 'whole');
  await runToEnd(asking(ready), { input, output: whole });
  expect(promisedBytes(output)).toEqual(promisedBytes(whole));
});

it('says what to check where the server refuses for good', () => {
  const fix = (reason: string) => waitingError([{ documents: 1, position: 'a#0.0', reason }], 'out').message;
  expect(fix('m: key (status 401)')).toMatch(/Check the key in SLUICE_API_KEY.*key_from/);
  expect(fix('m: setup (status 404: no model m)')).toContain('--model, --endpoint');
  expect(fix('m: timeout (no answer)')).toContain('Run the same command again');
});
