// Stollenwerk and Stollenwerk 2025, "Better Embeddings with Coupled Adam".
import type { LanguageModel } from '../../../src/models/language-model.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';

await study('coupled-adam', async ({ seeds, tokens, text, train }) => {
  const domains = [await text('books', 800_000)];
  for (const seed of seeds)
    for (const coupledAdam of [false, true])
      await train({
        arm: coupledAdam ? 'Coupled Adam' : 'AdamW',
        seed,
        domains,
        mix: { books: 1 },
        tokens: tokens(500_000),
        optimizer: { coupledAdam },
        also: (_, model) => ({ 'length of the mean': meanRatio(model) }),
      });
  return {
    title: 'Coupled Adam',
    about: 'The length of the mean output embedding, as a share of the mean length: 0 where they point everywhere.',
    reference: 'AdamW',
    measures: ['books', 'length of the mean'],
    claims: [
      claim('embeddings stay centred', 'length of the mean', ['Coupled Adam', 'AdamW'], 'lower'),
      claim(
        'on little data the loss is no better: 0.05 bits worse at most',
        'books',
        ['Coupled Adam', 'AdamW'],
        'no more than',
        0.05,
      ),
    ],
  };
});

/** ||mean of the rows|| / mean of ||row||, of the output layer. */
function meanRatio({ config, weights }: LanguageModel): number {
  const { data } = weights.get('lm_head.weight')!;
  const { vocabulary, width } = config;
  const mean = new Float64Array(width);
  let lengths = 0;
  for (let row = 0; row < vocabulary; row++) {
    let squares = 0;
    for (let i = 0; i < width; i++) {
      const value = data[row * width + i];
      mean[i] += value / vocabulary;
      squares += value * value;
    }
    lengths += Math.sqrt(squares) / vocabulary;
  }
  return Math.hypot(...mean) / lengths;
}
