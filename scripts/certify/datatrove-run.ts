// A run of ours beside one of datatrove: what became of each document, and the CPU seconds that it took.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { lastValueFrom } from 'rxjs';
import { jsonl, type RecipeInput, recipe, run, urlFilter } from 'sluice';

export type Steps = RecipeInput['steps'];

export interface Doc {
  readonly id: string;
  readonly text: string;
}

/** JSON lines. */
export const rowsOf = <T>(text: string): T[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);

export interface Curated {
  /** By id: the step and the rule that dropped a document; null for kept. */
  readonly fate: ReadonlyMap<string, { readonly step: string; readonly rule: string } | null>;
  /** Texts of what was kept, by id. */
  readonly left: ReadonlyMap<string, string>;
  /** CPU seconds of this process and its threads. */
  readonly seconds: number;
}

/** Runs steps over files into `output`; rules may drop what they like. */
export async function curated(output: string, input: readonly string[], steps: Steps): Promise<Curated> {
  const sinks = [jsonl({ compression: 'none' })];
  const made = recipe({ name: 'certified', steps: [...steps], sinks, expected: { all: { max: 1 } } });
  const rule = [...new Set(steps.flatMap((s) => s.descriptor.rules.map((r) => r.name)))];
  const cluster = steps.flatMap((s) => (s.descriptor.effects.drops === 'copies' ? [s.descriptor.step] : []));
  const before = process.cpuUsage();
  const event = await lastValueFrom(
    run(made, { input: [...input], output, workers: 1, fresh: true, allow: { rule, dropShare: ['all'], cluster } }),
  );
  const { user, system } = process.cpuUsage(before);
  if (event.type !== 'finished') throw new Error(`expected a finished run, got ${event.type}`);
  const db = await (await DuckDBInstance.create()).connect();
  const ledger = await db.runAndReadAll(`SELECT id, step, rule, outcome FROM '${join(output, 'ledger/*.parquet')}'`);
  const fate = ledger
    .getRowObjects()
    .map((r) => [String(r.id), r.outcome === 'dropped' ? { step: `${r.step}`, rule: `${r.rule}` } : null] as const);
  const documents = join(output, 'documents');
  const left = readdirSync(documents)
    .flatMap((f) => rowsOf<Doc>(readFileSync(join(documents, f), 'utf8')))
    .map((d) => [d.id, d.text] as const);
  return { fate: new Map(fate), left: new Map(left), seconds: (user + system) / 1e6 };
}

/** Our URL filter on the lists that `datatrove_lists.py` wrote. */
export const listedUrls = (folder: string) =>
  urlFilter({
    profile: 'datatrove',
    domains: [join(folder, 'domains'), join(folder, 'urls')],
    words: [join(folder, 'banned_words')],
    softWords: [join(folder, 'soft_banned_words')],
    subwords: [join(folder, 'banned_subwords')],
    publicSuffixes: [join(folder, 'suffixes')],
  });
