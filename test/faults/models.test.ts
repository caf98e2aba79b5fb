import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveModel } from '../../src/models/folders/hugging-face.ts';
import { newModel } from '../../src/models/new-model.ts';
import { trainNgram, writeNgram } from '../../src/models/ngram/index.ts';
import { generator, madeDocuments, prose, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';
import { chain, leftovers, linesOf, runWhole } from './harness.ts';
import { killAtRandom } from './random-kills.ts';

const KILLS = 2;
/** Where results become true; the other calls are those of the runs in `failpoints.test.ts`. */
const CALLS = '^append split/';

let folder: string;
/** What a run that nobody killed leaves, and how long it took. */
let bytes: ReturnType<typeof promisedBytes>;
let wholeMs: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-scores-'));
  const models = join(folder, 'models');
  await mkdir(join(models, 'tiny'), { recursive: true });
  const documents = madeDocuments(60, 5);
  const random = generator(8);
  const clean = Array.from({ length: 20 }, () => prose(random, 80));
  // One document in the input that the n-gram model was trained on, one that holds a benchmark.
  clean.push(documents[0].text);
  await writeNgram(join(models, 'm.ngram'), await trainNgram(clean, { order: 4 }));
  await saveModel(newModel({ vocabulary: 257, width: 16, layers: 2, heads: 2, context: 64 }, 3), join(models, 'tiny'));
  const record = { status: 'done', tokenizer: { name: 'bytes', start: 256 }, reference: { groupBy: 'text' } };
  await writeFile(join(models, 'tiny/sluice.json'), JSON.stringify(record));
  const question = prose(random, 30);
  await writeFile(join(models, 'benchmark.jsonl'), `${JSON.stringify({ question })}\n`);
  documents.push({ ...documents[1], id: 'leaked', text: `${prose(random, 40)}\n${question}\n${prose(random, 40)}` });
  await writeCorpus(join(folder, 'in'), documents, 2);
  process.env.FAULT_MODELS = models;
  const before = performance.now();
  await runWhole({ ...run(), output: join(folder, 'whole'), workers: 2 });
  wholeMs = performance.now() - before;
  bytes = promisedBytes(join(folder, 'whole'));
});
afterAll(async () => {
  delete process.env.FAULT_MODELS;
  await rm(folder, { recursive: true, force: true });
});
/** Two files, each of one split. */
const run = () => ({ recipe: 'scores', input: join(folder, 'in/*.jsonl') });

describe('kill -9 of a run that scores with language models', { timeout: 600_000 }, () => {
  it('at random moments, with one and with two workers, ends with the bytes of an uninterrupted run', async () => {
    const [row] = await query(
      `SELECT count(ppl) AS ngram, count(net) AS net, count(*) FILTER (ppl_unscored = 'trained_on') AS seen,
         count(*) FILTER (step = 'decontaminate') AS leaked FROM '${join(folder, 'whole/ledger/*.parquet')}'`,
    );
    expect(Number(row.net)).toBeGreaterThan(30);
    expect(Number(row.ngram)).toBeGreaterThan(Number(row.net));
    expect([Number(row.seen) > 0, Number(row.leaked)]).toEqual([true, 1]);
    const ended = await killAtRandom(run(), folder, { wholeMs, kills: KILLS, seed: 21 });
    for (const output of ended) {
      expect(promisedBytes(output)).toEqual(bytes);
      expect(leftovers(output)).toEqual([]);
    }
  });

  it('at every commit ends with the bytes of an uninterrupted run', async () => {
    const output = join(folder, 'killed');
    const file = join(folder, 'sites');
    const kills = await chain({ ...run(), output, faults: { root: output, mode: 'chain', file, only: CALLS } });
    expect(kills).toBe(linesOf(file).length);
    const commits = linesOf(file).filter((s) => s.startsWith('append '));
    const each = [0, 1, 2].flatMap((phase) => [0, 1].map((split) => `append split/${phase}:${split}`));
    expect(commits).toEqual(each);
    expect(promisedBytes(output)).toEqual(bytes);
    expect(leftovers(output)).toEqual([]);
    console.log(`${kills} kills`);
  });
});
