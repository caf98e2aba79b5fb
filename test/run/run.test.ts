import { readFileSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotate, custom, dedup, drop, type Recipe, type RunJson, recipe, rule, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { jsonLines, madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';

const DOCUMENTS = madeDocuments(1200);

/** Every kind of step: a barrier first, rules for some domains only, and small splits so that there are many. */
function testRecipe(extra: Parameters<typeof recipe>[0]['steps'] = []): Recipe {
  return recipe({
    name: 'test',
    splitBytes: 128 * 1024,
    steps: [
      dedup.exact(),
      annotate(textStatistics(), { step: 'scores' }),
      drop('quality', [rule('text_chars < 100', { name: 'min_chars' })], { where: { domain: ['code'], not: true } }),
      ...extra,
    ],
  });
}

const resultOf = (output: string): RunJson => JSON.parse(readFileSync(join(output, 'run.json'), 'utf8')) as RunJson;

describe('run()', () => {
  it('accounts for every document and gives the counts that a plain script gives', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), DOCUMENTS, 3);
    const { last, events } = await runToEnd(testRecipe(), {
      input: [join(folder, 'in/*.jsonl')],
      output: join(folder, 'out'),
      workers: 2,
    });
    expect(last.type).toBe('finished');
    const { totals, status } = resultOf(join(folder, 'out'));
    const seen = new Set<string>();
    let copies = 0;
    let short = 0;
    for (const d of DOCUMENTS) {
      if (seen.has(d.text)) copies++;
      else if (d.metadata.domain !== 'code' && [...d.text].length < 100) short++;
      seen.add(d.text);
    }
    expect(status).toBe('done');
    expect(totals?.read.documents).toBe(DOCUMENTS.length);
    expect(totals?.steps.exact_dedup.exact_duplicate.dropped).toBe(copies);
    expect(totals?.steps.quality.min_chars.dropped).toBe(short);
    expect(totals?.kept.documents).toBe(DOCUMENTS.length - copies - short);
    expect(totals?.steps.quality.min_chars.byDomain).toEqual({ web: short });
    expect(events.filter((e) => e.type === 'commit').length).toBe(
      2 * (events.find((e) => e.type === 'planned') as { splits: number }).splits,
    );
  });

  it('writes the same bytes with 1 and 2 workers and any memory, and again when done says so', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), DOCUMENTS, 3);
    const input = [join(folder, 'in/*.jsonl')];
    await runToEnd(testRecipe(), { input, output: join(folder, 'a'), workers: 1, memory: 16 * 2 ** 20 });
    await runToEnd(testRecipe(), { input, output: join(folder, 'b'), workers: 2 });
    const bytes = promisedBytes(join(folder, 'a'));
    expect(Object.keys(bytes).length).toBeGreaterThan(2);
    expect(promisedBytes(join(folder, 'b'))).toEqual(bytes);
    const { last } = await runToEnd(testRecipe(), { input, output: join(folder, 'b') });
    expect(last).toMatchObject({ type: 'finished', already: true });
  });

  it('goes on where a stop left it and ends with the same bytes', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), DOCUMENTS, 3);
    const input = [join(folder, 'in/*.jsonl')];
    await runToEnd(testRecipe(), { input, output: join(folder, 'whole'), workers: 2 });
    const stop = new AbortController();
    stop.abort();
    const first = await runToEnd(testRecipe(), { input, output: join(folder, 'parts'), workers: 1, stop: stop.signal });
    expect(first.last).toMatchObject({ type: 'stopped', splitsDone: 0 });
    const { events } = await runToEnd(testRecipe(), { input, output: join(folder, 'parts'), workers: 2 });
    expect(events.at(-1)?.type).toBe('finished');
    expect(promisedBytes(join(folder, 'parts'))).toEqual(promisedBytes(join(folder, 'whole')));
  });

  it('runs a closure on the main thread and counts what it drops', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), DOCUMENTS, 1);
    const noHorse = custom('no_horse', 1, (d) => !d.text.includes('🐎'));
    await runToEnd(testRecipe([noHorse]), {
      input: [join(folder, 'in/part-000.jsonl')],
      output: join(folder, 'out'),
      workers: 2,
    });
    const { totals } = resultOf(join(folder, 'out'));
    const horses = new Set(DOCUMENTS.filter((d) => d.text.includes('🐎')).map((d) => d.text)).size;
    expect(totals?.steps.no_horse.no_horse.dropped).toBe(horses);
  });

  it('quarantines what is not a document and goes on', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'in.jsonl');
    await writeFile(path, jsonLines(DOCUMENTS.slice(0, 20)));
    await appendFile(path, '{"text": broken}\n');
    await appendFile(path, jsonLines(DOCUMENTS.slice(20, 40)));
    await runToEnd(testRecipe(), { input: [path], output: join(folder, 'out'), workers: 1 });
    const { totals } = resultOf(join(folder, 'out'));
    expect(totals?.quarantined).toMatchObject({ records: 1, bytes: 16, byReason: { invalid_json: 1 } });
    expect(totals?.read.documents).toBe(41);
  });

  it('refuses another recipe, other input and a folder that is not its own, and says what differs', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), DOCUMENTS.slice(0, 50), 1);
    const input = [join(folder, 'in/part-000.jsonl')];
    const output = join(folder, 'out');
    await runToEnd(testRecipe(), { input, output, workers: 1 });
    const stricter = testRecipe([drop('more', [rule('text_lines > 3', { name: 'lines' })])]);
    await expect(runToEnd(stricter, { input, output })).rejects.toThrow(/lines@1.*--fresh/);
    await appendFile(input[0], jsonLines([{ id: 'new', text: 'more' }]));
    await expect(runToEnd(testRecipe(), { input, output })).rejects.toThrow(
      /expected the input this run was started with/,
    );
    const { last } = await runToEnd(testRecipe(), { input, output, fresh: true, workers: 1 });
    expect(last).toMatchObject({ type: 'finished', already: false });
    const mine = join(folder, 'mine');
    await mkdir(mine);
    await writeFile(join(mine, 'mine.txt'), 'x');
    await expect(runToEnd(testRecipe(), { input, output: mine })).rejects.toThrow(/never deletes what is not its own/);
    await expect(runToEnd(testRecipe(), { input: [], output })).rejects.toThrow(/something to read/);
  });

  it('takes the first documents with limit, and a stable sample', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), DOCUMENTS, 3);
    const input = [join(folder, 'in/*.jsonl')];
    await runToEnd(testRecipe(), { input, output: join(folder, 'limit'), limit: 500, workers: 2 });
    expect(resultOf(join(folder, 'limit')).totals?.read.documents).toBe(500);
    await runToEnd(testRecipe(), { input, output: join(folder, 'sample'), samplePercent: 25, workers: 2 });
    const sampled = resultOf(join(folder, 'sample')).totals?.read.documents ?? 0;
    expect(sampled).toBeGreaterThan(240);
    expect(sampled).toBeLessThan(360);
  });
});
