import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generator, madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, temporaryFolder } from '../helpers/run.ts';
import { leftovers, runChild, runWhole } from './harness.ts';

const KILLS = 20;

describe('kill -9', { timeout: 600_000 }, () => {
  it('of the process group at random moments of a run with every barrier, again and again, ends with the bytes of an uninterrupted run', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(40, 5), 2);
    const run = { recipe: 'everything', input: join(folder, 'in/*.jsonl') };
    const before = performance.now();
    await runWhole({ ...run, output: join(folder, 'whole'), workers: 2 });
    let wholeMs = performance.now() - before;
    const bytes = promisedBytes(join(folder, 'whole'));
    const random = generator(20);
    let kills = 0;
    let ended = 0;
    // Most kills come before the end, some runs are killed several times.
    for (let i = 0; kills < KILLS || ended === 0; i++) {
      const output = join(folder, `killed-${ended}`);
      const killAfterMs = kills < KILLS ? wholeMs * (0.3 + 0.7 * random()) : undefined;
      const end = await runChild({ ...run, output, workers: 1 + (i % 2), killAfterMs });
      if (end.killed) {
        kills++;
        continue;
      }
      expect(end).toMatchObject({ code: 0, stderr: '' });
      expect(promisedBytes(output)).toEqual(bytes);
      expect(leftovers(output)).toEqual([]);
      ended++;
      // It came to its end before the kill: the machine is less busy than when the time was taken, or most was done before.
      if (killAfterMs !== undefined) wholeMs *= 0.8;
    }
    expect(kills).toBe(KILLS);
  });
});
