// Yang et al. 2024, "Upsample or Upweight? Balanced Training on Heavily Imbalanced Datasets".
import { cooldown } from '../../../src/mixture/schedulers/cooldown.ts';
import { scalarization } from '../../../src/mixture/schedulers/scalarization.ts';
import { temperature } from '../../../src/mixture/schedulers/temperature.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';

const v = 'gradient norm, variance';
const still = 'squared gradient norm at one model';

await study('cooldown', async ({ seeds, tokens, text, train }) => {
  const domains = [await text('books', 400_000), await text('code', 40_000), await text('news', 20_000)];
  const arms = {
    'temperature 1': temperature({ temperature: 1 }),
    'temperature 5': temperature({ temperature: 5 }),
    'loss weights 5': scalarization({ temperature: 5 }),
    cooldown: cooldown({}),
  };
  for (const seed of seeds) {
    const base = await train(
      { arm: 'base', seed, domains, mix: arms['temperature 1'], tokens: tokens(100_000) },
      false,
    );
    for (const [arm, mix] of Object.entries(arms)) {
      // At a rate of 0 the model stays as it is. Temperature 5 and loss weights 5 expect (nearly) the same gradient
      // there, so that their mean squares differ by the variance of the gradient.
      const { measures } = await train(
        {
          ...{ arm: `still, ${arm}`, seed, domains, mix, from: base.model, learningRate: 0, tokens: tokens(76_800) },
          also: (norms) => ({ square: meanSquareOf(norms) }),
        },
        false,
      );
      await train({
        ...{ arm, seed, domains, mix, tokens: tokens(250_000) },
        also: (norms) => ({ [v]: varianceOf(norms.slice(norms.length >> 2)), [still]: measures.square }),
      });
    }
  }
  return {
    title: 'Temperature, loss weights and Cooldown',
    about: 'Books, code and news as 20 to 2 to 1.',
    reference: 'temperature 1',
    measures: ['books', 'code', 'news', v, still],
    claims: [
      claim('a high temperature helps small domains', 'news', ['temperature 5', 'temperature 1'], 'lower'),
      claim('a high temperature costs the large domain', 'books', ['temperature 5', 'temperature 1'], 'higher'),
      claim(
        'loss weights have more variance than sampling of the same expectation',
        still,
        ['loss weights 5', 'temperature 5'],
        'higher',
      ),
      claim('and a norm of the gradient that varies more', v, ['loss weights 5', 'temperature 5'], 'higher'),
      claim('Cooldown beats temperature 5 on the large domain', 'books', ['cooldown', 'temperature 5'], 'lower'),
      claim('Cooldown beats temperature 5 on the smallest', 'news', ['cooldown', 'temperature 5'], 'lower'),
    ],
  };
});

function meanSquareOf(values: readonly number[]): number {
  return values.reduce((s, v) => s + v * v, 0) / values.length;
}

function varianceOf(values: readonly number[]): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((s, v) => s + (v - mean) ** 2, 0) / (values.length - 1);
}
