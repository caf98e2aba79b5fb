import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, temporaryFolder } from '../helpers/run.ts';
import { leftovers, runWhole } from './harness.ts';
import { killAtRandom } from './random-kills.ts';

describe('kill -9', { timeout: 600_000 }, () => {
  it(
    'of the process group at random moments of a run with every barrier, again and again, ends with the ' +
      'bytes of an uninterrupted run',
    async () => {
      const folder = await temporaryFolder();
      await writeCorpus(join(folder, 'in'), madeDocuments(40, 5), 2);
      const run = { recipe: 'everything', input: join(folder, 'in/*.jsonl') };
      const before = performance.now();
      await runWhole({ ...run, output: join(folder, 'whole'), workers: 2 });
      const wholeMs = performance.now() - before;
      const bytes = promisedBytes(join(folder, 'whole'));
      const ended = await killAtRandom(run, folder, { wholeMs, kills: 6, seed: 20 });
      for (const output of ended) {
        expect(promisedBytes(output)).toEqual(bytes);
        expect(leftovers(output)).toEqual([]);
      }
    },
  );
});
