import * as z from 'zod';
import { ConfigError, nearestName } from '../errors.ts';
import { annotate } from '../operators/annotate.ts';
import { existingColumns, existingSchema } from '../operators/annotators/existing.ts';
import { metadataFields } from '../operators/annotators/metadata.ts';
import { parseOptions } from '../options.ts';
import { parquet } from '../sinks/descriptors.ts';
import type { SinkDescriptor } from '../sinks/options.ts';
import { writesDocuments } from '../sinks/writers.ts';
import type { ColumnSpec } from '../streams/batch/columns.ts';
import { type ReadOptions, readOptions } from '../streams/inputs/read-options.ts';
import type { Json, Operator, StepDescriptor } from '../streams/operator.ts';
import { SPLIT_TEXT_BYTES } from '../streams/plan/splits.ts';
import { type Expected, expectedBands } from './bands.ts';
import { checkSteps } from './check-steps.ts';

export type { Band, Expected } from './bands.ts';

export const isOperator = (value: unknown): value is Operator =>
  typeof value === 'function' &&
  typeof (value as Partial<Operator>).descriptor === 'object' &&
  typeof (value as Partial<Operator>).bind === 'function';

const recipeSchema = z.strictObject({
  /** snake_case or kebab-case; the default output folder is `sluice-out/<name>`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, 'letters a-z, digits, - and _'),
  description: z.string().default(''),
  /** Globs, folders or files; `--input` replaces them. */
  input: z.array(z.string()).default([]),
  read: readOptions.prefault({}),
  /**
   * `metadata`: fields of the metadata that become columns of the ledger, `metadata_<field>`, for every document.
   * Default: none. A first step, `metadata`, writes them.
   */
  ledger: z.strictObject({ metadata: z.array(z.string()).default([]) }).prefault({}),
  /**
   * Columns that the input has, name to type (`{ ppl: 'float64', label: 'utf8' }`; also int32, int64, uint32), so that
   * rules, scopes and selections can read them: columns of Parquet, Arrow and CSV, fields of JSON, annotations of an
   * earlier run. Null in documents that have none. Default: none. A first step, `existing`, takes them.
   */
  columns: existingSchema.default({}),
  /** None: what is read is written as it is, in other formats or as tokens. */
  steps: z.array(z.custom<Operator>(isOperator, 'an operator of Sluice (wrap your own function in custom())')),
  sinks: z
    .array(
      z.custom<SinkDescriptor>(
        (v) => typeof v === 'object' && v !== null && 'kind' in v,
        'a sink: parquet(), jsonl(), arrow() or tokens()',
      ),
    )
    .default(() => [parquet()]),
  /** Seed of everything random. */
  seed: z.int().default(0),
  /** Bytes of text that a split (the unit of commit and resume) aims at. Default 32 MiB. */
  splitBytes: z.int().min(4096).default(SPLIT_TEXT_BYTES),
  /**
   * Shares that are no surprise. A guard stops a run of 1,000 documents or more that leaves a band; what is stated
   * replaces its default.
   */
  expected: expectedBands.prefault({}),
});

export type RecipeInput = z.input<typeof recipeSchema>;

/** A checked recipe: what to read, the steps in order, and where the kept documents go. */
export interface Recipe {
  readonly name: string;
  readonly description: string;
  readonly input: readonly string[];
  readonly read: ReadOptions;
  readonly steps: readonly Operator[];
  readonly sinks: readonly SinkDescriptor[];
  readonly seed: number;
  readonly splitBytes: number;
  readonly expected: Expected;
}

/**
 * Checks a recipe. Unknown keys, steps of one name and rules on columns that nobody writes are errors before the first
 * byte is read.
 */
export function recipe(input: RecipeInput): Recipe {
  const name = typeof input?.name === 'string' ? input.name : 'recipe';
  const { ledger, columns, ...given } = parseOptions(recipeSchema, input, `recipe ${name}`);
  const existing =
    Object.keys(columns).length > 0 ? [annotate(existingColumns({ columns }), { step: 'existing' })] : [];
  const metadata =
    ledger.metadata.length > 0 ? [annotate(metadataFields({ fields: ledger.metadata }), { step: 'metadata' })] : [];
  const checked: Recipe = { ...given, steps: [...existing, ...metadata, ...given.steps] };
  checkSteps(
    checked.steps.map((s) => s.descriptor),
    checked.name,
  );
  checkExpected(checked);
  checkTokenColumns(checked);
  const sinkNames = checked.sinks.map((s) => s.name);
  const twice = sinkNames.find((n, i) => sinkNames.indexOf(n) !== i);
  if (twice)
    throw new ConfigError({
      expected: 'sinks with different names',
      got: `two called ${twice}`,
      where: `recipe ${checked.name}`,
    });
  const documents = checked.sinks.find(writesDocuments);
  const taken = checked.sinks.find((sink) => sink !== documents && TABLES.includes(sink.name))?.name;
  if (taken)
    throw new ConfigError({
      expected: `a further sink with a name of its own (${TABLES.join(', ')} are taken)`,
      got: taken,
      where: `recipe ${checked.name}`,
      fix: 'Give it another `name`.',
    });
  return checked;
}

