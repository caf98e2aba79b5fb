import type { OperatorFunction } from 'rxjs';
import { ConfigError, nearestName } from '../errors.ts';
import type { DocumentBatch } from './batch/batch.ts';
import type { ColumnSpec, Utf8Column } from './batch/columns.ts';
import { stringAt } from './batch/columns.ts';
import type { Rule } from './batch/outcome.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Which documents a step applies to; the others pass it untouched and unjudged. */
export interface Scope {
  readonly domain: readonly string[];
  /** True: every domain but these. */
  readonly not?: boolean;
}

/**
 * All that is needed to make a step again in another thread or another run: plain data. The recipe hash covers it.
 * `module` is `sluice:<name>` for what ships with Sluice, else the URL of a module that the worker imports.
 */
export interface StepDescriptor {
  readonly kind: 'annotate' | 'drop' | 'rewrite' | 'dedup' | 'select' | 'custom';
  /** Unique in a recipe; the `step` of the ledger. */
  readonly step: string;
  readonly module: string;
  readonly export: string;
  /** Versions of everything in it that has a meaning of its own: `gopher_quality@1`. */
  readonly versions: readonly string[];
  /** Every option with its value, defaults included. */
  readonly options: { readonly [key: string]: Json };
  /**
   * Options that only say where something lies whose hash stands beside them: a run goes on with the same thing in
   * another place.
   */
  readonly places?: readonly string[];
  readonly where: Scope | null;
  /** Columns that must have been written before, besides those of the document itself. */
  readonly reads: readonly string[];
  readonly writes: readonly ColumnSpec[];
  readonly rules: readonly Rule[];
  /** True for a barrier whose decision cuts spans from texts; a step of kind `rewrite` always rewrites. */
  readonly rewrites?: boolean;
  /** True for a step that may add documents to the stream. */
  readonly creates?: boolean;
  /**
   * True for a step that runs on model workers, which are never killed: its split is streamed through the main thread.
   */
  readonly models?: boolean;
  /** An option without which it cannot run, and which nobody has given yet. */
  readonly unset?: string;
  /** How to come by it, as a sentence. */
  readonly unsetHelp?: string;
}

/** A step that must see every document before it decides on the first. */
export const isBarrier = ({ kind }: StepDescriptor): boolean => kind === 'dedup' || kind === 'select';

/** A step that is streamed through the main thread: a closure lives there, and model workers are asked from there. */
export const runsFromMain = ({ kind, models }: StepDescriptor): boolean => kind === 'custom' || models === true;

/** A step that may change `text`. */
export const rewritesText = ({ kind, rewrites }: StepDescriptor): boolean => kind === 'rewrite' || rewrites === true;

/** A step that may add documents to the stream. */
export const createsDocuments = ({ creates }: StepDescriptor): boolean => creates === true;

/** What runs a step on batches; one per step and worker thread. */
export interface Stage {
  apply(batch: DocumentBatch): DocumentBatch | Promise<DocumentBatch>;
}

/** Where a bound operator runs: given by `run()` or, for a plain `.pipe()`, by the shared default. */
export interface OperatorContext {
  /** Runs the stage of a descriptor on a batch, in a worker or here. */
  apply(descriptor: StepDescriptor, batch: DocumentBatch): Promise<DocumentBatch>;
  /** Batches that may be worked on at once. */
  readonly concurrency: number;
  /**
   * Told by a step on model workers, before it works on a batch, where to ask how much of that is done: 0 to 1, at any
   * time. For showing only.
   */
  readonly scoring?: (step: string, batch: DocumentBatch, share: () => number) => void;
}

/** An RxJS operator on batches that also says what it is. */
export interface Operator extends OperatorFunction<DocumentBatch, DocumentBatch> {
  readonly descriptor: StepDescriptor;
  /**
   * The same operator with one option changed; how `--set step.option=value` works. Throws ConfigError for an unknown
   * option.
   */
  set(option: string, value: Json): Operator;
  /** The operator running in a given place. */
  bind(context: OperatorContext): OperatorFunction<DocumentBatch, DocumentBatch>;
}

/** One byte per row: 1 where the row is alive and the scope covers its domain. */
export function rowsInScope(batch: DocumentBatch, where: Scope | null): Uint8Array {
  if (where === null) return batch.alive;
  const inScope = new Uint8Array(batch.rows);
  const domains = batch.utf8('domain');
  const covered = domainTest(where);
  for (let i = 0; i < batch.rows; i++) if (batch.alive[i] === 1 && covered(domains, i)) inScope[i] = 1;
  return inScope;
}

function domainTest(where: Scope): (domains: Utf8Column, row: number) => boolean {
  const wanted = new Set(where.domain);
  const not = where.not === true;
  return (domains, row) => wanted.has(stringAt(domains, row) ?? '') !== not;
}

/** The value of an option after `set`, or an error that names the options there are. */
export function withOption<T extends { readonly [key: string]: Json }>(
  options: T,
  step: string,
  option: string,
  value: Json,
): T {
  const camel = option.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
  const name = Object.hasOwn(options, option) ? option : camel;
  if (!Object.hasOwn(options, name)) {
    const near = nearestName(camel, Object.keys(options));
    throw new ConfigError({
      expected: `an option of step ${step} (${Object.keys(options).join(', ')})`,
      got: option,
      where: `--set ${step}.${option}`,
      fix: near ? `Did you mean ${near}?` : undefined,
    });
  }
  return { ...options, [name]: value };
}
