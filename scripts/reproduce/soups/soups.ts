// Wortsman et al. 2022, "Model soups".
import { rewarm } from '../../../src/training/schedules.ts';
import { greedySoup, interpolated, uniformSoup } from '../../../src/training/soups.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';

const RATES = [1e-3, 2e-3, 4e-3];

await study('soups', async ({ seeds, tokens, text, train, made, bits }) => {
  const [old, fresh] = [await text('books'), await text('code')];
  // Ingredients are chosen on one half of what is held out, and reported on the other.
  const half = fresh.heldOut.length >> 1;
  const [chosen, told] = [fresh.heldOut.slice(0, half), fresh.heldOut.slice(half)];
  const measured = [old, { ...fresh, heldOut: told }];
  const measure = async (model: Parameters<typeof bits>[0]) =>
    (await bits(model, [{ ...fresh, heldOut: chosen }])).code;
  for (const seed of seeds) {
    const base = await train({
      arm: 'before',
      seed,
      domains: [old],
      measured,
      mix: { books: 1 },
      tokens: tokens(300_000),
    });
    const ingredients = [];
    for (const [k, learningRate] of RATES.entries()) {
      const given = { domains: [fresh], measured, mix: { code: 1 }, tokens: tokens(120_000), from: base.model };
      const name = `rate ${learningRate}`;
      const { model } = await train(
        { arm: name, seed: seed + 100 * k, ...given, learningRate, schedule: rewarm({}) },
        false,
      );
      ingredients.push({ name, model });
      await made(name, seed, model, measured);
    }
    const greedy = await greedySoup(ingredients, measure);
    await made('best ingredient', seed, ingredients.find((i) => i.name === greedy.steps[0].name)!.model, measured);
    await made('uniform soup', seed, uniformSoup(ingredients), measured);
    await made('greedy soup', seed, greedy.model, measured);
    const start = { name: 'before', model: base.model };
    await made('half way back to before', seed, interpolated(start, ingredients.at(-1)!, 0.5), measured);
  }
  return {
    title: 'Model soups',
    about: 'Books, then code at three rates and orders; means of the weights.',
    reference: 'best ingredient',
    measures: ['books', 'code'],
    claims: [
      claim('the greedy soup beats the best ingredient', 'code', ['greedy soup', 'best ingredient'], 'lower'),
      claim('the uniform soup beats the best ingredient', 'code', ['uniform soup', 'best ingredient'], 'lower'),
      claim('half way back forgets less', 'books', ['half way back to before', 'rate 0.004'], 'lower'),
      claim('half way back learns less', 'code', ['half way back to before', 'rate 0.004'], 'higher'),
    ],
  };
});
