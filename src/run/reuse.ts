import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { canonicalJson } from '../hash.ts';
import { readRunJson } from '../ledger/run-json.ts';
import { annotate } from '../operators/annotate.ts';
import type { AnnotatorDescriptor } from '../operators/annotator-stage.ts';
import { type Origin, originOf, takenFromInput } from '../operators/annotators/existing.ts';
import { operatorOf, stepDescriptor } from '../operators/operator.ts';
import { hashesOfModules, ownModules } from '../recipe/own-modules.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { madeFolder } from '../streams/inputs/made-by-sluice.ts';
import {
  annotates,
  createsDocuments,
  dropsFor,
  isBarrier,
  type Json,
  type ModuleExport,
  type Operator,
  rewritesText,
  type StepDescriptor,
} from '../streams/operator.ts';

type Hashes = { readonly [url: string]: string };

/** What a run directory says of the columns of its documents. */
interface Earlier {
  readonly steps: readonly StepDescriptor[];
  readonly hashes: Hashes;
}

/**
 * The recipe with what its input has measured already taken from there: where every input is a finished run, an
 * annotator of the same name, version and options, with the same scope, over the same text is not computed again. Text
 * is the same where no step has changed it after it was measured then, and none does before it would be now. Steps that
 * decide, and those that count tokens for a sink, run as ever. Steps keep their names and versions.
 * @param patterns the inputs of the run
 */
export async function reusingColumns(recipe: Recipe, patterns: readonly string[]): Promise<Recipe> {
  const { textField, idField, domainFrom, columns } = recipe.read;
  const earlier = await Promise.all(patterns.map(earlierRun));
  if (textField !== 'text' || columns !== undefined || !earlier.every((e) => e !== null)) return recipe;
  const measured = earlier.map(measuredIn);
  const hashes = await hashesOfModules(ownModules(recipe.steps.map((s) => s.descriptor)));
  const same = new Set(['text', ...(idField === 'id' ? ['id'] : []), ...(domainFrom === 'auto' ? ['domain'] : [])]);
  const has = (of: Origin, reads: readonly string[], d: StepDescriptor): boolean => {
    const key = keyOf(of, d.where);
    const found = [...reads, ...scopeColumns(d)].every((r) => same.has(r)) && measured.every((m) => m.has(key));
    if (found) for (const w of of.writes) same.add(w.name);
    return found;
  };
  let changed = false;
  const steps = recipe.steps.map((s): Operator => {
    changed ||= changesText(s.descriptor);
    return changed ? s : withoutMeasuring(s, has, hashes);
  });
  return { ...recipe, steps };
}

/** Columns that the input has, by the step whose annotators would compute them. */
export function reusedColumns(steps: readonly StepDescriptor[]): { readonly step: string; columns: string[] }[] {
  return steps.flatMap((d) => {
    const columns = annotatorsOf(d)
      .filter((a) => originOf(a) !== null)
      .flatMap((a) => a.writes.map((w) => w.name));
    return columns.length > 0 ? [{ step: d.step, columns }] : [];
  });
}

async function earlierRun(pattern: string): Promise<Earlier | null> {
  if (!statSync(pattern, { throwIfNoEntry: false })?.isDirectory()) return null;
  if (madeFolder(resolve(pattern)) !== 'finished run') return null;
  const recipe = (await readRunJson(pattern))!.recipe as unknown as {
    readonly steps: readonly StepDescriptor[];
    readonly modules?: Hashes;
  };
  return { steps: recipe.steps, hashes: recipe.modules ?? {} };
}

/** Keys of what was measured over the text as the run has written it. */
function measuredIn({ steps, hashes }: Earlier): Set<string> {
  const keys = new Set<string>();
  for (const d of steps) {
    if (changesText(d)) keys.clear();
    for (const of of originsOf(d, hashes)) keys.add(keyOf(of, d.where));
  }
  return keys;
}

/** A step after which a text may be another one. */
export const changesText = (d: StepDescriptor): boolean => rewritesText(d) || createsDocuments(d);

