// What every script of scripts/reproduce/ shares: options, text, trainings, and what is written at the end.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Executor } from '../../../src/models/executors/executor.ts';
import { pickExecutor } from '../../../src/models/executors/pick-executor.ts';
import type { LanguageModel } from '../../../src/models/language-model.ts';
import { corporaFolder } from '../../bench/corpus.ts';
import { say } from '../../corpus-documents.ts';
import { findingsOf, markdownOf, type Study, svgOf } from './report.ts';
import { type DomainText, domainText } from './texts.ts';
import { bitsOf, type Shape, type Trained, type TrainingSpec, trainOnce } from './train.ts';

/** What a script works with. */
export interface Kit {
  readonly seeds: readonly number[];
  readonly smoke: boolean;
  readonly executor: Executor;
  readonly shape: Shape;
  /** Tokens of a training: those that the study wants, or a few. */
  tokens(full: number): number;
  text(name: string, trainBytes?: number): Promise<DomainText>;
  /** @param counts false: a step on the way to the arms, left out of the table */
  train(spec: TrainingSpec, counts?: boolean): Promise<Trained & { readonly model: LanguageModel }>;
  /** A model that was not trained but made, as an arm. */
  made(arm: string, seed: number, model: LanguageModel, domains: readonly DomainText[]): Promise<Trained>;
  bits(model: LanguageModel, domains: readonly DomainText[]): Promise<Record<string, number>>;
}

type Found = Omit<Study, 'name' | 'results' | 'smoke' | 'command'>;

const SHAPE: Shape = { width: 48, layers: 2, heads: 4, context: 64, rows: 8 };

/**
 * Runs a study: `--input FOLDER` (one file or folder a domain, named as it), `--seeds N`, `--output DIR`, `--smoke`.
 * Writes table.md, results.json and plot.svg. Without text it says so and ends.
 */
export async function study(name: string, work: (kit: Kit) => Promise<Found>): Promise<void> {
  const { values } = parseArgs({
    options: {
      input: { type: 'string' },
      output: { type: 'string' },
      seeds: { type: 'string' },
      smoke: { type: 'boolean', default: false },
    },
  });
  const corpora = corporaFolder();
  const input = values.input ?? (corpora ? join(corpora, 'mixed') : null);
  if (input === null || !existsSync(input)) {
    console.log('skipped: no corpora. Give --input FOLDER with one file of documents for each domain.');
    return;
  }
  const { smoke } = values;
  const folder = resolve(values.output ?? join('sluice-out', 'reproduce', smoke ? `${name}-smoke` : name));
  const seeds = Array.from({ length: Number(values.seeds ?? (smoke ? 2 : 3)) }, (_, i) => i);
  const { executor } = await pickExecutor('auto', { threads: 1 });
  const context = { executor, shape: SHAPE, folder };
  const results: Trained[] = [];
  const told = (trained: Trained): void => {
    const bits = Object.entries(trained.measures).map(([m, v]) => `${m} ${v.toFixed(4)}`);
    say(`${trained.arm}, seed ${trained.seed}: ${bits.join(', ')} (${trained.seconds.toFixed(1)} s)`);
  };
  const found = await work({
    seeds,
    smoke,
    executor,
    shape: SHAPE,
    tokens: (full) => (smoke ? 4 * SHAPE.rows * SHAPE.context : full),
    text: (domain, trainBytes = 400_000) => {
      const sizes = { trainBytes: smoke ? 8192 : trainBytes, heldOutBytes: smoke ? 1024 : 24_576 };
      return domainText(input, domain, { ...sizes, context: SHAPE.context });
    },
    async train(spec, counts = true) {
      const trained = await trainOnce(spec, context);
      const { model: _, ...kept } = trained;
      if (counts) results.push(kept);
      told(trained);
      return trained;
    },
    async made(arm, seed, model, domains) {
      const trained = { arm, seed, measures: await bitsOf(model, domains, context), seconds: 0 };
      results.push(trained);
      told(trained);
      return trained;
    },
    bits: (model, domains) => bitsOf(model, domains, context),
  });
  const command = `npm run reproduce -- ${name}${smoke ? ' --smoke' : ''}`;
  const all: Study = { ...found, name, results, smoke, command };
  await mkdir(folder, { recursive: true });
  const findings = findingsOf(all);
  await writeFile(join(folder, 'results.json'), `${JSON.stringify({ ...all, findings }, null, 1)}\n`);
  await writeFile(join(folder, 'table.md'), markdownOf(all));
  await writeFile(join(folder, 'plot.svg'), svgOf(all));
  for (const f of findings) console.log(`${f.found}: ${f.says}`);
  console.log(`${folder}: table.md, results.json, plot.svg`);
}
