import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { decontaminate } from '../../../src/operators/decontaminate/index.ts';
import { makeStage } from '../../../src/operators/stages.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { isValid, stringAt, utf8Slice } from '../../../src/streams/batch/columns.ts';
import { batchOf, type TestDocument } from '../../helpers/batches.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { benchmarkFolder, RECORDS } from './fixture.ts';

type Options = Omit<Parameters<typeof decontaminate>[0], 'benchmarks'>;

async function applied(documents: readonly (string | TestDocument)[], options: Options = {}, benchmarks?: string[]) {
  const { descriptor } = decontaminate({ benchmarks: benchmarks ?? [await benchmarkFolder()], ...options });
  return (await makeStage(descriptor, await loadKernel())).apply(batchOf(documents));
}

interface Found {
  readonly label: string;
  readonly score: number;
  readonly run: number;
  readonly text: string;
}

/** What the columns say of each row: `benchmark/item/part`, measures, and the text between start and end. */
function found(batch: DocumentBatch): (Found | null)[] {
  return Array.from({ length: batch.rows }, (_, i) => {
    if (!isValid(batch.column('decontam_benchmark'), i)) return null;
    const [benchmark, item, part] = ['benchmark', 'item', 'part'].map((n) => stringAt(batch.utf8(`decontam_${n}`), i));
    const number = (name: string): number => Number(batch.number(`decontam_${name}`).values[i]);
    const { values, offsets } = batch.originalText ?? batch.utf8('text');
    const text = utf8Slice(values, offsets[i] + number('start'), offsets[i] + number('end'));
    return { label: `${benchmark}/${item}/${part}`, score: number('score'), run: number('run'), text };
  });
}

const { question, answer, stem, choices, shortQuestion, shortAnswer, passage, code } = RECORDS;
const around = (text: string): string =>
  `Some words that were here — before.\n${text}\nAnd others that follow it here.`;

