// Trains the classifier of lines that ships, models/refiner/lines.json, on noise planted into clean documents:
//   npx tsx scripts/make/line-refiner.ts <folder of packed JSON lines> [--documents 1000] [--seed 1]
// Some kinds of noise are never seen: scripts/score/noise.ts tells how it does on them. Logistic regression by
// stochastic gradient descent; the threshold is the lowest at which no more than 0.3 % of the clean lines of documents
// that were held out would go.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FEATURES, lineFeatures, noiseOf } from '../../src/operators/rewrite/refine/line-model.ts';
import { seededRandom } from '../../src/random.ts';
import { corpusDocuments, LINES, planted } from '../planted-noise.ts';

export const TRAINED_ON = ['menu', 'cookies', 'buttons', 'links', 'rights', 'headlines'];
const FALSE = 0.003;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { documents: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
});
const seed = Number(values.seed);
const random = seededRandom(seed, 'line refiner');
const documents = corpusDocuments(
  positionals[0],
  /^(books|encyclopedia|news|qa_forum|science|tech_docs)-00/,
  Number(values.documents),
);

interface Example {
  readonly features: [number, number][];
  readonly noise: boolean;
}

const train: Example[] = [];
const held: Example[] = [];
documents.forEach((lines, document) => {
  const kind = TRAINED_ON[random.below(TRAINED_ON.length)];
  const mixed = planted(lines, LINES[kind], { rate: 0.15, random, document });
  const texts = mixed.map((m) => m.line);
  const into = document % 5 === 0 ? held : train;
  mixed.forEach(({ line, noise }, i) => {
    if (line.trim() !== '') into.push({ features: lineFeatures(texts, i), noise });
  });
});
const weights = new Float64Array(FEATURES);
let bias = 0;
const EPOCHS = 6;
for (let epoch = 0; epoch < EPOCHS; epoch++) {
  const rate = 0.1 / (1 + epoch);
  for (let i = train.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [train[i], train[j]] = [train[j], train[i]];
  }
  for (const { features, noise } of train) {
    const error = (noise ? 1 : 0) - noiseOf({ bias, weights: weights as unknown as number[] }, features);
    bias += rate * error;
    for (const [k, v] of features) weights[k] += rate * (error * v - 1e-5 * weights[k]);
  }
}
const rounded = { bias: Math.round(bias * 1e4) / 1e4, weights: Array.from(weights, (w) => Math.round(w * 1e4) / 1e4) };
const clean = held.filter((e) => !e.noise).map((e) => noiseOf(rounded, e.features));
const threshold = Math.max(0.5, clean.sort((a, b) => a - b)[Math.floor(clean.length * (1 - FALSE))] ?? 1);
const found = held.filter((e) => e.noise && noiseOf(rounded, e.features) > threshold).length;
mkdirSync(new URL('../../models/refiner/', import.meta.url), { recursive: true });
const model = { format: 1, ...rounded, threshold: Math.round(threshold * 1e6) / 1e6 };
writeFileSync(new URL('../../models/refiner/lines.json', import.meta.url), `${JSON.stringify(model)}\n`);
console.log(
  `${train.length} lines of ${documents.length} documents; held out: ${found} of ` +
    `${held.filter((e) => e.noise).length} planted lines found at threshold ${model.threshold}, ` +
    `${(100 * FALSE).toFixed(1)} % of ${clean.length} clean lines go`,
);
