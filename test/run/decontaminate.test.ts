import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { decontaminate, jsonl, type Recipe, recipe } from 'sluice';
import { describe, expect, it } from 'vitest';
import { generator, prose } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';
import { benchmarkFolder, RECORDS } from '../operators/decontaminate/fixture.ts';

/** 60 documents; every tenth holds the question. */
async function documents(): Promise<{ folder: string; input: string[] }> {
  const folder = await temporaryFolder();
  const random = generator(5);
  await mkdir(join(folder, 'in'));
  const lines = Array.from({ length: 60 }, (_, i) => {
    const text = `${prose(random, 60)}\n${i % 10 === 3 ? `${RECORDS.question}\n` : ''}${prose(random, 40)}`;
    return JSON.stringify({ id: `d${i}`, text });
  });
  writeFileSync(join(folder, 'in/a.jsonl'), `${lines.join('\n')}\n`);
  return { folder, input: [join(folder, 'in/a.jsonl')] };
}

const made = (options: Parameters<typeof decontaminate>[0]): Recipe =>
  recipe({ name: 'clean', steps: [decontaminate(options)], sinks: [jsonl({ compression: 'none' })], splitBytes: 4096 });

const texts = (run: string): string[] =>
  readFileSync(join(run, 'documents/part-00000-of-00001.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { text: string }).text);

describe('a run with decontaminate()', () => {
  it('drops or cuts what it finds, with any number of workers', async () => {
    const { folder, input } = await documents();
    const benchmarks = [await benchmarkFolder()];
    const run = async (name: string, recipeOf: Recipe, workers: number): Promise<string> => {
      await runToEnd(recipeOf, { input, output: join(folder, name), workers });
      return join(folder, name);
    };
    const one = await run('one', made({ benchmarks }), 1);
    const three = await run('three', made({ benchmarks }), 3);
    expect(promisedBytes(three)).toEqual(promisedBytes(one));
    expect(texts(one)).toHaveLength(54);
    const cut = await run('cut', made({ benchmarks, action: 'cut' }), 2);
    expect(texts(cut)).toHaveLength(60);
    expect(texts(cut).filter((t) => t.includes('sacks'))).toEqual([]);
  });

  it('does not start without benchmarks, and does not go on with others', async () => {
    const { folder, input } = await documents();
    const output = join(folder, 'out');
    await expect(runToEnd(made({ benchmarks: [] }), { input, output })).rejects.toThrow(
      /benchmarks of step decontaminate/,
    );
    expect(existsSync(output)).toBe(false);
    const benchmarks = [join(await benchmarkFolder(), 'sums.jsonl')];
    await runToEnd(made({ benchmarks }), { input, output });
    writeFileSync(benchmarks[0], `${JSON.stringify({ question: RECORDS.passage })}\n`);
    await expect(runToEnd(made({ benchmarks }), { input, output })).rejects.toThrow(/sha256 was/);
  });
});
