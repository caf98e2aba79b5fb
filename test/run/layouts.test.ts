import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { annotate, c4, decontaminate, dedup, drop, gopherQuality, recipe, rule, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { madeDocuments, spannedDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';

/** Drops on both sides of the barrier, so that survivors depend on what was dropped before. */
const both = recipe({
  name: 'layouts',
  splitBytes: 64 * 1024,
  steps: [
    annotate(textStatistics(), { step: 'before' }),
    drop('empty', [rule('text_chars < 1', { name: 'empty' })]),
    dedup.exact(),
    annotate(gopherQuality(), { step: 'after' }),
    drop('words', [rule('gopher_word_count < 50', { name: 'min_words' })], { where: { domain: ['code'], not: true } }),
  ],
});

/** A rewrite before a barrier: cut spans in the ledger, and copies that are copies only once lines are cut. */
const rewriting = recipe({
  name: 'rewriting',
  splitBytes: 64 * 1024,
  steps: [c4({ minWordsPerLine: 7, minSentences: 1 }), dedup.exact(), annotate(textStatistics(), { step: 'after' })],
});

const benchmarks = [join(import.meta.dirname, '../fixtures/questions.jsonl')];

/** Barriers one after the other, with what the ledger says of each: the rule of its cuts or drops. */
const barriers = [
  {
    steps: [
      dedup.boilerplate({ moreThan: 3 }),
      dedup.lines({ normalize: 'letters' }),
      dedup.substring({ minWords: 20 }),
    ],
    finds: ['boilerplate', 'duplicate_line', 'duplicate_substring'],
  },
  {
    steps: [decontaminate({ benchmarks, action: 'cut' }), dedup.paragraphs(), dedup.sentences({ minWordsLeft: 20 })],
    finds: ['"decontam_found":1', 'duplicate_paragraph', 'duplicate_sentences'],
  },
  {
    steps: [dedup.minhash({ saveIndex: true, threshold: 0.5 }), dedup.substring({ minBytes: 100 })],
    finds: ['near_duplicate', 'duplicate_substring'],
  },
];

/** All rows of a folder of Parquet files as sorted JSON, without the columns that tell where a document stood. */
async function rowsOf(folder: string): Promise<string[]> {
  const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.parquet')) : [];
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const list = files.map((f) => `'${join(folder, f)}'`).join(',');
  const reader = await connection.runAndReadAll(
    "SELECT to_json(t) AS row FROM (SELECT COLUMNS(c -> c NOT IN ('file', 'block', 'offset', 'row', " +
      `'duplicate_of')) FROM read_parquet([${list}])) t`,
  );
  const rows = reader.getRowObjects().map((r) => String(r.row));
  connection.closeSync();
  return rows.sort();
}

describe('file layout', () => {
  it.each([both, rewriting])('changes no row of $name: the same documents in 1 and 11 files', async (recipe_) => {
    const folder = await temporaryFolder();
    const documents = madeDocuments(480, 11);
    const results: { documents: string[]; ledger: string[] }[] = [];
    for (const files of [1, 11]) {
      const output = join(folder, `out-${files}`);
      await writeCorpus(join(folder, `in-${files}`), documents, files);
      await runToEnd(recipe_, { input: [join(folder, `in-${files}/*.jsonl`)], output, workers: 2 });
      results.push({
        documents: await rowsOf(join(output, 'documents')),
        ledger: await rowsOf(join(output, 'ledger')),
      });
    }
    expect(results[0].ledger.length).toBe(480);
    expect(results[0].documents.length).toBeGreaterThan(160);
    expect(results[1]).toEqual(results[0]);
  });

  it.each(barriers)('and workers change no row of the steps that find $finds', async ({ steps, finds }) => {
    const folder = await temporaryFolder();
    const of = recipe({ name: 'spans', splitBytes: 32 * 1024, steps });
    const documents = spannedDocuments(160, 7);
    const results: { documents: string[]; ledger: string[]; index: Buffer | null }[] = [];
    const run = async (files: number, workers: number): Promise<string> => {
      const output = join(folder, `out-${files}-${workers}`);
      await runToEnd(of, { input: [join(folder, `in-${files}/*.jsonl`)], output, workers });
      return output;
    };
    for (const files of [1, 7]) {
      await writeCorpus(join(folder, `in-${files}`), documents, files);
      const output = await run(files, 2);
      const index = join(output, 'indexes', 'minhash_dedup.minhash');
      results.push({
        documents: await rowsOf(join(output, 'documents')),
        ledger: await rowsOf(join(output, 'ledger')),
        index: existsSync(index) ? readFileSync(index) : null,
      });
    }
    expect(results[0].ledger.length).toBe(160);
    for (const found of finds)
      expect({ found, rows: results[0].ledger.filter((row) => row.includes(found)).length > 7 }).toEqual({
        found,
        rows: true,
      });
    expect(results[1]).toEqual(results[0]);
    expect(promisedBytes(await run(7, 1))).toEqual(promisedBytes(join(folder, 'out-7-2')));
  });
});
