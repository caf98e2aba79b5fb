import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, of, toArray } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { saveModel } from '../../../src/models/folders/hugging-face.ts';
import { HashList, writeTrainedOn } from '../../../src/models/folders/trained-on.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { perplexity } from '../../../src/operators/perplexity/perplexity.ts';
import { stage as perplexityStage, scoringSpec } from '../../../src/operators/perplexity/perplexity-stage.ts';
import { scoreParts, textsOf } from '../../../src/operators/perplexity/score-parts.ts';
import { sharedScoringPool } from '../../../src/operators/perplexity/scoring-pool.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { numberAt, stringAt, utf8Column } from '../../../src/streams/batch/columns.ts';
import { groupHasher } from '../../../src/streams/inputs/groups.ts';
import { batchOf } from '../../helpers/batches.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const documents = [
  { text: 'a line of plain prose', domain: 'books' },
  { text: '', domain: 'books' },
  { text: 'seen in training', domain: 'books' },
  { text: 'another page of the same book', domain: 'books' },
  { text: 'let x = 1;', domain: 'code' },
];
const batch = batchOf(documents).withColumns([
  ['metadata', utf8Column(['{}', '{}', '{}', '{"group":"trained book"}', '{}'])],
]);

const nobody = { kernel: await loadKernel(), services: null, load: () => Promise.reject(new Error('none')) };

let folder: string;
beforeEach(async () => {
  folder = join(await temporaryFolder(), 'tiny');
  await mkdir(folder);
  await saveModel(newModel({ vocabulary: 257, width: 16, layers: 1, heads: 2, context: 16 }, 3), folder);
  const record = { status: 'done', tokenizer: { name: 'bytes', start: 256 }, reference: { groupBy: 'metadata.group' } };
  await writeFile(join(folder, 'sluice.json'), JSON.stringify(record));
  const hashes = await groupHasher('metadata.group');
  const list = new HashList();
  list.add(hashes(batch, 2).text, hashes(batch, 3).group);
  await writeTrainedOn(join(folder, 'trained-on.bin'), list);
});

const scored = async (options: Parameters<typeof perplexity>[0]): Promise<DocumentBatch> =>
  (await lastValueFrom(of(batch).pipe(perplexity(options), toArray())))[0];
const numbers = (b: DocumentBatch, name: string) => documents.map((_, i) => numberAt(b.number(name), i));
const reasons = (b: DocumentBatch) => documents.map((_, i) => stringAt(b.utf8('ppl_unscored'), i));

