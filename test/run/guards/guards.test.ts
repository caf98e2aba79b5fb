import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  annotate,
  dedup,
  drop,
  GuardError,
  type Recipe,
  type RecipeInput,
  type RunJson,
  type RunOptionsInput,
  recipe,
  rule,
  textStatistics,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
import { generator, jsonLines, prose, writeCorpus } from '../../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../../helpers/run.ts';

interface Made {
  readonly id: string;
  readonly text: string;
  readonly domain: string;
}

/** `count` documents; `make` says which are short (dropped by the recipe) and of which domain they are. */
function documents(count: number, make: (i: number) => { short?: boolean; domain?: string; text?: string }): Made[] {
  const random = generator(7);
  return Array.from({ length: count }, (_, i) => {
    const { short = false, domain = 'web', text } = make(i);
    return { id: `d${i}`, domain, text: text ?? `${i} ${prose(random, short ? 3 : 40)}` };
  });
}

function shortRecipe(expected: RecipeInput['expected'] = {}, dedupFirst = false): Recipe {
  return recipe({
    name: 'guarded',
    splitBytes: 32 * 1024,
    steps: [
      ...(dedupFirst ? [dedup.exact()] : []),
      annotate(textStatistics(), { step: 'scores' }),
      drop('length', [rule('text_chars < 60', { name: 'min_chars' })]),
    ],
    expected,
  });
}

const jsonOf = (output: string): RunJson => JSON.parse(readFileSync(join(output, 'run.json'), 'utf8')) as RunJson;
const commitsOf = (output: string): number => readFileSync(join(output, 'commits.jsonl'), 'utf8').split('\n').length;

async function trippedBy(r: Recipe, options: RunOptionsInput): Promise<GuardError> {
  try {
    await runToEnd(r, options);
  } catch (error) {
    if (error instanceof GuardError) return error;
    throw error;
  }
  throw new Error('no guard stopped the run');
}

async function inputOf(made: readonly Made[]): Promise<{ folder: string; input: string[] }> {
  const folder = await temporaryFolder();
  await writeCorpus(join(folder, 'in'), made, 2);
  return { folder, input: [join(folder, 'in/*.jsonl')] };
}

