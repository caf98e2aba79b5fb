import type { Kernel } from '../kernels/kernel.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import type { Column, ColumnSpec } from '../streams/batch/columns.ts';
import type { Json, ModuleExport } from '../streams/operator.ts';
import type { Of } from './annotators/part-columns.ts';

/**
 * Where a worker finds the function that computes an annotator: a stage of Sluice, or the export of a module of your
 * own by its URL (`import.meta.url`), an `AnnotatorFactory`.
 */
export type StageReference = { readonly stage: string } | ModuleExport;

/** An annotator as plain data: what it is called, what it writes, and where a worker finds what computes it. */
export type AnnotatorDescriptor = StageReference & {
  /** snake_case, the family prefix of its columns: `gopher_quality`. */
  readonly name: string;
  readonly version: number;
  readonly options: { readonly [key: string]: Json };
  /** Put in front of the columns that the function computes, with a `_`: what `as()` does. `writes` has it already. */
  readonly prefix?: string;
  /** As `StepDescriptor.places`. */
  readonly places?: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly ColumnSpec[];
  /** An option without a value that a run cannot do without, and how to come by it. */
  readonly unset?: string;
  readonly unsetHelp?: string;
};

/** What an annotator may use in its worker. */
export interface AnnotatorContext {
  readonly kernel: Kernel;
  /** Statistics of the families that all annotators of the step asked for, computed once per batch. */
  readonly statistics: StatisticsOfBatch;
}

/**
 * Lazily computes kernel statistics for the current batch; annotators register their family first, so there is one
 * pass.
 */
export interface StatisticsOfBatch {
  /** Call once, when the annotator is made. */
  request(family: number, of?: Of): void;
  /** One float64 per row of the batch; NaN = does not apply. */
  column(batch: DocumentBatch, scope: Uint8Array, name: string, of?: Of): Float64Array;
}

/** Computes the columns of one batch; rows with `scope[row] === 0` must come out null. */
export type Annotate = (
  batch: DocumentBatch,
  scope: Uint8Array,
) => Iterable<readonly [string, Column]> | Promise<Iterable<readonly [string, Column]>>;

/** Makes an annotator in a worker, once. Export one of these from your own module to add an annotator. */
export type AnnotatorFactory<O = { readonly [key: string]: Json }> = (
  options: O,
  context: AnnotatorContext,
) => Annotate | Promise<Annotate>;

/** Finds the function of an annotator. */
export type LoadAnnotator = (reference: StageReference) => Promise<AnnotatorFactory>;
