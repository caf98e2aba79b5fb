import { basename, resolve } from 'node:path';
import type { ClozeItem } from '../../training/forgetting/items.ts';
import { bitsPerByteOf, choiceBits, documentBits, type HeldOutDocument } from '../../training/forgetting/measures.ts';
import { type ForgettingReport, learnedAndForgotten, type ModelMeasures } from '../../training/forgetting/report.ts';
import type { EvaluatedModel } from './open-scorer.ts';

/** What models came to, and the changes from the first to each other, or to all others as seeds of one. */
export interface Evaluation {
  readonly models: readonly { readonly name: string; readonly measures: ModelMeasures }[];
  readonly changes: readonly { readonly to: string; readonly report: ForgettingReport }[];
  readonly documents: number;
  readonly items: number;
  /** Documents that were left out since a model says that it was trained on them. */
  readonly trainedOn: number;
}

/** Measures all models, and says what changed from the first. @param seeds the others are seeds of one training */
export async function evaluated(
  opened: readonly EvaluatedModel[],
  paths: readonly string[],
  documents: readonly HeldOutDocument[],
  items: readonly ClozeItem[],
  seeds: boolean,
  trainedOn: number,
): Promise<Evaluation> {
  const models: Evaluation['models'][number][] = [];
  const domains = [...new Set(documents.map((d) => d.domain))].sort();
  for (const [i, { scorer }] of opened.entries()) {
    const bits = await documentBits(scorer, documents);
    const byDomain = domains.flatMap((d) => {
      const found = bitsPerByteOf(bits, documents, d);
      return found === null ? [] : [[d, found] as const];
    });
    const measures = {
      bitsPerByte: bitsPerByteOf(bits, documents),
      byDomain: Object.fromEntries(byDomain),
      documents: bits,
      ...(items.length > 0 && { items: await choiceBits(scorer, items) }),
    };
    models.push({ name: named(paths, i), measures });
  }
  const [before, ...others] = models;
  const groups = seeds && others.length > 0 ? [others] : others.map((other) => [other]);
  const changes = groups.map((group) => ({
    to: group.map((m) => m.name).join(', '),
    report: learnedAndForgotten({ before: before.measures, after: group.map((m) => m.measures), documents, items }),
  }));
  return { models, changes, documents: documents.length, items: items.length, trainedOn };
}

/** The last part of a path that tells it from the others. */
function named(paths: readonly string[], i: number): string {
  const last = (path: string): string => basename(resolve(path));
  return paths.filter((p) => last(p) === last(paths[i])).length > 1 ? paths[i] : last(paths[i]);
}
