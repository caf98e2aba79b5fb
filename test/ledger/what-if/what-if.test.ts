import { join } from 'node:path';
import {
  annotate,
  c4,
  dedup,
  drop,
  fineweb,
  finewebRules,
  gopherQuality,
  gopherQualityRules,
  type Recipe,
  recipe,
  rule,
  textStatistics,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { openRunDatabase, rowsOf } from '../../../src/ledger/database.ts';
import { openRunFolder } from '../../../src/ledger/run-folder.ts';
import { openWhatIf } from '../../../src/ledger/what-if/load.ts';
import type { Prepared } from '../../../src/ledger/what-if/prepared.ts';
import { redecide } from '../../../src/ledger/what-if/redecide.ts';
import { changesOf } from '../../../src/ledger/what-if/settings.ts';
import { tally } from '../../../src/ledger/what-if/tally.ts';
import { withSettings } from '../../../src/recipe/recipe.ts';
import { generator } from '../../helpers/corpus.ts';
import { manyDomains, writeDocuments } from '../../helpers/domains.ts';
import { runToEnd, temporaryFolder } from '../../helpers/run.ts';

const code = { domain: ['code', 'table'] };
const prose = { domain: ['code', 'table'], not: true };

/** Everything is measured before anything is dropped. */
const scoresFirst = (): Recipe =>
  recipe({
    name: 'first',
    splitBytes: 16384,
    steps: [
      annotate(gopherQuality(), fineweb(), textStatistics(), { step: 'scores' }),
      drop('gopher', gopherQualityRules({ minWords: 20 }), { where: prose }),
      drop('fineweb', finewebRules(), { where: prose }),
      drop('code', [rule('text_chars < 200', { name: 'min_chars' })], { where: code }),
    ],
  });

/** Scores, cuts and copies between the rules, as in FineWeb. */
const inBetween = (): Recipe =>
  recipe({
    name: 'between',
    splitBytes: 16384,
    steps: [
      annotate(gopherQuality(), textStatistics(), { step: 'scores' }),
      drop('gopher', gopherQualityRules({ minWords: 20 }), { where: prose }),
      drop('code', [rule('text_chars < 200', { name: 'min_chars' })], { where: code }),
      c4({ minSentences: 3, where: prose }),
      annotate(fineweb(), { step: 'line_scores', where: prose }),
      dedup.exact(),
      drop('fineweb', finewebRules({ maxCharDuplicates: 0.1 }), { where: prose }),
    ],
  });

interface Opened {
  readonly prepared: Prepared;
  readonly ids: readonly string[];
}

async function opened(run: string): Promise<Opened> {
  const folder = await openRunFolder(run);
  const db = await openRunDatabase(folder);
  try {
    const ids = (await rowsOf(db, 'SELECT id FROM ledger')).map((r) => String(r.id));
    return { prepared: await openWhatIf(folder, db), ids };
  } finally {
    db.close();
  }
}

async function keptOf(run: string): Promise<Set<string>> {
  const db = await openRunDatabase(await openRunFolder(run));
  try {
    return new Set((await rowsOf(db, 'SELECT id FROM documents')).map((r) => String(r.id)));
  } finally {
    db.close();
  }
}

/** Thresholds near those of the recipe, some tighter and some looser. */
function vector(random: () => number, way: 'tighter' | 'both'): string[] {
  const between = (low: number, high: number): number => Number((low + random() * (high - low)).toFixed(3));
  const some: [string, number, number][] = [
    ['gopher.min_words', way === 'tighter' ? 20 : 4, 60],
    ['gopher.min_stop_words', way === 'tighter' ? 2 : 0, 4],
    ['code.min_chars', way === 'tighter' ? 200 : 50, 400],
    ['fineweb.max_short_lines', 0.2, way === 'tighter' ? 0.67 : 1],
    ['fineweb.min_line_punct', way === 'tighter' ? 0.12 : 0, 0.9],
  ];
  const chosen = some.filter(() => random() < 0.6);
  return (chosen.length > 0 ? chosen : some.slice(0, 1)).map(([o, low, high]) => `${o}=${between(low, high)}`);
}

async function finished(
  made: Recipe,
  options: { annotateOnly?: boolean } = {},
): Promise<{ input: string; run: string }> {
  const folder = await temporaryFolder();
  const input = join(folder, 'in');
  await writeDocuments(input, manyDomains(270, 7));
  const run = join(folder, 'out');
  await runToEnd(made, { input: [input], output: run, workers: 1, ...options });
  return { input, run };
}

/** Kept ids of what-if, and those it leaves open. */
function answer({ prepared, ids }: Opened, settings: readonly string[]) {
  const now = redecide(prepared, changesOf(prepared.plan, settings));
  const result = tally(prepared, now);
  const of = (test: (row: number) => boolean): Set<string> => new Set(ids.filter((_, i) => test(i)));
  return {
    result,
    kept: of((i) => now.dropped[i] === -1 && now.open[i] < 0),
    open: of((i) => now.dropped[i] === -1 && now.open[i] >= 0),
  };
}

/** Each is a whole run: SLUICE_VECTORS=20 for more of them. */
const VECTORS = Number(process.env.SLUICE_VECTORS ?? 4);

describe('what-if', () => {
  it('equals a run, exactly, where every column exists: random vectors of thresholds', {
    timeout: 120_000,
  }, async () => {
    const made = scoresFirst();
    const { input, run } = await finished(made);
    const all = await opened(run);
    expect(all.prepared.contradictions.size).toBe(0);
    const random = generator(11);
    const sizes = new Set<number>();
    for (let k = 0; k < VECTORS; k++) {
      const settings = vector(random, 'both');
      const { result, kept } = answer(all, settings);
      const again = `${run}-${k}`;
      await runToEnd(withSettings(made, settings), { input: [input], output: again, workers: 1 });
      expect(result.exact).toBe(true);
      expect([...kept].sort()).toEqual([...(await keptOf(again))].sort());
      expect(result.total.kept.documents).toBe(kept.size);
      expect(result.total.before.documents - result.lost.length + result.saved.length).toBe(kept.size);
      sizes.add(kept.size);
    }
    expect(sizes.size).toBeGreaterThan(2);
  });

  it('leaves open what a step measured that a later one has measured again', { timeout: 120_000 }, async () => {
    const { run } = await finished(
      recipe({
        name: 'twice',
        steps: [
          annotate(textStatistics(), { step: 'before' }),
          drop('short', [rule('text_chars < 200', { name: 'min_chars' })]),
          c4({ minSentences: 0, where: prose }),
          annotate(textStatistics(), { step: 'after', where: prose }),
        ],
      }),
    );
    const all = await opened(run);
    const { result, open } = answer(all, ['short.min_chars=400']);
    expect(result.exact).toBe(false);
    expect(result.open.map((o) => o.step)).toContain('short');
    expect(open.size).toBeGreaterThan(0);
  });

  it('equals a run or names the step, with cuts and copies between: three vectors of each sort', {
    timeout: 120_000,
  }, async () => {
    const made = inBetween();
    const { input, run } = await finished(made);
    const all = await opened(run);
    expect(all.prepared.contradictions.size).toBe(0);
    const random = generator(23);
    const seen = { exact: 0, open: 0 };
    for (let k = 0; k < 20; k++) {
      const settings = [
        ...vector(random, k % 2 === 0 ? 'tighter' : 'both'),
        ...(k % 3 === 0 ? [`c4.min_sentences=${1 + Math.floor(random() * 5)}`] : []),
      ];
      const { result, kept, open } = answer(all, settings);
      if (seen[result.exact ? 'exact' : 'open'] === 3) continue;
      const again = `${run}-${k}`;
      await runToEnd(withSettings(made, settings), { input: [input], output: again, workers: 1 });
      const real = await keptOf(again);
      if (result.exact) {
        seen.exact++;
        expect([...kept].sort()).toEqual([...real].sort());
        continue;
      }
      seen.open++;
      expect(result.open.filter((o) => !['c4', 'exact_dedup', 'fineweb'].includes(o.step))).toEqual([]);
      expect(result.open.length + result.displacing).toBeGreaterThan(0);
      expect([...real].filter((id) => !kept.has(id) && !open.has(id))).toEqual([]);
      expect(real.size).toBeGreaterThanOrEqual(kept.size - result.displacing);
      expect([...kept].filter((id) => !real.has(id)).length).toBeLessThanOrEqual(result.displacing);
    }
    expect(seen).toEqual({ exact: 3, open: 3 });
  });

  it('is exact for any threshold after --annotate-only', { timeout: 60_000 }, async () => {
    const made = scoresFirst();
    const { input, run } = await finished(made, { annotateOnly: true });
    const all = await opened(run);
    for (const settings of [['gopher.min_words=8', 'fineweb.max_short_lines=0.95', 'code.min_chars=300']]) {
      const { result, kept } = answer(all, settings);
      const again = `${run}-${settings.length}`;
      await runToEnd(withSettings(made, settings), { input: [input], output: again, workers: 1 });
      expect(result).toMatchObject({ exact: true, skipped: [] });
      expect([...kept].sort()).toEqual([...(await keptOf(again))].sort());
    }
  });

  it('says what is no threshold, and of which step', async () => {
    const { run } = await finished(inBetween());
    const { prepared } = await opened(run);
    const because = (setting: string): string => {
      try {
        changesOf(prepared.plan, [setting]);
      } catch (error) {
        return (error as Error).message;
      }
      return 'none';
    };
    expect(because('gopher.min_word=3')).toContain('Did you mean min_words?');
    expect(because('exact_dedup.x=3')).toContain('exact_dedup has none');
    expect(because('nowhere.x=3')).toContain('a step of the run (scores, gopher, code, c4, line_scores');
    expect(changesOf(prepared.plan, ['gopher.minWords=3', 'c4.lorem_ipsum=false'])).toEqual([
      { step: 'gopher', rule: 'gopher_min_words', threshold: 3 },
      { step: 'c4', rule: 'c4_lorem_ipsum', threshold: null },
    ]);
  });
});
