import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { probeFirst } from '../../../src/cli/plan/probe-limit.ts';
import { annotate } from '../../../src/operators/annotate.ts';
import { textStatistics } from '../../../src/operators/annotators/text-statistics.ts';
import { recipe } from '../../../src/recipe/recipe.ts';
import { planSplits } from '../../../src/streams/plan/plan.ts';
import { jsonLines } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

it('more first documents than there is time for are estimated from the splits they must lie in', async () => {
  const folder = join(await temporaryFolder(), 'in');
  await mkdir(folder);
  // A thousand documents of a kilobyte each, ten splits a file.
  for (const domain of ['books', 'web', 'code'])
    await writeFile(
      join(folder, `${domain}.jsonl`),
      jsonLines(Array.from({ length: 1000 }, (_, i) => ({ text: `${i} `.padEnd(1000, domain), domain }))),
    );
  const r = recipe({ name: 'long', splitBytes: 100_000, steps: [annotate(textStatistics())] });
  const plan = await planSplits([folder], r.read, { splitBytes: r.splitBytes });
  // Books are first, then code.
  const { expected, reached, documents } = await probeFirst(r, plan, 1500, 0);
  expect(reached).toBe(true);
  expect(documents).toBeLessThan(2000);
  expect(expected.all.documents).toBeCloseTo(1500, 6);
  expect(Object.keys(expected.domains)).not.toContain('web');
});

it('where documents grow larger than the first ones, more of the input is looked at', async () => {
  const folder = join(await temporaryFolder(), 'in');
  await mkdir(folder);
  for (const [domain, size] of [
    ['a', 500],
    ['b', 5000],
  ] as const)
    await writeFile(
      join(folder, `${domain}.jsonl`),
      jsonLines(Array.from({ length: 1000 }, (_, i) => ({ text: `${i} `.padEnd(size, domain), domain }))),
    );
  const r = recipe({ name: 'larger', splitBytes: 100_000, steps: [annotate(textStatistics())] });
  const plan = await planSplits([folder], r.read, { splitBytes: r.splitBytes });
  const { expected, reached } = await probeFirst(r, plan, 1500, 0);
  expect(reached).toBe(true);
  // As many texts of 500 bytes lie in 750 kB, in which there are 1,050 documents.
  expect(expected.all.documents).toBeCloseTo(1500, 6);
  expect(expected.domains.a.documents).toBeGreaterThan(900);
  expect(expected.domains.b.documents).toBeGreaterThan(400);
});
