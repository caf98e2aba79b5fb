import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { dedup, recipe } from 'sluice';
import { describe, expect, it } from 'vitest';
import { generator, type MadeDocument, madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';

const steps = { normalized: dedup.normalized(), global: dedup.minhash({ priority: 'metadata.date' }) };
const recipes = [
  recipe({ name: 'global', splitBytes: 32 * 1024, steps: [steps.normalized, steps.global] }),
  recipe({ name: 'streaming', splitBytes: 32 * 1024, steps: [dedup.minhash({ scope: 'streaming', remembered: 60 })] }),
  recipe({ name: 'unchecked', splitBytes: 32 * 1024, steps: [dedup.minhash({ verify: false, method: 'oph' })] }),
];

/** Every third document is a near copy of an earlier one, some words changed; with dates. */
function documents(count: number): MadeDocument[] {
  const random = generator(12);
  const made = madeDocuments(count, 12);
  return made.map((d, i) => {
    const metadata = { ...d.metadata, date: `20${10 + Math.floor(random() * 15)}` };
    if (i % 3 !== 2) return { ...d, metadata };
    const words = made[Math.floor(random() * i)].text.split(' ');
    const text = words.map((w) => (random() < 0.03 ? `changed${i}` : w)).join(' ');
    return { ...d, metadata, text };
  });
}

/** The ledger as sorted JSON, by id instead of position. */
async function ledgerOf(output: string): Promise<string[]> {
  const connection = await (await DuckDBInstance.create()).connect();
  const files = readdirSync(join(output, 'ledger')).map((f) => `'${join(output, 'ledger', f)}'`);
  const all = `read_parquet([${files.join(',')}])`;
  const reader = await connection.runAndReadAll(
    `SELECT a.id, a.step, a.rule, a.similarity, b.id AS twin FROM ${all} a LEFT JOIN ${all} b ON ` +
      `a.duplicate_of = b.file || '#' || b.block || '.' || b."offset"`,
  );
  const rows = reader.getRowObjects().map((r) => JSON.stringify(r));
  connection.closeSync();
  return rows.sort();
}

describe('near duplicates', { timeout: 120_000 }, () => {
  it.each(recipes)('of $name: the same survivors and twins in 1 and 11 files', async (recipe_) => {
    const folder = await temporaryFolder();
    const ledgers: string[][] = [];
    for (const files of [1, 11]) {
      const output = join(folder, `out-${files}`);
      await writeCorpus(join(folder, `in-${files}`), documents(240), files);
      await runToEnd(recipe_, { input: [join(folder, `in-${files}/*.jsonl`)], output, workers: 2 });
      ledgers.push(await ledgerOf(output));
    }
    expect(ledgers[0]).toHaveLength(240);
    expect(ledgers[0].filter((r) => r.includes('near_duplicate')).length).toBeGreaterThan(20);
    expect(ledgers[1]).toEqual(ledgers[0]);
  });

  it.each(recipes)('of $name: the same bytes with any number of workers and any memory', async (recipe_) => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), documents(240), 3);
    const input = [join(folder, 'in/*.jsonl')];
    const bytes = [];
    for (const [k, options] of [{ workers: 1 }, { workers: 3, memory: 64 * 2 ** 20 }].entries()) {
      await runToEnd(recipe_, { input, output: join(folder, `out-${k}`), ...options });
      bytes.push(promisedBytes(join(folder, `out-${k}`)));
    }
    expect(bytes[1]).toEqual(bytes[0]);
  });
});
