import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { perplexity } from '../../../src/operators/perplexity/perplexity.ts';
import { scoringSpec } from '../../../src/operators/perplexity/perplexity-stage.ts';
import { scoringPool } from '../../../src/operators/perplexity/scoring-pool.ts';
import { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

it.each([0, 1])('what tells the share done does not keep the text of its batch (scope %i)', async (wanted) => {
  const pool = scoringPool(scoringSpec(perplexity().descriptor));
  const shares: (() => number)[] = [];
  const scored = async (): Promise<WeakRef<DocumentBatch>> => {
    const columns = new Map([
      ['text', utf8Column(['a few words'])],
      ['metadata', utf8Column(['{}'])],
    ]);
    const batch = new DocumentBatch({ rows: 1, split: 0, sequence: 0, columns });
    await pool.score(batch, Uint8Array.of(wanted), (share) => shares.push(share));
    return new WeakRef(batch);
  };
  const batch = await scored();
  await turn();
  collectGarbage();
  expect(shares.map((share) => share())).toEqual([1]);
  expect(batch.deref()).toBeUndefined();
});
