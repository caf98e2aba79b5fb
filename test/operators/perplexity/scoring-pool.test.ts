import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import { perplexity } from '../../../src/operators/perplexity/perplexity.ts';
import { scoringSpec } from '../../../src/operators/perplexity/perplexity-stage.ts';
import { textsOf } from '../../../src/operators/perplexity/score-parts.ts';
import { openScoringPool } from '../../../src/operators/perplexity/scoring-pool.ts';
import { batchOf } from '../../helpers/batches.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const spec = scoringSpec(perplexity().descriptor);
const pool = openScoringPool(1);
afterEach(() => pool.close());

it('is closed by who opened it, keeps no text of what it has scored, and cancels what waits', async () => {
  const shares: (() => number)[] = [];
  const scored = async (): Promise<WeakRef<object>> => {
    const batch = batchOf(['a few words']);
    const parts = textsOf(batch, [{ scope: Uint8Array.of(1), bytes: 11 }]);
    const [scores] = await pool.score(spec, parts, { watch: (share) => shares.push(share) });
    expect(scores.tokens[0]).toBeGreaterThan(0);
    return new WeakRef(parts[0]);
  };
  const part = await scored();
  await turn();
  collectGarbage();
  expect(shares.map((share) => share())).toEqual([1]);
  expect(part.deref()).toBeUndefined();
  expect(await pool.score(spec, [], { watch: (share) => shares.push(share) })).toEqual([]);
  expect(shares[1]()).toBe(1);

  // Two parts for one worker: the second waits for the first, and is never begun.
  const abort = new AbortController();
  const two = textsOf(batchOf(['left', 'behind']), [
    { scope: Uint8Array.of(1, 0), bytes: 4 },
    { scope: Uint8Array.of(0, 1), bytes: 6 },
  ]);
  const left = pool.score(spec, two, { signal: abort.signal });
  abort.abort(new Error('the task has ended'));
  await expect(left).rejects.toThrow(/the task has ended|nobody waits/);
  // The worker that was asked goes on living.
  const again = textsOf(batchOf(['a few words']), [{ scope: Uint8Array.of(1), bytes: 11 }]);
  expect((await pool.score(spec, again))[0].reason).toEqual([null]);
});
