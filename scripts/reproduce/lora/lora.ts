// Biderman et al. 2024, "LoRA Learns Less and Forgets Less", and Hui et al. 2024, "HFT": each at its own best rate.
import type { Transform } from '../../../src/models/transform.ts';
import { rewarm } from '../../../src/training/schedules.ts';
import { halfFineTuning } from '../../../src/training/transforms/half-fine-tuning.ts';
import { lora } from '../../../src/training/transforms/lora.ts';
import { claim } from '../harness/claims.ts';
import { study } from '../harness/study.ts';

const RATES = {
  full: [2e-3, 4e-3, 8e-3],
  'half fine-tuning': [2e-3, 4e-3, 8e-3],
  'lora 8': [1e-2, 2e-2, 4e-2],
};

const transformsOf = (method: string, seed: number): Transform[] => {
  if (method === 'full') return [];
  return method === 'lora 8' ? [lora({ rank: 8, seed })] : [halfFineTuning({ seed })];
};

await study('lora', async ({ seeds, tokens, text, train }) => {
  const [old, fresh] = [await text('books', 800_000), await text('code', 800_000)];
  const learned = new Map<string, number[]>();
  for (const seed of seeds) {
    const measured = [old, fresh];
    const mix = { books: 1 };
    const before = await train({ arm: 'before', seed, domains: [old], measured, mix, tokens: tokens(400_000) });
    for (const [method, rates] of Object.entries(RATES))
      for (const learningRate of rates) {
        const arm = `${method}, rate ${learningRate}`;
        const optimizer = { transforms: transformsOf(method, seed) };
        const given = { domains: [fresh], measured, mix: { code: 1 }, tokens: tokens(200_000), from: before.model };
        const { measures } = await train({ arm, seed, ...given, learningRate, optimizer, schedule: rewarm({}) });
        learned.set(arm, [...(learned.get(arm) ?? []), measures.code]);
      }
  }
  const mean = (arm: string): number => learned.get(arm)!.reduce((a, b) => a + b, 0) / seeds.length;
  const best = (method: keyof typeof RATES): string =>
    RATES[method].map((rate) => `${method}, rate ${rate}`).sort((a, b) => mean(a) - mean(b))[0];
  return {
    title: 'LoRA and half fine-tuning against full training',
    about: 'Books, then code; the rate of each method is the one that learned most.',
    reference: best('full'),
    measures: ['books', 'code'],
    claims: [
      claim('LoRA learns less', 'code', [best('lora 8'), best('full')], 'higher'),
      claim('LoRA forgets less', 'books', [best('lora 8'), best('full')], 'lower'),
      claim('half fine-tuning forgets less', 'books', [best('half fine-tuning'), best('full')], 'lower'),
    ],
  };
});
