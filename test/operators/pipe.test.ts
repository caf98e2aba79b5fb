import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import {
  annotate,
  c4,
  dedup,
  drop,
  gopherQuality,
  gopherQualityRules,
  type RunJson,
  readDocuments,
  recipe,
  textStatistics,
} from 'sluice';
import { describe, expect, it } from 'vitest';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';

describe('operators in a plain pipe', () => {
  it('keep what a run keeps, rewrites and barriers included', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(400, 3), 2);
    const input = [join(folder, 'in/*.jsonl')];
    const steps = () =>
      [
        dedup.exact(),
        annotate(textStatistics()),
        c4({ minSentences: 2 }),
        annotate(gopherQuality()),
        drop('quality', gopherQualityRules()),
      ] as const;
    await runToEnd(recipe({ name: 'piped', steps: [...steps()], splitBytes: 64 * 1024 }), {
      input,
      output: join(folder, 'out'),
    });
    const { totals } = JSON.parse(readFileSync(join(folder, 'out/run.json'), 'utf8')) as RunJson;
    const [a, b, c, d, e] = steps();
    const batches = await lastValueFrom(readDocuments(input).pipe(a, b, c, d, e, toArray()));
    const alive = batches.flatMap((batch) => [...batch.aliveRows()].map((row) => batch.text(row)));
    expect(alive.length).toBe(totals?.kept.documents);
    expect(alive.length).toBeGreaterThan(100);
    const bytes = alive.reduce((n, text) => n + Buffer.byteLength(text), 0);
    expect(bytes).toBe((totals?.kept.bytes ?? 0) - (totals?.cutBytes ?? 0) + (totals?.addedBytes ?? 0));
  });
});