describe('guards', () => {
  it(
    'stop at the same split with any number of workers, again when run again, and let pass what is ' + 'allowed',
    async () => {
      // 30 % of the first 1,500 documents are short, 90 % of the rest: the share passes 60 % somewhere in the middle.
      const made = documents(4000, (i) => ({ short: i % 10 < (i < 1500 ? 3 : 9) }));
      const { folder, input } = await inputOf(made);
      const one = await trippedBy(shortRecipe(), { input, output: join(folder, 'one'), workers: 1 });
      expect(one.saw).toMatchObject({
        guard: 'rule',
        of: 'length.min_chars',
        max: 0.6,
        flag: '--allow-rule length.min_chars',
      });
      expect(one.saw.share).toBeGreaterThan(0.6);
      expect(one.saw.share).toBeLessThan(0.65);
      expect(one.saw.examples.map((e) => e.id)).toEqual(['d0', 'd1', 'd2']);
      expect(one.saw.examples[0]).toEqual({ id: 'd0', value: [...made[0].text].length, excerpt: made[0].text });
      expect(one.message).toMatch(/in the first \d+ of \d+ splits\ne\.g\. d0 \(\d+\): "0 \w+/);
      expect(one.message).toMatch(/--allow-rule length\.min_chars to resume from here/);

      const three = await trippedBy(shortRecipe(), { input, output: join(folder, 'three'), workers: 3 });
      expect(three.saw).toEqual(one.saw);
      const before = commitsOf(join(folder, 'three'));
      expect((await trippedBy(shortRecipe(), { input, output: join(folder, 'three') })).saw).toEqual(one.saw);
      expect(commitsOf(join(folder, 'three'))).toBe(before);
      expect(jsonOf(join(folder, 'three'))).toMatchObject({
        status: 'running',
        guards: { stopped: one.saw, allowed: [] },
      });

      await runToEnd(shortRecipe(), { input, output: join(folder, 'three'), allow: { rule: ['min_chars'] } });
      expect(jsonOf(join(folder, 'three'))).toMatchObject({
        status: 'done',
        guards: { stopped: null, allowed: ['--allow-rule min_chars'] },
      });
      const expecting = shortRecipe({ rules: { min_chars: { max: 0.9 } } });
      await runToEnd(expecting, { input, output: join(folder, 'expected'), workers: 2 });
      expect(promisedBytes(join(folder, 'three'))).toEqual(promisedBytes(join(folder, 'expected')));
    },
  );

  it('say nothing below 1,000 documents, whatever is dropped', async () => {
    const { folder, input } = await inputOf(documents(999, () => ({ short: true })));
    const { last } = await runToEnd(shortRecipe(), { input, output: join(folder, 'out') });
    expect(last).toMatchObject({ type: 'finished' });
    expect(jsonOf(join(folder, 'out')).guards?.judged).toContainEqual(
      expect.objectContaining({ guard: 'rule', share: 1, state: 'few' }),
    );
  });

  it('stop a run in which one text has too many copies, before they are dropped', async () => {
    const frame = 'The same frame around every page of the site, and nothing of its own inside of it at all.';
    const made = documents(2000, (i) => (i % 10 === 4 ? { text: frame } : {}));
    const { folder, input } = await inputOf(made);
    const options = { input, output: join(folder, 'out'), workers: 2 };
    const error = await trippedBy(shortRecipe({}, true), options);
    expect(error.saw).toMatchObject({ guard: 'cluster', of: 'exact_dedup', documents: 200, outOf: 2000, share: 0.1 });
    expect(error.saw.examples).toEqual(['d14', 'd24', 'd34'].map((id) => ({ id, value: 1, excerpt: frame })));
    expect(error.message).toMatch(/part-000\.jsonl#0\.\d+ and its duplicates are 200 of 2,000 documents \(10 %\)/);
    await runToEnd(shortRecipe({}, true), { ...options, allow: { cluster: ['exact_dedup'] } });
    expect(jsonOf(join(folder, 'out')).totals?.steps.exact_dedup.exact_duplicate.dropped).toBe(199);
  });

  it('judge domains by the bands of the recipe, and the least that it expects at the end', async () => {
    const made = documents(3000, (i) => (i % 2 === 0 ? { domain: 'books', short: i % 4 === 0 } : {}));
    const { folder, input } = await inputOf(made);
    const books = shortRecipe({ domains: { books: { max: 0.2 } } });
    const error = await trippedBy(books, { input, output: join(folder, 'books'), workers: 1 });
    expect(error.saw).toMatchObject({ guard: 'drop_share', of: 'books', flag: '--allow-drop-share books' });
    expect(error.saw.outOf).toBeGreaterThanOrEqual(1000);
    expect(error.saw.outOf).toBeLessThan(1500);
    expect(error.message).toMatch(/at most 20 % of domain books \(set by the recipe\)/);
    expect(error.saw.examples.map((e) => e.id)).toEqual(['d0', 'd4', 'd8']);

    const crawl = shortRecipe({ all: { min: 0.4 } });
    const few = await trippedBy(crawl, { input, output: join(folder, 'few'), workers: 2 });
    expect(few.saw).toMatchObject({ of: 'all', documents: 750, outOf: 3000, share: 0.25, min: 0.4 });
    expect(few.message).toMatch(/expected all rules together to drop at least 40 % of the run/);
    const allow = { dropShare: ['all'] };
    await runToEnd(crawl, { input, output: join(folder, 'few'), allow });
    expect(jsonOf(join(folder, 'few')).totals?.kept.documents).toBe(2250);
  });

  it('stop a run of which too much cannot be read', async () => {
    const { folder, input } = await inputOf([]);
    const good = documents(1600, () => ({}));
    await writeFile(join(folder, 'in/part-000.jsonl'), jsonLines(good) + '{"text": broken}\n'.repeat(400));
    await runToEnd(shortRecipe(), { input, output: join(folder, 'at the limit'), workers: 1 });
    await writeFile(join(folder, 'in/part-000.jsonl'), jsonLines(good) + '{"text": broken}\n'.repeat(401));
    const error = await trippedBy(shortRecipe(), { input, output: join(folder, 'over'), workers: 1 });
    expect(error.saw).toMatchObject({ guard: 'quarantine', documents: 401, outOf: 2001, flag: '--allow-quarantine' });
    expect(error.saw.examples[0]).toMatchObject({ excerpt: '{"text": broken}' });
    expect(error.message).toMatch(/e\.g\. part-000\.jsonl#0\.\d+ \(invalid_json\)/);
    await runToEnd(shortRecipe(), { input, output: join(folder, 'over'), allow: { quarantine: true } });
    expect(jsonOf(join(folder, 'over')).status).toBe('done');
  });

  it('refuse an allow flag or a band for a rule that is not there', async () => {
    const { folder, input } = await inputOf(documents(20, () => ({})));
    const options = { input, output: join(folder, 'out') };
    await expect(runToEnd(shortRecipe(), { ...options, allow: { rule: ['min_char'] } })).rejects.toThrow(
      /--allow-rule: expected a rule of guarded, got min_char\. Did you mean min_chars\?/,
    );
    // Refused before it began: nothing is left, not even the folder.
    expect(existsSync(options.output)).toBe(false);
    await expect(runToEnd(shortRecipe(), { ...options, allow: { cluster: ['exact'] } })).rejects.toThrow(
      /expected a dedup step of guarded \(there are none\), got exact/,
    );
    expect(() => shortRecipe({ rules: { max_chars: {} } })).toThrow(/expected\.rules.*Did you mean min_chars\?/);
    expect(() => recipe({ ...shortRecipe(), expected: { domain: {} } } as never)).toThrow(
      /at expected: expected only all, domains, rules, cluster, quarantine, got the option domain/,
    );
    expect(() => shortRecipe({ all: { min: 0.5, max: 0.4 } })).toThrow(/min <= max/);
  });

  it('end sluice run with exit code 3, what they saw, and the command that goes on', async () => {
    const { folder } = await inputOf(documents(1500, (i) => ({ short: i % 10 < 7 })));
    await writeFile(
      join(folder, 'recipe.mjs'),
      `import { annotate, drop, recipe, rule, textStatistics } from 'sluice';
export default recipe({ name: 'mine', input: ['in'],
  steps: [annotate(textStatistics()), drop('length', [rule('text_chars < 60', { name: 'min_chars' })])] });
`,
    );
    const stopped = await runCli(['run', 'recipe.mjs'], { cwd: folder });
    expect(stopped.code).toBe(3);
    expect(stopped.stdout).toBe('');
    expect(stopped.stderr).toMatch(
      new RegExp(
        String.raw`stopped by a guard {2}.*\n {2}expected {2}rule length\.min_chars \(text_chars < 60\) to ` +
          String.raw`drop at most 60 % of the run\n {2}got {7}it dropped [\d,]+ of [\d,]+ documents ` +
          String.raw`\(\d\d(\.\d)? %\) in `,
      ),
    );
    expect(stopped.stderr.match(/ e\.g\. d\d+ \(\d+\): "/g)?.length).toBe(3);
    const status = await runCli(['status', 'sluice-out/mine'], { cwd: folder });
    expect(status.stdout).toMatch(
      /: interrupted\n(?:.*\n)*? +stopped by +a guard: length\.min_chars 70\.0 % of 1,500 documents/,
    );
    expect(status.stdout).toMatch(/ --allow-rule length\.min_chars\n$/);
    const json = await runCli(['run', 'recipe.mjs', '--json'], { cwd: folder });
    const event = JSON.parse(json.stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
    expect(event).toMatchObject({
      type: 'error',
      code: 'guard',
      exitCode: 3,
      saw: { flag: '--allow-rule length.min_chars' },
    });
    const gone = await runCli(['run', 'recipe.mjs', '--allow-rule', 'length.min_chars'], { cwd: folder });
    expect(gone.code).toBe(0);
    expect(gone.stdout).toMatch(
      new RegExp(
        String.raw`check +Rule length\.min_chars alone dropped 70\.0 % of 1,500 documents; the guard allows ` +
          String.raw`at\s+most\s+60\.0 %; allowed by a flag\.`,
      ),
    );
  });
});
