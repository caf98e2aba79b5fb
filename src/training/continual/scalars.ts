import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, writeWhole } from '../../files/whole.ts';
import type { StepEvent } from '../loop.ts';
import type { Measurement } from '../training-types.ts';
import { openEventFile } from './tensorboard.ts';

/** The numbers of a training, as files that other tools open. */
export interface Scalars {
  step(event: StepEvent): Promise<void>;
  measured(measurement: Measurement): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens `scalars.csv` (a row a step), `measurements.csv` (a row a domain and measurement) and an event file of
 * TensorBoard in a folder. What a training that was killed past its checkpoint has written of later steps is taken out.
 * @param goesOnFrom steps of the checkpoint; null: there is none, and nothing that was written counts
 */
export async function openScalars(
  folder: string,
  domains: readonly string[],
  goesOnFrom: number | null,
): Promise<Scalars> {
  const fromStep = goesOnFrom ?? -1;
  const [steps, measurements] = TABLES;
  const perStep = await openCsv(join(folder, steps), stepColumns(domains), fromStep);
  const perMeasurement = await openCsv(join(folder, measurements), MEASURED, fromStep);
  const board = await openEventFile(folder, fromStep + 1);
  return {
    async step(event) {
      await perStep.row(stepRow(event, domains));
      await board.scalars(event.step, stepScalars(event));
    },
    async measured({ step, tokensSeen, bitsPerByte, byDomain }) {
      const all = bitsPerByte === null ? [] : [['all', '', bitsPerByte] as const];
      const rows = [...Object.entries(byDomain).map(([d, bits]) => ['domain', d, bits] as const), ...all];
      // The kind is a column of its own: a domain may be called all.
      for (const [of, domain, bits] of rows) await perMeasurement.row([step, tokensSeen, of, domain, bits]);
      const tags = rows.map(([of, d, bits]) => [of === 'all' ? 'bits_per_byte' : `bits_per_byte/${d}`, bits] as const);
      if (tags.length > 0) await board.scalars(step, Object.fromEntries(tags));
    },
    async close() {
      await perStep.close();
      await perMeasurement.close();
      await board.close();
    },
  };
}

/** Names of the tables. */
export const TABLES = ['scalars.csv', 'measurements.csv'] as const;

const FIRST = ['step', 'tokens_seen', 'loss', 'learning_rate', 'gradient_norm', 'tokens_per_second'];
const MEASURED = ['step', 'tokens_seen', 'of', 'domain', 'bits_per_byte'];

const stepColumns = (domains: readonly string[]): string[] => [
  ...FIRST,
  ...domains.map((d) => `loss/${d}`),
  ...domains.map((d) => `weight/${d}`),
];

const stepRow = (e: StepEvent, domains: readonly string[]): (number | null)[] => [
  e.step,
  e.tokensSeen,
  e.loss,
  e.learningRate,
  e.gradientNorm,
  Math.round(e.tokensPerSecond),
  ...domains.map((d) => e.lossByDomain[d]),
  ...domains.map((d) => e.weights[d]),
];

function stepScalars(e: StepEvent): Record<string, number> {
  const scalars: Record<string, number> = {
    loss: e.loss,
    learning_rate: e.learningRate,
    gradient_norm: e.gradientNorm,
    tokens_seen: e.tokensSeen,
    tokens_per_second: e.tokensPerSecond,
  };
  for (const [domain, loss] of Object.entries(e.lossByDomain)) if (loss !== null) scalars[`loss/${domain}`] = loss;
  for (const [domain, weight] of Object.entries(e.weights)) scalars[`weight/${domain}`] = weight;
  return scalars;
}

interface Csv {
  row(cells: readonly (number | string | null)[]): Promise<void>;
  close(): Promise<void>;
}

/** A table that is appended to; rows of steps after `lastStep`, and one that a kill tore, go first. */
async function openCsv(path: string, columns: readonly string[], lastStep: number): Promise<Csv> {
  const before = (await readIfThere(path))?.split('\n').slice(1, -1) ?? [];
  const kept = before.filter((line) => Number(line.slice(0, line.indexOf(','))) <= lastStep);
  await writeWhole(path, `${[csvLine(columns), ...kept].join('\n')}\n`);
  const file: FileHandle = await open(path, 'a');
  return {
    row: (cells) => file.writeFile(`${csvLine(cells)}\n`),
    close: () => file.close(),
  };
}

/** Names with a comma, a quote or a line end in quotes; null is empty. */
const csvLine = (cells: readonly (number | string | null)[]): string =>
  cells
    .map((cell) => (cell === null ? '' : String(cell)))
    .map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""').replace(/[\r\n]+/g, ' ')}"` : cell))
    .join(',');
