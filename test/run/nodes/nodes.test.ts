import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import {
  annotate,
  c4,
  dedup,
  drop,
  jsonl,
  parquet,
  type Recipe,
  type RunJson,
  recipe,
  rule,
  select,
  textStatistics,
  tokenize,
  tokens,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { finishNodes } from '../../../src/run/nodes/finish.ts';
import { planNodes } from '../../../src/run/nodes/plan-nodes.ts';
import { runShard } from '../../../src/run/nodes/shard.ts';
import type { ShardEvent } from '../../../src/run/nodes/work.ts';
import { madeDocuments, writeCorpus } from '../../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../../helpers/run.ts';

const quality = [
  annotate(textStatistics(), { step: 'scores' }),
  drop('quality', [rule('text_chars < 100', { name: 'min_chars' })]),
];

const everything = recipe({
  name: 'everything',
  splitBytes: 16 * 1024,
  steps: [
    dedup.exact(),
    c4(),
    dedup.normalized(),
    dedup.minhash(),
    dedup.paragraphs(),
    ...quality,
    select.byRank({ column: 'text_chars', keep: 'high', rate: 0.9 }),
    dedup.exact({ step: 'again', saveIndex: true }),
    tokenize({ tokenizer: 'bytes' }),
  ],
  sinks: [parquet(), jsonl(), tokens({ tokenizer: 'bytes' })],
});

const planned = (made: Recipe, input: string, output: string, shards: number) =>
  planNodes(made, { shards, recipe: made.name, args: [], output, options: { input: [input], shardSize: 20_000 } });

/** One process that does every shard of every phase. */
const everyShard = (made: Recipe, output: string): Promise<ShardEvent[]> =>
  lastValueFrom(runShard(made, output, { workers: 2 }, { index: 0, count: 1, wait: true }).pipe(toArray()));

const totalsOf = async (run: string): Promise<Pick<RunJson, 'totals' | 'hashes'>> => {
  const { totals, hashes } = JSON.parse(await readFile(join(run, 'run.json'), 'utf8')) as RunJson;
  return { totals, hashes };
};

describe('a run on many nodes', { timeout: 120_000 }, () => {
  it('writes the bytes of one process, with barriers that decide in parts and barriers that do not', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(60, 5), 3);
    const input = join(folder, 'in/*.jsonl');
    const [one, many] = [join(folder, 'one'), join(folder, 'many')];
    await runToEnd(everything, { input: [input], output: one, workers: 2, shardSize: 20_000 });
    const { plan, nodes } = await planned(everything, input, many, 3);
    expect(plan.splits.length).toBeGreaterThan(3);
    expect(nodes.parted).toEqual(['exact_dedup']);
    const events = await everyShard(everything, many);
    expect(events.filter((e) => e.type === 'waiting')).toHaveLength(13);
    expect(events.at(-1)).toEqual({ type: 'done', run: many });
    const result = await finishNodes(everything, many, {});
    expect(result.status).toBe('done');
    expect(promisedBytes(many)).toEqual(promisedBytes(one));
    expect(await totalsOf(many)).toEqual(await totalsOf(one));
    expect(existsSync(join(many, 'tasks'))).toBe(false);
  });
});
