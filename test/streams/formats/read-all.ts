import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { type NumberColumn, numberAt, stringAt } from '../../../src/streams/batch/columns.ts';
import type { QuarantinedRecord } from '../../../src/streams/batch/outcome.ts';
import { readSplit } from '../../../src/streams/formats/read-split.ts';
import { copyPipes } from '../../../src/streams/inputs/pipe-copies.ts';
import { type ReadOptionsInput, readOptions } from '../../../src/streams/inputs/read-options.ts';
import { type PlanOptions, planSplits } from '../../../src/streams/plan/plan.ts';
import type { SplitPlan } from '../../../src/streams/plan/splits.ts';

export interface ReadDocument {
  readonly file: string;
  readonly block: number;
  readonly offset: number;
  readonly row: number;
  readonly id: string;
  readonly text: string;
  readonly domain: string;
  readonly metadata: string;
}

export interface ReadResult {
  readonly plan: SplitPlan;
  readonly documents: readonly ReadDocument[];
  readonly quarantined: readonly QuarantinedRecord[];
  /** Rows of each batch, a list per split. */
  readonly batches: readonly (readonly number[])[];
}

const kernel = loadKernel();

interface MoreOptions {
  readonly spoolFolder?: string;
  readonly batchBytes?: number;
  readonly onProgress?: (bytes: number) => void;
}

/** Everything that some inputs give. */
export async function readAll(
  inputs: string | readonly string[],
  options: ReadOptionsInput & PlanOptions & MoreOptions = {},
): Promise<ReadResult> {
  const { splitBytes, spoolFolder, stdin, batchBytes, onProgress, ...read } = options;
  const parsed = readOptions.parse(read);
  const all = typeof inputs === 'string' ? [inputs] : inputs;
  const spooled = spoolFolder === undefined ? undefined : (await copyPipes(all, { folder: spoolFolder, stdin })).copies;
  const plan = await planSplits(all, parsed, { splitBytes, spooled, stdin });
  const documents: ReadDocument[] = [];
  const quarantined: QuarantinedRecord[] = [];
  const batches: number[][] = [];
  for (const split of plan.splits) {
    const rows: number[] = [];
    const given = {
      kernel: await kernel,
      onQuarantine: (r: QuarantinedRecord) => void quarantined.push(r),
      batchBytes,
      onProgress,
    };
    for await (const batch of readSplit(split, plan, parsed, given)) {
      rows.push(batch.rows);
      const text = (name: string, row: number): string => stringAt(batch.utf8(name), row)!;
      const number = (name: string, row: number): number => numberAt(batch.number(name) as NumberColumn, row)!;
      for (let i = 0; i < batch.rows; i++) {
        documents.push({
          file: text('file', i),
          block: number('block', i),
          offset: number('offset', i),
          row: number('row', i),
          id: text('id', i),
          text: text('text', i),
          domain: text('domain', i),
          metadata: text('metadata', i),
        });
      }
    }
    batches.push(rows);
  }
  return { plan, documents, quarantined, batches };
}

const root = mkdtempSync(join(tmpdir(), 'sluice-readers-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

/** Writes a file into a folder of its own; returns its path. */
export function fixture(name: string, content: string | Uint8Array): string {
  const path = join(mkdtempSync(join(root, `${count++}-`)), name);
  writeFileSync(path, content);
  return path;
}

/** A fresh folder. */
export const fixtureFolder = (): string => mkdtempSync(join(root, `${count++}-`));

/** Documents without where they stood. */
export const contents = (documents: readonly ReadDocument[]): unknown[] =>
  documents.map(({ id, text, domain, metadata }) => ({ id, text, domain, metadata }));