/** What a run writes besides its sinks, as it stands in commits and as views of `sluice sql`. */
const TABLES: readonly string[] = [
  'documents',
  'ledger',
  'quarantine',
  'files',
  'commits',
  'shadow_rules',
  'work',
  'indexes',
];

/** A band for a rule that no step has would never be judged. */
function checkExpected({ name, steps, expected }: Recipe): void {
  const rules = steps.flatMap((s) => s.descriptor.rules.map((r) => r.name));
  const unknown = Object.keys(expected.rules).find((r) => !rules.includes(r));
  if (unknown === undefined) return;
  const near = nearestName(unknown, rules);
  throw new ConfigError({
    expected: 'the name of a rule of this recipe',
    got: unknown,
    where: `recipe ${name} at expected.rules`,
    fix: near ? `Did you mean ${near}?` : `There are ${rules.join(', ') || 'none'}.`,
  });
}

/** What the index of a token store keeps must be there. */
function checkTokenColumns({ name, steps, sinks }: Recipe): void {
  const known = annotationColumns(steps.map((s) => s.descriptor)).map((c) => c.name);
  for (const sink of sinks.filter((s) => !writesDocuments(s))) {
    const unknown = (sink.options.columns ?? []).find((c) => !known.includes(c));
    if (unknown === undefined) continue;
    const near = nearestName(unknown, known);
    throw new ConfigError({
      expected: `an annotation of this recipe (${known.join(', ') || 'there is none'})`,
      got: unknown,
      where: `recipe ${name}, columns of the sink ${sink.name}`,
      fix: near ? `Did you mean ${near}?` : undefined,
    });
  }
}

/** Before a run: every step has all that it needs; a built-in recipe may leave something to `--set`. */
export function refuseUnset(steps: readonly StepDescriptor[], recipeName: string): void {
  const lacking = steps.find((s) => s.unset !== undefined);
  if (!lacking) return;
  throw new ConfigError({
    expected: `${lacking.unset} of step ${lacking.step}`,
    got: 'none',
    where: `recipe ${recipeName}`,
    fix:
      `Give them with --set ${lacking.step}.${lacking.unset}='path' (several with commas between), or in ` +
      `the recipe.${lacking.unsetHelp ? ` ${lacking.unsetHelp}` : ''}`,
  });
}

/** Every annotation of a recipe in order of first writing: the static part of the ledger's schema. */
export function annotationColumns(steps: readonly StepDescriptor[]): ColumnSpec[] {
  const seen = new Map<string, ColumnSpec>();
  for (const s of steps) for (const c of s.writes) if (!seen.has(c.name)) seen.set(c.name, c);
  return [...seen.values()];
}

/** Applies `--set step.option=value`, or `step.annotator.option=value` of a step with several annotators. */
export function withSettings(r: Recipe, settings: readonly string[]): Recipe {
  let steps = r.steps;
  for (const setting of settings) {
    const match = /^([a-z0-9_+.-]+\.[a-zA-Z0-9_]+)=(.*)$/s.exec(setting);
    if (!match)
      throw new ConfigError({
        expected: 'step.option=value',
        got: `'${setting}'`,
        where: '--set',
        fix: 'For example --set gopher_quality.min_words=30',
      });
    const [, path, raw] = match;
    const index = steps.indexOf(stepAt(steps, path, r.name));
    const option = path.slice(steps[index].descriptor.step.length + 1);
    steps = steps.with(index, steps[index].set(option, settingValue(raw)));
  }
  return { ...r, steps };
}

/** The step whose name a path begins with; names may have dots, so the longest. */
function stepAt(steps: readonly Operator[], path: string, recipeName: string): Operator {
  const [found] = steps
    .filter((s) => path.startsWith(`${s.descriptor.step}.`))
    .sort((a, b) => b.descriptor.step.length - a.descriptor.step.length);
  if (found) return found;
  const names = steps.map((s) => s.descriptor.step);
  const name = path.slice(0, path.lastIndexOf('.'));
  const near = nearestName(name, names) ?? nearestName(path.slice(0, path.indexOf('.')), names);
  throw new ConfigError({
    expected: `a step of ${recipeName} (${names.join(', ')})`,
    got: name,
    where: '--set',
    fix: near ? `Did you mean ${near}?` : undefined,
  });
}

function settingValue(raw: string): Json {
  if (raw !== '' && Number.isFinite(Number(raw))) return Number(raw);
  if (raw === 'true' || raw === 'false') return raw === 'true';
  return raw === 'null' ? null : raw;
}

/** What decides the output of a run, as plain data: hashed and recorded. Workers, memory and display are outside it. */
export function recipeIdentity(r: Recipe): Json {
  return {
    name: r.name,
    read: r.read as unknown as Json,
    steps: r.steps.map((s) => s.descriptor) as unknown as Json,
    sinks: r.sinks as unknown as Json,
    seed: r.seed,
    splitBytes: r.splitBytes,
  };
}
