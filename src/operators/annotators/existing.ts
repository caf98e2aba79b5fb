import * as z from 'zod';
import type { ColumnSpec } from '../../streams/batch/columns.ts';
import type { Json, StepDescriptor } from '../../streams/operator.ts';
import { annotator } from '../annotator.ts';
import type { AnnotatorDescriptor } from '../annotator-stage.ts';

const TYPES = ['float64', 'int32', 'int64', 'uint32', 'utf8'] as const;

/** Columns that the input has: name and type of each. Names as rules can read them. */
export const existingSchema = z
  .record(z.string(), z.enum(TYPES))
  .refine((c) => Object.keys(c).every((name) => /^[a-z][a-z0-9_]{0,100}$/.test(name)), 'names of a-z, 0-9 and _');

const STAGE = 'annotators/existing';

/**
 * Columns that documents bring with them, taken as they are, so that rules, scopes and selections can use them: those
 * of a Parquet, Arrow or CSV file, fields of JSON, or the annotations of an earlier run. What a document does not have
 * is null; a text that is a number, as all of CSV are, is that number; another value of another type sets its document
 * aside. Whole numbers beyond 2^53 are refused.
 */
export const existingColumns = annotator({
  call: 'columns of the input',
  name: 'existing',
  version: 2,
  stage: STAGE,
  options: z.strictObject({ columns: existingSchema }),
  describe: ({ columns }) => {
    const writes: ColumnSpec[] = Object.entries(columns).map(([name, type]) => ({ name, type }));
    return { options: { columns: writes as unknown as Json }, reads: ['metadata'], writes };
  },
});

/** Names of the columns that steps take from the input because the recipe says that it has them. */
export const existingIn = (steps: readonly StepDescriptor[]): string[] =>
  steps
    .filter((d) => d.stage === 'annotate')
    .flatMap((d) => d.options.annotators as unknown as readonly AnnotatorDescriptor[])
    .filter((a) => 'stage' in a && a.stage === STAGE && originOf(a) === null)
    .flatMap((a) => a.writes.map((w) => w.name));

/** What computed a column: an annotator, or a step of its own. */
export interface Origin {
  /** Name of a stage, or module and export. */
  readonly stage: Json;
  /** `gopher_quality@1`. */
  readonly versions: readonly string[];
  readonly options: { readonly [key: string]: Json };
  readonly writes: readonly ColumnSpec[];
  readonly places?: readonly string[];
  readonly prefix?: string;
}

/** In place of an annotator whose columns the input has already, from the same annotator over the same text. */
export const takenFromInput = (name: string, version: number, of: Origin): AnnotatorDescriptor => ({
  name,
  version,
  stage: STAGE,
  options: { columns: of.writes as unknown as Json, of: of as unknown as Json },
  reads: ['metadata'],
  writes: of.writes,
});

/** What the columns of an annotator were computed by, where they are taken from the input; null: it computes them. */
export function originOf(annotator: AnnotatorDescriptor): Origin | null {
  if (!('stage' in annotator) || annotator.stage !== STAGE) return null;
  return (annotator.options.of as unknown as Origin | undefined) ?? null;
}
