// Trains the model that ships with Sluice: npx tsx scripts/make/default-model.ts <output folder> [--tokens 20000000]
// [--threads 1] [--input GLOB]... Text: prose of mixed/ of $SLUICE_CORPORA or ../shared/corpora beside the clone. Again
// with the same folder goes on.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lastValueFrom, tap } from 'rxjs';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { reference } from '../../src/training/reference.ts';
import { trainReference } from '../../src/training/train-reference.ts';
import type { TrainingEvent } from '../../src/training/training-types.ts';
import { corporaFolder } from '../bench/corpus.ts';

const DOMAINS = ['books', 'encyclopedia', 'legal_gov', 'news', 'qa_forum', 'science', 'tech_docs'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokens: { type: 'string', default: '20000000' },
    vocabulary: { type: 'string', default: '4096' },
    width: { type: 'string', default: '128' },
    layers: { type: 'string', default: '6' },
    heads: { type: 'string', default: '4' },
    context: { type: 'string', default: '512' },
    rows: { type: 'string', default: '2' },
    rate: { type: 'string', default: '0.003' },
    threads: { type: 'string', default: '1' },
    input: { type: 'string', multiple: true },
  },
});
const [output] = positionals;
const corpora = corporaFolder();
const input = values.input ?? (corpora ? [join(corpora, 'mixed', '*.jsonl.zst')] : []);
const recipe = reference({
  name: 'sluice-prose-2m',
  description:
    'The model that ships with Sluice: English prose (books, encyclopedia, government and law, news, ' +
    'questions and answers, science, technical documentation) under open licences.',
  domains: DOMAINS,
  shares: { train: 0.85, heldOut: 0.05 },
  seed: 1,
  model: {
    vocabulary: Number(values.vocabulary),
    width: Number(values.width),
    layers: Number(values.layers),
    heads: Number(values.heads),
    context: Number(values.context),
    dtype: 'float16',
  },
  training: {
    tokens: Number(values.tokens),
    rows: Number(values.rows),
    learningRate: Number(values.rate),
    evaluateEvery: 1000,
  },
});
const executor = await onnxruntimeNode({ threads: Number(values.threads) });
const began = performance.now();
const show = (event: TrainingEvent): void => {
  if (event.type === 'step' && event.step % 100 !== 0) return;
  const shown = event.type === 'start' ? { ...event, model: { parameters: event.model.parameters } } : event;
  if (event.type === 'finished') console.log('finished', output);
  else console.log(((performance.now() - began) / 1000).toFixed(0), JSON.stringify(shown));
};
await lastValueFrom(trainReference(recipe, { executor, output, input }).pipe(tap(show)));
