import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
import {
  annotate,
  arrow,
  c4,
  dedup,
  drop,
  gopherQuality,
  gopherRepetition,
  jsonl,
  parquet,
  type RunEvent,
  recipe,
  rule,
  run,
  textStatistics,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';

const MIB = 2 ** 20;

/**
 * Whatever could depend on order or place: drops before and after a barrier, a rewrite on each side of another, every
 * sink, a scope.
 */
const everything = recipe({
  name: 'everything',
  splitBytes: 48 * 1024,
  steps: [
    annotate(textStatistics(), { step: 'before' }),
    drop('empty', [rule('text_chars < 1', { name: 'empty' })]),
    dedup.exact({ step: 'copies' }),
    c4({ minWordsPerLine: 5, minSentences: 1, where: { domain: ['code'], not: true } }),
    dedup.exact({ step: 'copies_after_cuts' }),
    annotate(gopherQuality(), gopherRepetition(), { step: 'after' }),
    drop('words', [rule('gopher_word_count < 70', { name: 'min_words' })]),
  ],
  sinks: [parquet(), jsonl({ name: 'lines' }), arrow({ name: 'tables' })],
});

async function corpus(): Promise<{ folder: string; input: string[] }> {
  const folder = await temporaryFolder();
  await writeCorpus(join(folder, 'in'), madeDocuments(400, 31), 5);
  await appendFile(join(folder, 'in/part-001.jsonl'), '{"text": broken}\n{"id": "no text"}\n');
  return { folder, input: [join(folder, 'in/*.jsonl')] };
}

/** Runs until so many commits are made, then asks it to stop. True when it had nothing left to do. */
async function someCommits(commits: number, options: Parameters<typeof run>[1]): Promise<boolean> {
  const stop = new AbortController();
  let left = commits;
  const count = (e: RunEvent): void => {
    if (e.type === 'commit' && --left <= 0) stop.abort();
  };
  const last = await lastValueFrom(run(everything, { ...options, stop: stop.signal }).pipe(tap(count)));
  return last.type === 'finished';
}

describe('the bytes of a run', () => {
  it('are the same with 1 and 3 workers, little and much memory, and interruptions between', async () => {
    const { folder, input } = await corpus();
    await runToEnd(everything, { input, output: join(folder, 'one'), workers: 1, memory: 256 * MIB });
    const bytes = promisedBytes(join(folder, 'one'));
    expect(Object.keys(bytes).map((path) => path.replace(/part-\d+-of-\d+/, 'part'))).toEqual([
      'documents/part.parquet',
      'ledger/part.parquet',
      'quarantine/part.jsonl',
      'sinks/lines/part.jsonl.zst',
      'sinks/tables/part.arrow',
      'totals',
    ]);
    const totals = JSON.parse(bytes.totals) as { [k: string]: { documents: number } } & { cutBytes: number };
    expect(totals.read.documents).toBe(402);
    expect(totals.kept.documents).toBeGreaterThan(120);
    expect(totals.cutBytes).toBeGreaterThan(1000);

    await runToEnd(everything, { input, output: join(folder, 'three'), workers: 3, memory: 16 * MIB });
    expect(promisedBytes(join(folder, 'three'))).toEqual(bytes);

    let sittings = 0;
    const memory = [16, 64, 256];
    const next = () => ({ workers: 1 + (sittings % 3), memory: memory[sittings++ % 3] * MIB });
    while (!(await someCommits(7, { input, output: join(folder, 'stopped'), ...next() })))
      expect(sittings).toBeLessThan(40);
    expect(sittings).toBeGreaterThan(2);
    expect(promisedBytes(join(folder, 'stopped'))).toEqual(bytes);
  });

  it('do not depend on what the input folder is called or where the output lies', async () => {
    const { folder, input } = await corpus();
    const other = await temporaryFolder();
    await writeCorpus(join(other, 'another place'), madeDocuments(400, 31), 5);
    await appendFile(join(other, 'another place/part-001.jsonl'), '{"text": broken}\n{"id": "no text"}\n');
    await runToEnd(everything, { input, output: join(folder, 'out'), workers: 2 });
    await runToEnd(everything, {
      input: [join(other, 'another place/*.jsonl')],
      output: join(other, 'deep/er'),
      workers: 2,
    });
    expect(promisedBytes(join(other, 'deep/er'))).toEqual(promisedBytes(join(folder, 'out')));
  });
});
