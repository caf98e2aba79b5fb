import { expect, it } from 'vitest';
import { emptyScores } from '../../../src/models/scorers/scorer.ts';
import { scoreParts, TASK_BYTES, together } from '../../../src/operators/perplexity/score-parts.ts';

const kB = 1024;
const offsetsOf = (sizes: readonly number[]): Int32Array =>
  Int32Array.of(0, ...sizes.map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b)));

it('cuts a batch into consecutive rows with 128 kB of wanted text', () => {
  expect(TASK_BYTES).toBe(128 * kB);
  //                          |------------ 160 kB ----------|  200 kB   |----- 30 kB -----| nothing wanted
  const sizes = [100 * kB, 900 * kB, 60 * kB, 200 * kB, 10 * kB, 20 * kB, 500 * kB];
  const scope = Uint8Array.of(1, 0, 1, 1, 1, 1, 0);
  const parts = scoreParts(scope, offsetsOf(sizes));
  expect(parts.map((p) => [...p.scope].join(''))).toEqual(['1010000', '0001000', '0000110']);
  expect(parts.map((p) => p.bytes / kB)).toEqual([160, 200, 30]);
});

it('has one part for little text, also for none', () => {
  expect(scoreParts(Uint8Array.of(1, 1), Int32Array.of(5, 9, 12))).toEqual([{ scope: Uint8Array.of(1, 1), bytes: 7 }]);
  expect(scoreParts(Uint8Array.of(0, 1), Int32Array.of(0, 4, 4))).toEqual([{ scope: Uint8Array.of(0, 1), bytes: 1 }]);
});

it('takes every row from its own part', () => {
  const scores = (value: number, reason: 'empty' | null) => ({
    ...emptyScores(1),
    nllSum: new Float64Array(1).fill(value),
    tokens: new Int32Array(1).fill(value),
    bytes: new Int32Array(1).fill(10 * value),
    bitsPerByteMax: new Float64Array(1).fill(-value),
    cachedNllSum: new Float64Array(1).fill(value / 2),
    reason: [reason],
  });
  const parts = [Uint8Array.of(1, 0, 0), Uint8Array.of(0, 0, 1)].map((scope) => ({ scope, bytes: 1 }));
  expect(together(3, parts, [scores(2, null), scores(4, 'empty')])).toEqual({
    nllSum: Float64Array.of(2, Number.NaN, 4),
    tokens: Int32Array.of(2, 0, 4),
    bytes: Int32Array.of(20, 0, 40),
    bitsPerByteMax: Float64Array.of(-2, Number.NaN, -4),
    cachedNllSum: Float64Array.of(1, Number.NaN, 2),
    reason: [null, null, 'empty'],
  });
});
