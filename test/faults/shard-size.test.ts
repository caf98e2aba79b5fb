import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { annotate, drop, recipe, rule, textStatistics } from 'sluice';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';
import { leftovers, runChild } from './harness.ts';

const SIZE = 16 * 1024;
const plain = recipe({
  name: 'plain',
  splitBytes: 16 * 1024,
  steps: [
    annotate(textStatistics(), { step: 'scores' }),
    drop('quality', [rule('text_chars < 100', { name: 'min_chars' })]),
  ],
});

/** A run with shards of 16 KB that was killed when it was about to commit the second. */
async function killed() {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-shards-'));
  await writeCorpus(join(folder, 'in'), madeDocuments(120, 7), 2);
  const input = [join(folder, 'in/*.jsonl')];
  const output = join(folder, 'out');
  await runToEnd(plain, { input, output: join(folder, 'whole'), workers: 1, shardSize: SIZE });
  const faults = { root: output, mode: 'kill' as const, site: 'append shard/documents:1' };
  const end = await runChild({ recipe: 'plain', input: input[0], output, faults, shardSize: SIZE });
  expect(end.killed).toBe(true);
  const [first] = readdirSync(join(output, 'documents')).filter((name) => name.startsWith('part-'));
  expect(first).toMatch(/^part-00000-of-0000[3-9]\.parquet$/);
  return { folder, input, output, bytes: promisedBytes(join(folder, 'whole')) };
}

let dead: Awaited<ReturnType<typeof killed>>;
beforeAll(async () => {
  dead = await killed();
});
afterAll(() => rm(dead.folder, { recursive: true, force: true }));

/** The same folder again, for one test. */
async function killedInTheMiddle() {
  const output = join(await temporaryFolder(), 'out');
  await cp(dead.output, output, { recursive: true });
  return { input: dead.input, output, bytes: dead.bytes };
}

it.each([
  ['a smaller size', 4 * 1024],
  ['a larger size', 64 * 1024 * 1024],
  ['no size', undefined],
])(
  'a run that was killed after its first shard goes on with the size it was started with: %s',
  async (_, shardSize) => {
    const { input, output, bytes } = await killedInTheMiddle();
    const { events, last } = await runToEnd(plain, { input, output, workers: 2, shardSize });
    expect(last).toMatchObject({ type: 'finished', already: false, result: { status: 'done', shardSize: SIZE } });
    expect(promisedBytes(output)).toEqual(bytes);
    expect(leftovers(output)).toEqual([]);
    const [planned] = events;
    const said = `shard size: this run was started with ${SIZE} bytes and keeps that; ${shardSize} is not used`;
    expect(planned).toMatchObject({ type: 'planned', warnings: shardSize === undefined ? [] : [said] });
  },
);

it('a run made before the size was recorded is refused with another one, and goes on with its own', async () => {
  const { input, output, bytes } = await killedInTheMiddle();
  const path = join(output, 'run.json');
  const { shardSize, ...older } = JSON.parse(readFileSync(path, 'utf8')) as { shardSize: number };
  expect(shardSize).toBe(SIZE);
  writeFileSync(path, JSON.stringify(older));
  await expect(runToEnd(plain, { input, output, workers: 2, shardSize: 64 * 1024 * 1024 })).rejects.toThrow(
    new RegExp(
      String.raw`expected shards of one size: documents\/part-00000-of-00001\.parquet from \d+ segments, got ` +
        String.raw`documents\/part-00000-of`,
    ),
  );
  await runToEnd(plain, { input, output, workers: 2, shardSize: SIZE });
  expect(promisedBytes(output)).toEqual(bytes);
});
