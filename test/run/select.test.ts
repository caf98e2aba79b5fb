import { join } from 'node:path';
import { annotate, ngramPerplexity, recipe, select } from 'sluice';
import { beforeAll, describe, expect, it } from 'vitest';
import { ngramTrainer, writeNgram } from '../../src/models/ngram/index.ts';
import { generator, madeDocuments, prose, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';

let text: string[] = [];
beforeAll(() => {
  const random = generator(77);
  text = Array.from({ length: 50 }, () => prose(random, 80));
});

async function modelIn(folder: string, texts: readonly string[]): Promise<string> {
  const trainer = ngramTrainer({ order: 3, prune: [0] });
  for (const t of texts) trainer.add(t);
  const path = join(folder, 'm.ngram');
  await writeNgram(path, trainer.finish());
  return path;
}

/** Scores, buckets of each domain, the middle half over all, and then the best four fifths of each domain. */
const selecting = (model: string) =>
  recipe({
    name: 'selecting',
    splitBytes: 64 * 1024,
    steps: [
      annotate(ngramPerplexity({ model }), { step: 'perplexity' }),
      select.buckets(),
      select.byPerplexity({ criterion: 'medium', rate: 0.5 }),
      select.byRank({ column: 'ppl_tokens', keep: 'high', rate: 0.8, within: 'domain', nulls: 'drop' }),
    ],
  });

const ledger = (output: string): string => `read_parquet('${join(output, 'ledger')}/*.parquet')`;

describe('selection in a run', () => {
  it('keeps the same documents from 1 and 24 files, with 1 and 2 workers', async () => {
    const folder = await temporaryFolder();
    const model = await modelIn(folder, text);
    const documents = madeDocuments(600, 21);
    const results: unknown[] = [];
    for (const [files, workers] of [
      [1, 1],
      [24, 2],
    ]) {
      const output = join(folder, `out-${files}`);
      await writeCorpus(join(folder, `in-${files}`), documents, files);
      await runToEnd(selecting(model), { input: [join(folder, `in-${files}/*.jsonl`)], output, workers });
      results.push(
        await query(
          'SELECT id, outcome, step, rule, value, threshold, ppl, ppl_bucket, ppl_unscored FROM ' +
            `${ledger(output)} ORDER BY id`,
        ),
      );
    }
    expect((results[0] as unknown[]).length).toBe(600);
    expect(results[1]).toEqual(results[0]);
  });

  it('writes the same bytes with any number of workers, and agrees with SQL', async () => {
    const folder = await temporaryFolder();
    const model = await modelIn(folder, text);
    await writeCorpus(join(folder, 'in'), madeDocuments(900, 22), 3);
    const input = [join(folder, 'in/*.jsonl')];
    const output = join(folder, 'one');
    await runToEnd(selecting(model), { input, output, workers: 1 });
    await runToEnd(selecting(model), { input, output: join(folder, 'two'), workers: 2, memory: 3e8 });
    expect(promisedBytes(join(folder, 'two'))).toEqual(promisedBytes(output));

    const rows = `(SELECT *, row_number() OVER (ORDER BY file, block, "offset") AS place FROM ${ledger(output)})`;
    const [wrong] = await query(
      `WITH ranked AS (
         SELECT step, row_number() OVER (ORDER BY ppl, place) - 1 AS rank, count(*) OVER () AS n
           FROM ${rows} WHERE ppl IS NOT NULL)
       SELECT count(*)::INT AS rows, count(*) FILTER ((step IS NOT DISTINCT FROM 'select_perplexity')
         = (rank BETWEEN floor((n - round(n / 2)) / 2)
           AND floor((n - round(n / 2)) / 2) + round(n / 2) - 1))::INT AS wrong FROM ranked`,
    );
    expect(wrong.wrong).toBe(0);
    expect(wrong.rows).toBeGreaterThan(800);
    // Every row dropped by rank says truly on which side of which cut it was; the empty ones were dropped for want of a
    // value.
    const reasons = await query(
      `SELECT rule, count(*)::INT AS n, bool_and(CASE rule WHEN 'ppl_rank_above' THEN value >= threshold
         WHEN 'ppl_tokens_rank_missing' THEN value IS NULL AND threshold IS NULL ELSE value <= threshold END) AS holds
       FROM ${ledger(output)} WHERE outcome = 'dropped' GROUP BY rule ORDER BY rule`,
    );
    expect(reasons.map((r) => [r.rule, r.holds])).toEqual([
      ['ppl_rank_above', true],
      ['ppl_rank_below', true],
      ['ppl_tokens_rank_below', true],
      ['ppl_tokens_rank_missing', true],
    ]);
    const buckets = await query(
      `WITH counted AS (SELECT domain, ppl_bucket AS bucket, count(*) AS n FROM ${ledger(output)}
         WHERE ppl IS NOT NULL GROUP BY domain, ppl_bucket)
       SELECT domain, bucket, round(n / sum(n) OVER (PARTITION BY domain), 1) AS share
         FROM counted ORDER BY domain, bucket`,
    );
    expect(buckets).toEqual(
      ['code', 'web'].flatMap((domain) =>
        [
          ['head', 0.3],
          ['middle', 0.3],
          ['tail', 0.4],
        ].map(([bucket, share]) => ({ domain, bucket, share })),
      ),
    );
  });

  it('does not resume with another model', async () => {
    const folder = await temporaryFolder();
    const model = await modelIn(folder, text);
    await writeCorpus(join(folder, 'in'), madeDocuments(60, 23));
    const run = () =>
      runToEnd(selecting(model), { input: [join(folder, 'in/*.jsonl')], output: join(folder, 'out'), workers: 1 });
    await run();
    await modelIn(folder, text.slice(1));
    await expect(run()).rejects.toThrow(
      /expected the recipe this run was started with, got a different one: .*options\.hash was/,
    );
  });
});