describe('perplexity()', () => {
  it('scores on model workers, and says of every document without a score why', async () => {
    const out = await scored({ model: folder, executor: 'onnxruntime-cpu' });
    expect(reasons(out)).toEqual([null, 'empty', 'trained_on', 'trained_on', null]);
    expect(numbers(out, 'ppl_tokens')).toEqual([21, null, null, null, 10]);
    const [nll] = numbers(out, 'ppl_nll_sum');
    expect(numbers(out, 'ppl')[0]).toBeCloseTo(Math.exp(nll! / 21), 10);
    expect(numbers(out, 'ppl_bits_per_byte')[0]).toBeCloseTo(nll! / 21 / Math.LN2, 10);
    const max = numbers(out, 'ppl_bits_per_byte_max');
    expect(max).toEqual(numbers(out, 'ppl_bits_per_byte'));
    expect(max[2]).toBeNull();
    const cached = numbers(out, 'ppl_cached_bits_per_byte');
    expect(cached.map((v) => v === null)).toEqual([false, true, true, true, false]);
    // So short a document repeats nothing: the model alone, and the price of not being sure of it.
    expect(Math.abs(cached[0]! - max[0]!)).toBeLessThan(1.01 / 21);
    // A model with random weights knows nothing: all of its 257 ids are about as likely.
    expect(numbers(out, 'ppl')[0]).toBeGreaterThan(200);
    expect(numbers(out, 'ppl')[0]).toBeLessThan(330);
  });

  it('names the option that was meant', () => {
    expect(() => perplexity({ modle: folder } as object)).toThrow(
      /perplexity\(\): .*got the option modle.*Did you mean model\?/,
    );
  });

  it('scores the parts of a large batch on several workers, each row as it is scored alone', async () => {
    const words = ['river', 'stone', 'mill', 'wheel', 'night'];
    const text = (k: number): string => Array.from({ length: 12_000 }, (_, i) => words[(i * i + k * i) % 5]).join(' ');
    const batch = batchOf([1, 2, 3].map((k) => ({ text: text(k), domain: 'books' })));
    expect(batch.utf8('text').offsets[3]).toBeGreaterThan(131_072);
    const operator = perplexity({ model: folder, executor: 'onnxruntime-cpu' });
    const pooled = await lastValueFrom(of(batch).pipe(operator));
    const alone = await perplexityStage(operator.descriptor, nobody).apply(batch);
    for (const name of ['ppl_nll_sum', 'ppl_bits_per_byte_max', 'ppl_cached_bits_per_byte'])
      for (let i = 0; i < 3; i++) {
        const [a, b] = [pooled, alone].map((x) => numberAt(x.number(name), i)!);
        expect(Math.abs(a - b) / b).toBeLessThan(1e-5);
      }
    // A new model expects every byte alike; the document tells that its five words come again.
    const [plain, cached] = ['ppl_bits_per_byte', 'ppl_cached_bits_per_byte'].map(
      (n) => numberAt(pooled.number(n), 0)!,
    );
    expect(cached).toBeLessThan(0.2 * plain);
  });

  it('tells how far its worker has come with a batch, while that computes', async () => {
    const long = Array.from({ length: 40 }, (_, i) => ({
      text: `page ${i} of a long book `.repeat(80),
      domain: 'books',
    }));
    const shares: number[] = [];
    let [share, ended] = [() => -1, false];
    const look = (): void => {
      if (share() !== shares.at(-1)) shares.push(share());
      if (!ended) setImmediate(look);
    };
    look();
    const spec = scoringSpec(perplexity({ model: folder, executor: 'onnxruntime-cpu' }).descriptor);
    const b = batchOf(long);
    const parts = textsOf(b, scoreParts(b.alive, b.utf8('text').offsets));
    await sharedScoringPool().score(spec, parts, {
      watch: (ask) => {
        share = ask;
      },
    });
    ended = true;
    expect(share()).toBe(1);
    // Before there was a task, and then run after run.
    expect(shares[0]).toBe(-1);
    expect(shares[1]).toBeLessThan(0.5);
    expect(shares.length).toBeGreaterThan(3);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
  });

  it('leaves documents out of its scope alone, and scores what it was trained on when told to', async () => {
    const out = await scored({
      model: folder,
      executor: 'onnxruntime-cpu',
      where: { domain: ['code'], not: true },
      scoreTrainedOn: true,
    });
    expect(reasons(out)).toEqual([null, 'empty', null, null, null]);
    expect(numbers(out, 'ppl_tokens')).toEqual([21, null, 16, 29, null]);
  });

  it('gives the same scores whatever stands beside a document', async () => {
    const all = await scored({ model: folder, executor: 'onnxruntime-cpu' });
    const alone = await lastValueFrom(
      of(batchOf([documents[4]])).pipe(perplexity({ model: folder, executor: 'onnxruntime-cpu' })),
    );
    expect(numberAt(alone.number('ppl_nll_sum'), 0)).toBeCloseTo(numbers(all, 'ppl_nll_sum')[4]!, 3);
  });

  it('records the model, and is another step once a byte of it has changed', async () => {
    const before = perplexity({ model: folder }).descriptor.versions;
    expect(before[1]).toMatch(/^model [0-9a-f]{16}$/);
    const other = join(await temporaryFolder(), 'tiny');
    await mkdir(other);
    await saveModel(newModel({ vocabulary: 257, width: 16, layers: 1, heads: 2, context: 16 }, 4), other);
    await copyFile(join(folder, 'sluice.json'), join(other, 'sluice.json'));
    expect(perplexity({ model: other }).descriptor.versions).not.toEqual(before);
  });

  it('refuses a folder without a model, and a training that is not finished', async () => {
    const empty = await temporaryFolder();
    expect(() => perplexity({ model: empty })).toThrow(ConfigError);
    expect(() => perplexity({ model: join(empty, 'none') })).toThrow(/not there/);
    await saveModel(newModel({ vocabulary: 257, width: 16, layers: 1, heads: 2, context: 16 }, 4), empty);
    await writeFile(join(empty, 'sluice.json'), JSON.stringify({ status: 'training', tokenizer: { name: 'bytes' } }));
    expect(() => perplexity({ model: empty })).toThrow(/finish first/);
  });
});
