// Trains the model that ships with Sluice: npx tsx scripts/make-default-model.ts <output folder> [--tokens 18000000] [--planned 26000000] [--until 9000] [--threads 1] [--input GLOB]...
// Text: prose of mixed/ of $SLUICE_CORPORA or ../shared/corpora beside the clone. Again with the same folder goes on.
// The model that ships was planned for 26 M tokens and shortened to 18 M at step 9,000: with --until 0 the schedule is that of --tokens from the start.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lastValueFrom, tap } from 'rxjs';
import { onnxruntimeNode } from '../src/models/executors/onnxruntime-node.ts';
import { openSafetensors } from '../src/models/safetensors.ts';
import { reference } from '../src/training/reference.ts';
import { trainReference } from '../src/training/train-reference.ts';
import type { ReferenceJson, TrainingEvent } from '../src/training/training-types.ts';
import { corporaFolder } from './bench-corpus.ts';

const DOMAINS = ['books', 'encyclopedia', 'legal_gov', 'news', 'qa_forum', 'science', 'tech_docs'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokens: { type: 'string', default: '18000000' },
    planned: { type: 'string', default: '26000000' },
    until: { type: 'string', default: '9000' },
    vocabulary: { type: 'string', default: '4096' },
    width: { type: 'string', default: '128' },
    layers: { type: 'string', default: '6' },
    heads: { type: 'string', default: '4' },
    context: { type: 'string', default: '256' },
    rows: { type: 'string', default: '4' },
    rate: { type: 'string', default: '0.003' },
    threads: { type: 'string', default: '1' },
    input: { type: 'string', multiple: true },
  },
});
const [output] = positionals;
const corpora = corporaFolder();
const input = values.input ?? (corpora ? [join(corpora, 'mixed', '*.jsonl.zst')] : []);
const recipeOf = (tokens: string) =>
  reference({
    name: 'sluice-prose-2m',
    description:
      'The model that ships with Sluice: English prose (books, encyclopedia, government and law, news, questions and answers, science, technical documentation) under open licences.',
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
      tokens: Number(tokens),
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
const until = Number(values.until);
const stop = new AbortController();
const stopAt = (event: TrainingEvent): void => {
  if ((event.type === 'step' && event.step >= until) || (event.type === 'start' && event.fromStep >= until))
    stop.abort();
};
const trained = (tokens: string, signal?: AbortSignal) =>
  trainReference(recipeOf(tokens), { executor, output, input, stop: signal }).pipe(tap(show));
const record = join(output, 'sluice.json');
const shortened = existsSync(record) && (JSON.parse(readFileSync(record, 'utf8')) as ReferenceJson).schedule.length > 1;
const checkpoint = join(output, 'work', 'checkpoint.safetensors');
const file = !shortened && existsSync(checkpoint) ? await openSafetensors(checkpoint) : null;
await file?.close();
if (!shortened && Number(file?.metadata.step ?? 0) < until)
  await lastValueFrom(trained(values.planned, stop.signal).pipe(tap(stopAt)));
await lastValueFrom(trained(values.tokens));
