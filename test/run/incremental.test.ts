import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dedup, jsonl, type Recipe, recipe } from 'sluice';
import { describe, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { generator, prose } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';

type BloomInput = Parameters<typeof dedup.bloom>[0];

/** Documents of two days; a third of the second day stood in the first, and some repeat within a day. */
async function twoDays(): Promise<{ folder: string; days: string[] }> {
  const folder = await temporaryFolder();
  const random = generator(11);
  const texts = Array.from({ length: 90 }, () => `${prose(random, 30)}\n${prose(random, 25)}`);
  const days = [
    [...texts.slice(0, 60), ...texts.slice(5, 15)],
    [
      ...texts.slice(40, 90),
      ...texts.slice(70, 75),
      `${texts[3].split('\n')[0]}\nA line that nobody wrote before this day.`,
    ],
  ];
  await mkdir(join(folder, 'in'));
  const files = days.map((_, d) => join(folder, `in/day${d}.jsonl`));
  days.forEach((list, d) => {
    const lines = list.map((text, i) =>
      JSON.stringify({
        id: `${d}-${i}`,
        text,
        url: `http://www.example.org/${text.length}-${text.slice(0, 9)}/?utm_source=${d}`,
      }),
    );
    writeFileSync(files[d], `${lines.join('\n')}\n`);
  });
  return { folder, days: files };
}

const steps = (options: BloomInput): Recipe =>
  recipe({
    name: 'incremental',
    steps: [dedup.bloom({ expectedKeys: 1000, step: 'seen', ...options })],
    sinks: [jsonl({ compression: 'none' })],
    splitBytes: 4096,
  });

const idsAndTexts = (run: string): string[] =>
  readFileSync(join(run, 'documents/part-00000-of-00001.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const { id, text } = JSON.parse(line) as { id: string; text: string };
      return `${id} ${text}`;
    });

describe('a run against an earlier one', () => {
  it('keeps what one run over both keeps: paragraphs by a Bloom filter', async () => {
    const key = 'paragraphs';
    const { folder, days } = await twoDays();
    const out = (name: string): string => join(folder, name);
    await runToEnd(steps({ key, saveIndex: true }), { input: [days[0]], output: out('first') });
    expect(statSync(join(out('first'), 'indexes/seen.bloom')).size).toBeGreaterThan(8000);
    await runToEnd(steps({ key, saveIndex: true, against: [out('first')] }), {
      input: [days[1]],
      output: out('second'),
    });
    await runToEnd(steps({ key, saveIndex: true }), { input: days, output: out('both') });
    const kept = [...idsAndTexts(out('first')), ...idsAndTexts(out('second'))];
    expect(kept).toEqual(idsAndTexts(out('both')));
    expect(kept.length).toBeLessThan(127);
    // What the chain leaves behind is what the one run leaves: nothing is lost for the third day.
    const index = (run: string): Buffer => readFileSync(join(out(run), 'indexes/seen.bloom'));
    expect(index('second').equals(index('both'))).toBe(true);
  });

  it('keeps what one run over both keeps: addresses by their hashes', async () => {
    const { folder, days } = await twoDays();
    const out = (name: string): string => join(folder, name);
    const byUrl = (options: Parameters<typeof dedup.url>[0]): Recipe =>
      recipe({ name: 'urls', steps: [dedup.url(options)], sinks: [jsonl({ compression: 'none' })], splitBytes: 4096 });
    await runToEnd(byUrl({ saveIndex: true }), { input: [days[0]], output: out('first') });
    const against = [join(out('first'), 'indexes/url_dedup.hashes')];
    await runToEnd(byUrl({ saveIndex: true, against }), { input: [days[1]], output: out('second') });
    await runToEnd(byUrl({ saveIndex: true }), { input: days, output: out('both') });
    expect([...idsAndTexts(out('first')), ...idsAndTexts(out('second'))]).toEqual(idsAndTexts(out('both')));
    const index = (run: string): Buffer => readFileSync(join(out(run), 'indexes/url_dedup.hashes'));
    expect(index('second').equals(index('both'))).toBe(true);
    expect(() => byUrl({ against, www: false })).toThrow(/an index with url = .*"www":false/);
  });

  it('keeps what one run over both keeps: texts by their hashes', async () => {
    const { folder, days } = await twoDays();
    const out = (name: string): string => join(folder, name);
    const exact = (options: Parameters<typeof dedup.exact>[0]): Recipe =>
      recipe({
        name: 'texts',
        steps: [dedup.exact(options)],
        sinks: [jsonl({ compression: 'none' })],
        splitBytes: 4096,
      });
    await runToEnd(exact({ saveIndex: true }), { input: [days[0]], output: out('first') });
    await runToEnd(exact({ saveIndex: true, against: [out('first')] }), { input: [days[1]], output: out('second') });
    await runToEnd(exact({ saveIndex: true }), { input: days, output: out('both') });
    expect([...idsAndTexts(out('first')), ...idsAndTexts(out('second'))]).toEqual(idsAndTexts(out('both')));
    const index = (run: string): Buffer => readFileSync(join(out(run), 'indexes/exact_dedup.hashes'));
    expect(index('second').equals(index('both'))).toBe(true);
  });

  it('drops near copies of what an earlier run kept, and names it; with any workers', async () => {
    const { folder, days } = await twoDays();
    const out = (name: string): string => join(folder, name);
    const near = (options: Parameters<typeof dedup.minhash>[0]): Recipe =>
      recipe({
        name: 'near',
        steps: [dedup.minhash(options)],
        sinks: [jsonl({ compression: 'none' })],
        splitBytes: 4096,
      });
    await runToEnd(near({ saveIndex: true }), { input: [days[0]], output: out('first') });
    for (const workers of [1, 3])
      await runToEnd(near({ saveIndex: true, against: [out('first')] }), {
        input: [days[1]],
        output: out(`second-${workers}`),
        workers,
      });
    expect(promisedBytes(out('second-3'))).toEqual(promisedBytes(out('second-1')));
    await runToEnd(near({ saveIndex: true }), { input: days, output: out('both') });
    expect([...idsAndTexts(out('first')), ...idsAndTexts(out('second-1'))]).toEqual(idsAndTexts(out('both')));
    const index = (run: string): Buffer => readFileSync(join(out(run), 'indexes/minhash_dedup.minhash'));
    expect(index('second-1').equals(index('both'))).toBe(true);
    expect(index('second-3').equals(index('both'))).toBe(true);
    const { stdout: explained } = await runCli(['explain', out('second-1'), '1-0'], { cwd: folder });
    expect(explained).toContain('duplicate of earlier:0-40, similarity ≈ 1');
    expect(explained).toContain('similarity is estimated from signatures');
    expect(() => near({ against: [out('first')], bands: 20 })).toThrow(/an index with bands = 20/);
  });

  it('does not depend on workers', async () => {
    const { folder, days } = await twoDays();
    const hashes: unknown[] = [];
    for (const workers of [1, 3]) {
      const output = join(folder, `w${workers}`);
      await runToEnd(steps({ key: 'paragraphs' }), { input: days, output, workers });
      hashes.push(promisedBytes(output));
      expect(existsSync(join(output, 'indexes/seen.bloom'))).toBe(false);
    }
    expect(hashes[1]).toEqual(hashes[0]);
  });

  it('refuses an index that changed, and one of other parameters', async () => {
    const { folder, days } = await twoDays();
    const first = join(folder, 'first');
    await runToEnd(steps({ saveIndex: true }), { input: [days[0]], output: first });
    const second = { input: [days[1]], output: join(folder, 'second') };
    await runToEnd(steps({ against: [first] }), { ...second, limit: 5 });
    await runToEnd(steps({ saveIndex: true }), { input: [days[1]], output: first, fresh: true });
    await expect(runToEnd(steps({ against: [first] }), { ...second, limit: 5 })).rejects.toThrow(/indexes/);
    expect(() => steps({ key: 'url', against: [first] })).toThrow(/key = "url"/);
  });
});
