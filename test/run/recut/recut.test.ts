import { readFileSync } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
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
  type RunEvent,
  type RunOptionsInput,
  recipe,
  rule,
  run,
  textStatistics,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { totalsQuery } from '../../../src/ledger/card/queries.ts';
import { openRunDatabase, rowsOf } from '../../../src/ledger/database.ts';
import { diffRuns } from '../../../src/ledger/diff/diff-data.ts';
import { openRunFolder } from '../../../src/ledger/run-folder.ts';
import type { AnnotatorDescriptor } from '../../../src/operators/annotator-stage.ts';
import { withSettings } from '../../../src/recipe/recipe.ts';
import { generator } from '../../helpers/corpus.ts';
import { manyDomains, writeDocuments } from '../../helpers/domains.ts';
import { promisedBytes, temporaryFolder, runToEnd as toEnd } from '../../helpers/run.ts';

const code = { domain: ['code', 'table'] };
const prose = { domain: ['code', 'table'], not: true };

const runToEnd = (r: Recipe, options: RunOptionsInput) => toEnd(r, { workers: 1, ...options });

/** Scores, cuts and copies between the rules. */
const chain = (): Recipe =>
  recipe({
    name: 'chain',
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

function thresholds(random: () => number): string[] {
  const between = (low: number, high: number): number => Number((low + random() * (high - low)).toFixed(3));
  const some: [string, number, number][] = [
    ['gopher.min_words', 4, 60],
    ['gopher.min_stop_words', 0, 4],
    ['code.min_chars', 50, 400],
    ['c4.min_sentences', 0, 5],
    ['fineweb.max_short_lines', 0.2, 1],
    ['fineweb.min_line_punct', 0, 0.9],
  ];
  const whole = (option: string, value: number): number => (/words|sentences/.test(option) ? Math.round(value) : value);
  return some.filter(() => random() < 0.5).map(([o, low, high]) => `${o}=${whole(o, between(low, high))}`);
}

/** A module that writes a line to a file for each batch that it measures. */
const counting = (log: string): string => `
import { appendFileSync } from 'node:fs';
export const annotator = () => (batch, scope) => {
  appendFileSync(${JSON.stringify(log)}, 'measured\\n');
  const values = Float64Array.from(scope, (_, row) => batch.text(row).length / 3);
  return [['third', { type: 'float64', values, valid: null }]];
};`;

function counted(log: string, least: number): Recipe {
  const third: AnnotatorDescriptor = {
    name: 'third',
    version: 1,
    module: new URL(`file://${log}.mjs`).href,
    export: 'annotator',
    options: {},
    reads: ['text'],
    writes: [{ name: 'third', type: 'float64' }],
  };
  return recipe({
    name: 'counted',
    splitBytes: 8192,
    steps: [
      annotate(textStatistics(), third, { step: 'scores' }),
      drop('length', [rule(`third < ${least}`, { name: 'short', option: 'least' })], { where: prose }),
      c4({ minSentences: 1, where: prose }),
    ],
  });
}

const recutOf = (events: readonly RunEvent[]) =>
  events.find((e) => e.type === 'recut') as { splits: number; columns: number };

async function corpus(): Promise<string> {
  const folder = await temporaryFolder();
  await writeDocuments(join(folder, 'in'), manyDomains(150, 7));
  await appendFile(join(folder, 'in/part-1.jsonl'), '{"text": broken}\n');
  return folder;
}

describe('run --recut', () => {
  it('writes the bytes of a full run: random thresholds, C4 and dedup on', { timeout: 60_000 }, async () => {
    const folder = await corpus();
    const input = [join(folder, 'in')];
    const first = join(folder, 'first');
    await runToEnd(chain(), { input, output: first });
    const random = generator(5);
    for (let k = 0; k < 2; k++) {
      const changed = withSettings(chain(), ['c4.min_sentences=2', ...thresholds(random)]);
      const [full, recut] = [join(folder, `full-${k}`), join(folder, `recut-${k}`)];
      await runToEnd(changed, { input, output: full });
      await runToEnd(changed, { input, output: recut, recut: first });
      expect(promisedBytes(recut)).toEqual(promisedBytes(full));
      expect(promisedBytes(recut)).not.toEqual(promisedBytes(first));
    }
  });

  it('takes splits in which nothing changes as they are, and measures nothing twice', async () => {
    const folder = await temporaryFolder();
    const input = [join(folder, 'in')];
    // One file with code and tables alone: a threshold of prose changes nothing there.
    const all = manyDomains(360, 3);
    const isCode = (d: (typeof all)[number]): boolean => code.domain.includes(d.metadata.domain);
    await writeDocuments(input[0], [...all.filter((d) => !isCode(d)).slice(0, 160), ...all.filter(isCode)]);
    const log = join(folder, 'log');
    await writeFile(`${log}.mjs`, counting(log));
    await writeFile(log, '');
    const lines = (): number => readFileSync(log, 'utf8').split('\n').length - 1;
    const made = (least: number): Recipe => counted(log, least);
    const [first, full, recut, killed] = ['first', 'full', 'recut', 'killed'].map((name) => join(folder, name));
    await runToEnd(made(40), { input, output: first, shardSize: 24_000 });
    const batches = lines();
    const { events } = await runToEnd(made(60), { input, output: recut, recut: first });
    expect(lines()).toBe(batches);
    const { splits } = JSON.parse(readFileSync(join(first, 'run.json'), 'utf8')) as { splits: number };
    const taken = recutOf(events);
    expect(taken.splits).toBeGreaterThan(0);
    expect(taken.splits).toBeLessThan(splits);
    await runToEnd(made(60), { input, output: full });
    expect(promisedBytes(recut)).toEqual(promisedBytes(full));
    // Stopped after the splits were taken, before any was worked on; then the same command again.
    const again = { input, output: killed, recut: first, workers: 1 };
    const stop = new AbortController();
    const stopped = run(made(60), { ...again, stop: stop.signal });
    await lastValueFrom(stopped.pipe(tap((e) => e.type === 'recut' && stop.abort())));
    const { events: rest } = await runToEnd(made(60), again);
    expect(recutOf(rest).splits).toBe(0);
    expect(rest.find((e) => e.type === 'planned')).toMatchObject({ resumedSplits: taken.splits });
    expect(promisedBytes(killed)).toEqual(promisedBytes(full));
  });

  it('takes all values of a run with annotateOnly', async () => {
    const folder = await corpus();
    const input = [join(folder, 'in')];
    const [first, full, recut] = ['first', 'full', 'recut'].map((name) => join(folder, name));
    await runToEnd(chain(), { input, output: first, annotateOnly: true });
    await runToEnd(chain(), { input, output: full });
    const { events } = await runToEnd(chain(), { input, output: recut, recut: first });
    // Those of both steps that measure; what C4 and dedup write they write again.
    expect(recutOf(events).columns).toBeGreaterThan(20);
    expect(promisedBytes(recut)).toEqual(promisedBytes(full));
  });

  it('refuses its own folder, another input and a part of it', async () => {
    const folder = await corpus();
    const input = [join(folder, 'in')];
    const output = join(folder, 'first');
    await runToEnd(chain(), { input, output });
    const other = join(folder, 'other');
    await expect(runToEnd(chain(), { input, output, recut: output })).rejects.toThrow('never changed in place');
    await expect(runToEnd(chain(), { input, output: other, recut: output, limit: 3 })).rejects.toThrow('--limit');
    await appendFile(join(folder, 'in/part-0.jsonl'), '{"text":"one more"}\n');
    await expect(runToEnd(chain(), { input, output: other, recut: output })).rejects.toThrow(
      /the input of the earlier run.*part-0\.jsonl of the size \d+ bytes, was \d+/s,
    );
  });

  it('knows no tokens where no step measured them, and estimates them by what was written', async () => {
    const folder = await corpus();
    const output = join(folder, 'plain');
    const plain = recipe({ name: 'plain', steps: [dedup.exact()] });
    await runToEnd(plain, { input: [join(folder, 'in')], output });
    const of = await openRunFolder(output);
    const { domains } = await diffRuns(of, of, null, 0);
    for (const { domain, a } of domains) {
      const tokensEstimate = Math.round(of.run.totals!.domains[domain].kept.bytes / 4);
      expect(a).toMatchObject({ tokens: null, tokensEstimate });
    }
    const db = await openRunDatabase(of);
    try {
      expect((await rowsOf(db, totalsQuery(false)))[0]).toMatchObject({ tokens_kept_estimated: null });
    } finally {
      db.close();
    }
  });
});