describe('decontaminate()', () => {
  it('finds question, answer, passage and code, and names item and span', async () => {
    const batch = await applied([question, answer, passage, code, `${stem}\nA. ${choices[0]}`].map(around));
    expect([...batch.alive]).toEqual([0, 0, 0, 0, 0]);
    expect(found(batch).map((f) => f?.label)).toEqual([
      'sums/1/question',
      'sums/1/answer',
      'reading/7/passage',
      'program/Mill/3/answer',
      'choice/mill-1/question',
    ]);
    expect(found(batch)[0]).toMatchObject({ score: 1, run: 27, text: question.slice(0, -1) });
    expect(found(batch)[2]?.text).toBe(passage.slice(0, -1));
  });

  it('sees through case, punctuation, line breaks and single words changed', async () => {
    const words = question.split(' ');
    const variants = [
      question.toUpperCase(),
      question.replace(/[.,?]/g, ''),
      words.join('\n'),
      words.map((w, i) => (i % 9 === 4 ? 'something' : w)).join(' '),
      words.slice(0, 13).join(' '),
    ];
    const batch = await applied(variants.map(around));
    expect(found(batch).map((f) => f?.label)).toEqual(variants.map(() => 'sums/1/question'));
    expect([...batch.alive]).toEqual([0, 0, 0, 0, 0]);
    expect(found(batch).map((f) => f?.run)).toEqual([27, 27, 27, 8, 13]);
    // Of 27 words 3 are changed, and 8 stand in runs of less than five.
    expect(found(batch)[3]?.score).toBe(16 / 27);
  });

  it('leaves text alone that shares phrases, numbers or a few words', async () => {
    const clean = [
      'How many sacks does he grind? Nobody had counted the sacks in that mill.',
      '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15',
      'Which part of a water mill do you like best?',
      'Another mill stood on the left bank of the other river.',
      '',
    ];
    const batch = await applied(clean);
    expect([...batch.alive]).toEqual([1, 1, 1, 1, 1]);
    expect([...batch.number('decontam_found').values]).toEqual([0, 0, 0, 0, 0]);
  });

  it('takes a short question only with its answer behind it', async () => {
    const batch = await applied(
      [around(`${shortQuestion}: ${shortAnswer}`), around(shortQuestion), around(`${shortQuestion} anything else`)],
      { threshold: 0.3, fullWords: 6 },
    );
    expect([...batch.alive]).toEqual([0, 1, 1]);
    expect(found(batch)[0]?.label).toBe('logic/0/question+answer');
  });

  it('cuts the spans out, or only tags', async () => {
    const text =
      `Before.\n${question}\nBetween these there are words that nobody asks about at ` + `all.\n${passage}\nAfter.`;
    const cut = await applied([text, 'untouched'], { action: 'cut' });
    expect(cut.text(0)).toBe('Before.\n\nBetween these there are words that nobody asks about at all.\n\nAfter.');
    expect(cut.text(1)).toBe('untouched');
    expect(cut.textVersion).toBe(1);
    expect([...cut.cuts!.offsets]).toEqual([0, 2, 2]);
    expect(text.slice(cut.cuts!.start[0], cut.cuts!.end[0])).toBe(question);
    const tagged = await applied([text], { action: 'tag' });
    expect([...tagged.alive]).toEqual([1]);
    expect([...tagged.number('decontam_found').values]).toEqual([1]);
    expect(tagged.verdicts).toEqual([]);
  });

  it('judges only the domains of its scope', async () => {
    const documents = ['web', 'eval'].map((domain) => ({ text: question, domain }));
    const batch = await applied(documents, { where: { domain: ['eval'], not: true } });
    expect([...batch.alive]).toEqual([0, 1]);
  });

  it('reads Parquet, other field names, and the thresholds of others', async () => {
    const path = join(await temporaryFolder(), 'own.parquet');
    parquetWriteFile({ filename: path, columnData: [{ name: 'riddle', data: [question], type: 'STRING' }] });
    const options = { fields: { question: ['riddle'] }, threshold: 1, minRun: 13 };
    const half = question.split(' ').slice(0, 12).join(' ');
    const batch = await applied([question, half], options, [path]);
    expect([...batch.alive]).toEqual([0, 1]);
    expect(found(batch)[0]?.label).toBe('own/0/question');
    await expect(applied([question], {}, [path])).rejects.toThrow(/records with a question.*fields riddle/s);
  });

  it('has the hashes of the files in its descriptor, and refuses a file that changed', async () => {
    const folder = await benchmarkFolder();
    const step = decontaminate({ benchmarks: [`${folder}/s*.jsonl`] });
    const files = (s: typeof step) => s.descriptor.options.files as { path: string; name: string; sha256: string }[];
    expect(files(step).map((f) => f.name)).toEqual(['sums']);
    const path = join(folder, 'sums.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('miller', 'baker'));
    await expect(makeStage(step.descriptor, await loadKernel())).rejects.toThrow(/other contents/);
    expect(files(decontaminate({ benchmarks: [path] }))[0].sha256).not.toBe(files(step)[0].sha256);
  });

  it('says what is wrong with its options', async () => {
    const folder = await benchmarkFolder();
    expect(() => decontaminate({ benchmarks: [join(folder, 'nothing*.jsonl')] })).toThrow(/a benchmark file/);
    expect(() => decontaminate({ benchmarks: [folder], ngrams: 3 } as never)).toThrow(/Did you mean ngram/);
    const set = decontaminate({ benchmarks: [] }).set('benchmarks', `${folder}/sums.jsonl,${folder}/logic.jsonl`);
    expect((set.descriptor.options.files as unknown[]).length).toBe(2);
    expect(set.descriptor.unset).toBeUndefined();
    expect(decontaminate({ benchmarks: [] }).descriptor.unset).toBe('benchmarks');
  });
});
