import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
import {
  annotate,
  dedup,
  drop,
  type Recipe,
  type RunEvent,
  type RunOptionsInput,
  recipe,
  rule,
  run,
  textStatistics,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import type { AnnotatorDescriptor } from '../../../src/operators/annotator-stage.ts';
import type { Counters } from '../../../src/streams/commits/counters.ts';
import { manyDomains, writeDocuments } from '../../helpers/domains.ts';
import { promisedBytes, temporaryFolder, runToEnd as toEnd } from '../../helpers/run.ts';

const code = { domain: ['code', 'table'] };
const prose = { domain: ['code', 'table'], not: true };

const runToEnd = (r: Recipe, options: RunOptionsInput) => toEnd(r, { workers: 1, ...options });

const recutOf = (events: readonly RunEvent[]) =>
  events.find((e) => e.type === 'recut') as { splits: number; columns: number };

describe('run --recut behind steps that see all documents', () => {
  it('takes what steps that see all documents have decided, where nothing before them changes', async () => {
    const folder = await temporaryFolder();
    const input = [join(folder, 'in')];
    const all = manyDomains(300, 3);
    const isCode = (d: (typeof all)[number]): boolean => code.domain.includes(d.metadata.domain);
    // Copies of the first file stand in the one with code alone, where a threshold of prose changes nothing.
    const text = all.filter((d) => !isCode(d)).slice(0, 120);
    const again = text.filter((_, i) => i % 5 === 0).map((d) => ({ ...d, id: `${d.id}-again` }));
    const copies = again.map((d, i) => (i % 2 === 0 ? d : { ...d, text: `${d.text} And one word more.` }));
    await writeDocuments(input[0], [...text, ...all.filter(isCode), ...copies]);
    const made = (least: number): Recipe =>
      recipe({
        name: 'copies',
        splitBytes: 8192,
        steps: [
          annotate(textStatistics(), { step: 'scores' }),
          drop('first', [rule('text_chars < 30', { name: 'min' })]),
          dedup.exact(),
          dedup.minhash(),
          drop('length', [rule(`text_chars < ${least}`, { name: 'short', option: 'least' })], { where: prose }),
        ],
      });
    const [first, full, recut, killed] = ['first', 'full', 'recut', 'killed'].map((n) => join(folder, n));
    await runToEnd(made(100), { input, output: first, shardSize: 24_000 });
    const { splits, totals } = JSON.parse(readFileSync(join(first, 'run.json'), 'utf8')) as {
      splits: number;
      totals: { steps: Record<string, Record<string, { dropped: number }>> };
    };
    for (const step of ['exact_dedup', 'minhash_dedup'])
      expect(Object.values(totals.steps[step]).some((r) => r.dropped > 0)).toBe(true);
    await runToEnd(made(700), { input, output: full });
    const { events } = await runToEnd(made(700), { input, output: recut, recut: first });
    expect(recutOf(events).splits).toBeGreaterThan(0);
    expect(recutOf(events).splits).toBeLessThan(splits);
    expect(promisedBytes(recut)).toEqual(promisedBytes(full));
    expect(promisedBytes(recut)).not.toEqual(promisedBytes(first));
    // Stopped behind the first decision, and the same command again.
    const stop = new AbortController();
    const stopped = run(made(700), { input, output: killed, recut: first, workers: 1, stop: stop.signal });
    await lastValueFrom(stopped.pipe(tap((e) => e.type === 'commit' && e.phase === 'split/1' && stop.abort())));
    await runToEnd(made(700), { input, output: killed, recut: first });
    expect(promisedBytes(killed)).toEqual(promisedBytes(full));
  });

  it('sees again what the ledger does not say whole of a step that sees all documents', async () => {
    const folder = await temporaryFolder();
    const input = [join(folder, 'in')];
    const all = manyDomains(300, 3);
    const isCode = (d: (typeof all)[number]): boolean => code.domain.includes(d.metadata.domain);
    const text = all.filter((d) => !isCode(d)).slice(0, 60);
    const near = text.slice(0, 9).map((d) => ({ ...d, id: `${d.id}-near`, text: `${d.text} And one word more.` }));
    const gauge = { ...text[0], id: 'gauge', text: `${text[0].text} The gauge is broken.` };
    await writeDocuments(input[0], [gauge, ...text, ...near, ...all.filter(isCode).slice(0, 60), text[0]]);
    await writeFile(
      join(folder, 'broken.mjs'),
      `export const annotator = () => (batch, scope) => {
        const texts = Array.from(scope, (_, row) => batch.text(row));
        if (texts.some((t) => t.endsWith('gauge is broken.'))) throw new Error('broken');
        return [['size', { type: 'float64', values: Float64Array.from(texts, (t) => t.length), valid: null }]];
      };`,
    );
    const broken: AnnotatorDescriptor = {
      ...{ name: 'broken', version: 1, module: new URL(`file://${join(folder, 'broken.mjs')}`).href },
      ...{ export: 'annotator', options: {}, reads: ['text'], writes: [{ name: 'size', type: 'float64' }] },
    };
    const kinds: Record<string, { steps: Recipe['steps']; taken: boolean }> = {
      index: { steps: [dedup.exact({ saveIndex: true })], taken: false },
      failed: { steps: [dedup.exact(), annotate(broken, { step: 'broken' })], taken: false },
      unverified: { steps: [dedup.minhash({ verify: false })], taken: true },
    };
    for (const [kind, { steps, taken }] of Object.entries(kinds)) {
      const made = (least: number): Recipe =>
        recipe({
          name: 'copies',
          splitBytes: 8192,
          steps: [
            annotate(textStatistics(), { step: 'scores' }),
            ...steps,
            drop('length', [rule(`text_chars < ${least}`, { name: 'short', option: 'least' })], { where: prose }),
          ],
        });
      const [first, full, recut] = ['first', 'full', 'recut'].map((n) => join(folder, `${kind}-${n}`));
      await runToEnd(made(100), { input, output: first });
      await runToEnd(made(700), { input, output: full });
      const { events } = await runToEnd(made(700), { input, output: recut, recut: first });
      expect([kind, recutOf(events).splits > 0]).toEqual([kind, taken]);
      const { totals } = JSON.parse(readFileSync(join(first, 'run.json'), 'utf8')) as { totals: Counters };
      expect(totals.quarantined.byReason).toEqual(kind === 'failed' ? { step_failed: 1 } : {});
      expect(promisedBytes(recut)).toEqual(promisedBytes(full));
      expect(promisedBytes(recut)).not.toEqual(promisedBytes(first));
      if (!taken) continue;
      // What was taken no step can see again: without the earlier run it does not go on.
      const killed = join(folder, 'killed');
      const stop = new AbortController();
      const stopped = run(made(700), { input, output: killed, recut: first, workers: 1, stop: stop.signal });
      await lastValueFrom(stopped.pipe(tap((e) => e.type === 'recut' && stop.abort())));
      await expect(runToEnd(made(700), { input, output: killed })).rejects.toThrow('the --recut of the first start');
      await runToEnd(made(700), { input, output: killed, recut: first });
      expect(promisedBytes(killed)).toEqual(promisedBytes(full));
    }
  });
});
