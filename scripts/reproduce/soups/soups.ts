// Wortsman et al. 2022, "Model soups".
import { rewarm } from '../../../src/training/schedules.ts';
import { greedySoup, interpolated, uniformSoup } from '../../../src/training/soups.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';

const RATES = [4e-3, 8e-3];
/** Trainings at each rate, which differ in the order of the text alone. */
const ORDERS = [0, 1, 2];

await study('soups', async ({ seeds, tokens, text, train, made, bits }) => {
  const [old, fresh] = [await text('books', 800_000), await text('code', 800_000)];
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
      tokens: tokens(400_000),
    });
    const ingredients = [];
    for (const learningRate of RATES)
      for (const order of ORDERS) {
        const given = { domains: [fresh], measured, mix: { code: 1 }, tokens: tokens(200_000), from: base.model };
        const name = `rate ${learningRate}, order ${order}`;
        const { model } = await train(
          { arm: name, seed: seed + 100 * order, ...given, learningRate, schedule: rewarm({}) },
          false,
        );
        ingredients.push({ name, model });
        await made(name, seed, model, measured);
      }
    const greedy = await greedySoup(ingredients, measure);
    await made('best ingredient', seed, ingredients.find((i) => i.name === greedy.steps[0].name)!.model, measured);
    await made('uniform soup', seed, uniformSoup(ingredients), measured);
    await made('soup of one rate', seed, uniformSoup(ingredients.slice(0, ORDERS.length)), measured);
    await made('greedy soup', seed, greedy.model, measured);
    const start = { name: 'before', model: base.model };
    await made('half way back to before', seed, interpolated(start, ingredients[0], 0.5), measured);
  }
  return {
    title: 'Model soups',
    about: 'Books, then code at two rates and three orders each; means of the weights.',
    reference: 'best ingredient',
    measures: ['books', 'code'],
    claims: [
      claim('the greedy soup beats the best ingredient', 'code', ['greedy soup', 'best ingredient'], 'lower'),
      claim('the uniform soup beats the best ingredient', 'code', ['uniform soup', 'best ingredient'], 'lower'),
      claim('a soup of equal rates beats one of them', 'code', ['soup of one rate', 'rate 0.004, order 0'], 'lower'),
      claim('half way back forgets less', 'books', ['half way back to before', 'rate 0.004, order 0'], 'lower'),
      claim('half way back learns less', 'code', ['half way back to before', 'rate 0.004, order 0'], 'higher'),
    ],
  };
});
