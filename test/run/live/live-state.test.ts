import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { annotate, dedup, drop, recipe, rule, run, runStats, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { cellsOf } from '../../../src/ledger/live/cells-of.ts';
import { metricsText } from '../../../src/ledger/live/metrics.ts';
import type { LiveState } from '../../../src/ledger/live/state.ts';
import { folderState } from '../../../src/run/live/follow-folder.ts';
import { LiveRun } from '../../../src/run/live/live-run.ts';
import { jsonLines } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const WORDS = 'the mill stands by the river and its wheel turns as long as there is water in the channel';

/** 300 documents of two domains; a third of them short, every tenth a copy, every fiftieth line broken. */
async function input(documents = 300): Promise<{ folder: string; path: string }> {
  const folder = await temporaryFolder();
  const lines = Array.from({ length: documents }, (_, i) => {
    const text = i % 10 === 9 ? `${WORDS} copied.` : i % 3 === 0 ? `short ${i}` : `${WORDS} number ${i}.`;
    return jsonLines([{ id: `d${i}`, text, domain: i % 2 ? 'web' : 'books' }]) + (i % 50 === 7 ? '{broken\n' : '');
  });
  const path = join(folder, 'part-000.jsonl');
  await writeFile(path, lines.join(''));
  return { folder, path };
}

const made = recipe({
  name: 'live',
  splitBytes: 4096,
  read: { domainFrom: 'field:domain' },
  steps: [
    dedup.exact(),
    annotate(textStatistics(), { step: 'scores' }),
    drop('length', [rule('text_chars < 60', { name: 'min_chars' })]),
  ],
});

describe('the state of a finished run', () => {
  it('is the same from its events and from its directory alone', async () => {
    const { folder, path } = await input();
    const output = join(folder, 'out');
    const states = await lastValueFrom(run(made, { input: [path], output }).pipe(runStats(), toArray()));
    const last = states.at(-1) as LiveState;
    expect(last.run.status).toBe('done');
    expect(await folderState(output)).toEqual(last);
    expect([...cellsOf(last)].length).toBeGreaterThan(15);
  });

  it('is the same after a stop in the middle and a second start', async () => {
    const { folder, path } = await input();
    const output = join(folder, 'out');
    const stop = new AbortController();
    const first = new LiveRun();
    const options = { input: [path], output, workers: 1 };
    await lastValueFrom(
      run(made, { ...options, stop: stop.signal }).pipe(
        tap((e) => {
          first.take(e);
          if (e.type === 'commit') stop.abort();
        }),
      ),
    );
    expect(first.state()?.run.status).toBe('stopped');
    expect((await folderState(output)).run.status).toBe('interrupted');
    const last = await lastValueFrom(run(made, options).pipe(runStats()));
    expect(await folderState(output)).toEqual(last);
  });

  it('counts what the run did, by step, rule and domain', async () => {
    const { folder, path } = await input();
    const output = join(folder, 'out');
    const state = await lastValueFrom(run(made, { input: [path], output }).pipe(runStats()));
    const short = Array.from({ length: 300 }, (_, i) => i).filter((i) => i % 10 !== 9 && i % 3 === 0);
    const copies = 29;
    expect(state.totals.read.documents).toBe(306);
    expect(state.quarantine).toMatchObject({ documents: 6, byReason: { invalid_json: 6 } });
    expect(state.steps.map((s) => [s.step, s.does, s.came.documents, s.dropped.documents])).toEqual([
      ['exact_dedup', 'deduplicates', 300, copies],
      ['scores', 'annotates', 300 - copies, 0],
      ['length', 'drops', 300 - copies, short.length],
    ]);
    const length = state.steps[2];
    const bytes = (even: boolean): number =>
      short.filter((i) => (i % 2 === 0) === even).reduce((n, i) => n + `short ${i}`.length, 0);
    const [books, web] = [true, false].map((even) => short.filter((i) => (i % 2 === 0) === even).length);
    expect(Object.entries(length.domains).map(([d, f]) => [d, f[0], f[1]])).toEqual(
      [
        ['books', books, bytes(true)],
        ['web', web, bytes(false)],
      ].sort((a, b) => (b[2] as number) - (a[2] as number)),
    );
    for (const s of state.steps) {
      const { busy, waiting, heldBack } = s.shares!;
      expect(busy + waiting + heldBack).toBeGreaterThan(0.8);
      expect(busy + waiting + heldBack).toBeLessThanOrEqual(1.002);
    }
    const text = metricsText(state);
    expect(text).toContain('sluice_run_documents_total{outcome="read"} 306\n');
    expect(text).toContain(`sluice_run_rule_dropped_total{step="length",rule="min_chars"} ${short.length}\n`);
    expect(text).toMatch(/^(# (HELP|TYPE) \w+ .+\n|\w+(\{.*\})? [\d.e+-]+\n)+$/);
  });
});

describe('runStats', () => {
  it('shows what failed, then passes the error on', async () => {
    const { folder, path } = await input(1500);
    const seen: LiveState[] = [];
    const running = run(made, { input: [path], output: join(folder, 'out') });
    const failed = lastValueFrom(
      running.pipe(
        runStats(),
        tap((s) => seen.push(s)),
      ),
    );
    await expect(failed).rejects.toThrow('exact_dedup');
    expect(seen.at(-1)).toMatchObject({ run: { status: 'guard' }, stopped: { flag: '--allow-cluster exact_dedup' } });
  });
});
