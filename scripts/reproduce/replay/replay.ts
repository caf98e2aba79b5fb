// Ibrahim et al. 2024, "Simple and Scalable Strategies to Continually Pre-train Large Language Models".
import { rewarm } from '../../../src/training/schedules.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';

const SHARES = [0, 0.5, 1, 5, 25];

await study('replay', async ({ seeds, tokens, text, train }) => {
  const [old, fresh] = [await text('books'), await text('code')];
  for (const seed of seeds) {
    const before = { arm: 'before', seed, domains: [old], measured: [old, fresh], mix: { books: 1 } };
    const { model } = await train({ ...before, tokens: tokens(300_000) });
    for (const share of SHARES)
      await train({
        arm: `replay ${share} %`,
        seed,
        domains: [old, fresh],
        mix: { books: share / 100, code: 1 - share / 100 },
        tokens: tokens(150_000),
        from: model,
        schedule: rewarm({ from: 0.1 }),
      });
  }
  return {
    title: 'Replay at equal compute',
    about: 'Trained on books, then on code with a share of books in every step.',
    reference: 'replay 0 %',
    measures: ['books', 'code'],
    claims: [
      claim('0.5 % of old data already takes away forgetting', 'books', ['replay 0.5 %', 'replay 0 %'], 'lower'),
      claim('1 % does', 'books', ['replay 1 %', 'replay 0 %'], 'lower'),
      claim('5 % does', 'books', ['replay 5 %', 'replay 0 %'], 'lower'),
      claim('25 % does', 'books', ['replay 25 %', 'replay 0 %'], 'lower'),
      claim('5 % costs the new data 0.02 bits at most', 'code', ['replay 5 %', 'replay 0 %'], 'no more than', 0.02),
    ],
  };
});
