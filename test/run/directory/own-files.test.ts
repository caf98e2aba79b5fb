import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotate, dedup, jsonl, parquet, recipe, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { isOwnFile } from '../../../src/run/directory/own-files.ts';
import { madeDocuments, writeCorpus } from '../../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../../helpers/run.ts';

const chain = recipe({
  name: 'chain',
  splitBytes: 16 * 1024,
  steps: [annotate(textStatistics()), dedup.exact({ saveIndex: true })],
  sinks: [parquet(), jsonl()],
});

async function finished() {
  const folder = await temporaryFolder();
  await writeCorpus(join(folder, 'in'), madeDocuments(60, 3), 2);
  const options = { input: [join(folder, 'in')], output: join(folder, 'out'), workers: 1 };
  await runToEnd(chain, options);
  return { ...options, path: options.output, bytes: promisedBytes(options.output) };
}

/** Files of somebody else in every folder of a run, some with names that look like ours. */
const THEIRS = [
  'notes.txt',
  'analysis/plot.txt',
  'documents/notes.txt',
  'documents/part-of-it.parquet',
  'ledger/sub/part-00000-of-00001.parquet',
  'sinks/jsonl/mine.jsonl.zst',
  'sinks/other/readme',
  'indexes/my-index',
  'commits.jsonl.backup',
  'mine.tmp',
];

async function addTheirs(path: string): Promise<void> {
  for (const name of THEIRS) {
    await mkdir(join(path, name, '..'), { recursive: true });
    await writeFile(join(path, name), `mine: ${name}`);
  }
}

const intact = (path: string): string[] =>
  THEIRS.filter((n) => existsSync(join(path, n)) && readFileSync(join(path, n), 'utf8') === `mine: ${n}`);
const withoutTheirs = (bytes: Record<string, string>) =>
  Object.fromEntries(Object.entries(bytes).filter(([name]) => !THEIRS.includes(name)));

describe('files of somebody else in a run directory', () => {
  it('stay when the run is started over with --fresh, and are named', async () => {
    const { path, bytes, ...options } = await finished();
    await addTheirs(path);
    const { events } = await runToEnd(chain, { ...options, fresh: true });
    expect(intact(path)).toEqual(THEIRS);
    expect(withoutTheirs(promisedBytes(path))).toEqual(bytes);
    const stays = (name: string) => `${name} stays in the output folder: it is not of a run`;
    const [planned] = events;
    expect([...(planned as unknown as { warnings: string[] }).warnings].sort()).toEqual(
      ['analysis', 'commits.jsonl.backup', 'documents', 'indexes', 'ledger', 'mine.tmp', 'notes.txt', 'sinks'].map(
        stays,
      ),
    );
  });

  it('stay when a run goes on, fails or is done', async () => {
    const { path, bytes, ...options } = await finished();
    await addTheirs(path);
    await mkdir(join(path, 'work/mine'), { recursive: true });
    await writeFile(join(path, 'work/mine/notes'), 'mine');
    expect((await runToEnd(chain, options)).last).toMatchObject({ already: true });
    expect(intact(path)).toEqual(THEIRS);
    expect(readFileSync(join(path, 'work/mine/notes'), 'utf8')).toBe('mine');
    expect(withoutTheirs(promisedBytes(path))).toEqual(bytes);
  });

  it('a README.md that Sluice did not write is not written over', async () => {
    const { path, bytes, ...options } = await finished();
    writeFileSync(join(path, 'README.md'), '# My notes\n');
    await expect(runToEnd(chain, { ...options, fresh: true })).rejects.toThrow(
      'expected no README.md, or one of an earlier run, got one that Sluice did not write. Move it elsewhere',
    );
    expect(readFileSync(join(path, 'README.md'), 'utf8')).toBe('# My notes\n');
    expect(promisedBytes(path)).toEqual(bytes);
  });
});

it('every file of a run is known as its own', async () => {
  const { path } = await finished();
  const all = readdirSync(path, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  const names = all.map((e) => join(e.parentPath, e.name).slice(path.length + 1));
  expect(names.length).toBe(9);
  const own = await Promise.all(names.map((n) => isOwnFile(path, n)));
  expect(names.filter((_, i) => !own[i])).toEqual([]);
  const ofSlurm = ['slurm.json', 'slurm.json.0123456789ab.tmp', 'slurm-split-0-1.failed', 'slurm-split-0-1.log'];
  expect(await Promise.all(ofSlurm.map((n) => isOwnFile(path, `tasks/${n}`)))).toEqual([true, true, true, false]);
});
