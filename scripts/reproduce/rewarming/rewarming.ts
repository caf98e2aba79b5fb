// Gupta et al. 2023, "Continual Pre-Training of Large Language Models: How to (re)warm your model?"
import { constant, rewarm } from '../../../src/training/schedules.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';

const HIGHEST = 4e-3;

await study('rewarming', async ({ seeds, tokens, text, train }) => {
  const [a, b, more] = [await text('books'), await text('code'), await text('books', 800_000)];
  // The control goes on with text of A that was not seen.
  const again = { ...more, ids: more.ids.subarray(a.ids.length) };
  const old = tokens(250_000);
  const fresh = tokens(100_000);
  for (const seed of seeds) {
    const base = await train({ arm: 'before', seed, domains: [a], measured: [a, b], mix: { books: 1 }, tokens: old });
    const on = (arm: string, given: object) =>
      train({ arm, seed, domains: [b], measured: [a, b], mix: { code: 1 }, tokens: fresh, from: base.model, ...given });
    await on('constant, low', { learningRate: 0.1 * HIGHEST, schedule: constant() });
    for (const peak of [0.5, 1, 2])
      await on(`re-warmed x${peak}`, { learningRate: peak * HIGHEST, schedule: rewarm({ warmup: 0.01, from: 0.1 }) });
    await on('no warm-up x1', { learningRate: HIGHEST, schedule: rewarm({ warmup: 0, from: 0.1 }) });
    await on('long warm-up x1', { learningRate: HIGHEST, schedule: rewarm({ warmup: 0.1, from: 0.1 }) });
    await on('from scratch', { from: undefined, learningRate: HIGHEST });
    const same = { domains: [again], mix: { books: 1 } };
    await on('control A to A, re-warmed x1', { ...same, learningRate: HIGHEST, schedule: rewarm({ from: 0.1 }) });
    await on('control A to A, constant', { ...same, learningRate: 0.1 * HIGHEST, schedule: constant() });
  }
  return {
    title: 'Re-warming',
    about: `Trained on books (${old} tokens), then on code (${fresh}).`,
    reference: 're-warmed x1',
    measures: ['books', 'code'],
    claims: [
      claim('a higher maximum learns more of the new data', 'code', ['re-warmed x2', 're-warmed x0.5'], 'lower'),
      claim('a higher maximum forgets more of the old', 'books', ['re-warmed x2', 're-warmed x0.5'], 'higher'),
      claim(
        'the length of the warm-up matters little: none costs 0.02 bits at most',
        'code',
        ['no warm-up x1', 'long warm-up x1'],
        'no more than',
        0.02,
      ),
      claim('re-warming beats the low constant rate on new data', 'code', ['re-warmed x1', 'constant, low'], 'lower'),
      claim(
        'a model that was trained before beats one from scratch',
        'code',
        ['re-warmed x1', 'from scratch'],
        'lower',
      ),
      claim(
        're-warming on the same data costs: worse than going on at the low rate',
        'books',
        ['control A to A, re-warmed x1', 'control A to A, constant'],
        'higher',
      ),
    ],
  };
});
