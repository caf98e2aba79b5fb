// Chen et al. 2023, "Skill-it!", on domains of text instead of the synthetic skills of the paper: prose domains help
// each other, code stands alone.
import { skillIt } from '../../../src/mixture/schedulers/skill-it.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';

const PROSE = { books: { news: 0.5 }, news: { books: 0.5 } };
const COMPLETE = { books: { news: 1, code: 1 }, news: { books: 1, code: 1 }, code: { books: 1, news: 1 } };

await study('skill-it', async ({ seeds, tokens, text, train }) => {
  const domains = [await text('books', 800_000), await text('news', 800_000), await text('code', 800_000)];
  const every = 80;
  const arms = {
    uniform: { books: 1, news: 1, code: 1 },
    'skill-it': skillIt({ graph: PROSE, every, normalize: true }),
    'skill-it, complete graph': skillIt({ graph: COMPLETE, every, normalize: true }),
  };
  for (const seed of seeds)
    for (const [arm, mix] of Object.entries(arms)) await train({ arm, seed, domains, mix, tokens: tokens(400_000) });
  return {
    title: 'Skill-it against uniform sampling',
    about: 'Books, news and code, with edges between the two domains of prose.',
    reference: 'uniform',
    measures: ['books', 'news', 'code'],
    claims: [
      claim('Skill-it beats uniform sampling on news', 'news', ['skill-it', 'uniform'], 'lower'),
      claim('and on code', 'code', ['skill-it', 'uniform'], 'lower'),
      claim(
        'with a complete graph it gains nothing on code',
        'code',
        ['uniform', 'skill-it, complete graph'],
        'no more than',
        0.01,
      ),
    ],
  };
});