/** A step that adds columns and does nothing else. Whoever counts tokens leaves the ids for a sink too. */
export const onlyAnnotates = (d: StepDescriptor): boolean =>
  annotates(d) && dropsFor(d) === null && !changesText(d) && !isBarrier(d) && d.stage !== 'tokenize';

const annotatorsOf = (d: StepDescriptor): readonly AnnotatorDescriptor[] =>
  d.stage === 'annotate' ? (d.options.annotators as unknown as readonly AnnotatorDescriptor[]) : [];

/** The columns that the scope of a step looks at. */
export const scopeColumns = (d: StepDescriptor): readonly string[] =>
  d.where === null ? [] : 'column' in d.where ? [d.where.column] : ['domain'];

const originsOf = (d: StepDescriptor, hashes: Hashes): readonly Origin[] => {
  if (!onlyAnnotates(d)) return [];
  return d.stage === 'annotate'
    ? annotatorsOf(d).map((a) => originOf(a) ?? originOfAnnotator(a, hashes))
    : [originOfStep(d, hashes)];
};

const originOfAnnotator = (a: AnnotatorDescriptor, hashes: Hashes): Origin =>
  withoutPlace(
    {
      stage: 'stage' in a ? a.stage : { module: a.module, export: a.export },
      versions: [`${a.name}@${a.version}`],
      options: a.options,
      writes: a.writes,
      ...(a.places && { places: a.places }),
      ...(a.prefix !== undefined && { prefix: a.prefix }),
    },
    hashes,
  );

const originOfStep = (d: StepDescriptor, hashes: Hashes): Origin =>
  withoutPlace(
    {
      stage: d.stage as unknown as Json,
      versions: d.versions,
      options: d.options,
      writes: d.writes,
      ...(d.places && { places: d.places }),
    },
    hashes,
  );

/** A module is what is in it, wherever it lies. */
function withoutPlace(of: Origin, hashes: Hashes): Origin {
  const { stage } = of;
  if (typeof stage === 'string' || stage === null || !('module' in (stage as object))) return of;
  const { module, export: name } = stage as unknown as ModuleExport;
  return hashes[module] === undefined ? of : { ...of, stage: { hash: hashes[module], export: name } };
}

/** Equal where the same is computed. */
function keyOf(of: Origin, where: StepDescriptor['where']): string {
  const { places = [], ...rest } = of;
  const options = Object.fromEntries(Object.entries(of.options).filter(([name]) => !places.includes(name)));
  return canonicalJson({ ...rest, options, where } as unknown as Json);
}

type Has = (of: Origin, reads: readonly string[], d: StepDescriptor) => boolean;

function withoutMeasuring(operator: Operator, has: Has, hashes: Hashes): Operator {
  const d = operator.descriptor;
  if (!onlyAnnotates(d)) return operator;
  if (d.stage !== 'annotate') {
    const of = originOfStep(d, hashes);
    return has(of, d.reads, d) ? takingStep(d, of, operator) : operator;
  }
  const before = annotatorsOf(d);
  const after = before.map((a) => {
    if (originOf(a) !== null) return a;
    const of = originOfAnnotator(a, hashes);
    return has(of, a.reads, d) ? takenFromInput(a.name, a.version, of) : a;
  });
  if (after.every((a, i) => a === before[i])) return operator;
  return annotate(...after, { step: d.step, ...(d.where && { where: d.where }) });
}

/** A step of its own, with a model for example, in the form of `annotate()`. */
function takingStep(d: StepDescriptor, of: Origin, { set }: Operator): Operator {
  const taken = takenFromInput(d.step, 1, of);
  return operatorOf(
    stepDescriptor({
      step: d.step,
      stage: 'annotate',
      versions: d.versions,
      effects: { annotates: true },
      options: { annotators: [taken] as unknown as Json },
      where: d.where ?? undefined,
      reads: taken.reads,
      writes: d.writes,
    }),
    set,
  );
}
