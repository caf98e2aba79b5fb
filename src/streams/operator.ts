import type { OperatorFunction } from 'rxjs';
import type { DocumentBatch } from './batch/batch.ts';
import type { ColumnSpec } from './batch/columns.ts';
import type { Rule } from './batch/outcome.ts';
import type { Scope } from './scope.ts';

export { rowsInScope, type Scope } from './scope.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a step does to the stream. What is left out it does not do. */
export interface Effects {
  /** Adds columns. */
  readonly annotates?: boolean;
  /** May change `text`. */
  readonly rewrites?: boolean;
  /** May end documents, for what: a threshold on a column, being a copy, its rank, or a predicate of the user's. */
  readonly drops?: 'thresholds' | 'copies' | 'ranks' | 'predicate';
  /** May make new documents. */
  readonly creates?: boolean;
  /** Must see every document before it decides on the first. */
  readonly barrier?: boolean;
}

/** A function in a module of the user's own: the URL of the module (`import.meta.url`), and the name of the export. */
export interface ModuleExport {
  readonly module: string;
  readonly export: string;
}

/** All that is needed to make a step again in another thread or another run: plain data. The recipe hash covers it. */
export interface StepDescriptor {
  readonly effects: Effects;
  /** Unique in a recipe; the `step` of the ledger. */
  readonly step: string;
  /** What a worker runs: its name in the table of stages, or where a module of the user's has it. */
  readonly stage: string | ModuleExport;
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
  /** True for a step that needs model workers, which its stage asks for. */
  readonly models?: boolean;
  /** True for a step whose stage asks the main thread for answers of a generator. */
  readonly generates?: boolean;
  /** True for a step whose stage asks the main thread for answers of a process of the user's. */
  readonly external?: boolean;
  /** An option without which it cannot run, and which nobody has given yet. */
  readonly unset?: string;
  /** How to come by it, as a sentence. */
  readonly unsetHelp?: string;
}

type Described = Pick<StepDescriptor, 'effects'>;

/** A step as runs before effects recorded it. */
interface Before extends Partial<StepDescriptor> {
  readonly kind: 'annotate' | 'drop' | 'rewrite' | 'dedup' | 'select' | 'custom';
  readonly rewrites?: boolean;
}

/** What a step does, also one that an older version recorded. The only place that looks into a descriptor for it. */
export const effectsOf = (step: Described): Effects => step.effects ?? effectsBefore(step as unknown as Before);

function effectsBefore({ kind, rewrites, writes = [], rules = [] }: Before): Effects {
  const annotates = writes.length > 0 && { annotates: true };
  switch (kind) {
    case 'annotate':
      return { annotates: true };
    case 'drop':
      return { ...annotates, drops: 'thresholds' };
    case 'rewrite':
      return { ...annotates, rewrites: true, ...(rules.length > 0 && { drops: 'thresholds' }) };
    case 'dedup':
      return { ...annotates, drops: 'copies', barrier: true, ...(rewrites === true && { rewrites }) };
    case 'select':
      return { ...annotates, barrier: true, ...(rules.length > 0 && { drops: 'ranks' }) };
    case 'custom':
      return { drops: 'predicate' };
  }
}

/** A step that adds columns. */
export const annotates = (step: Described): boolean => effectsOf(step).annotates === true;

/** A step that may change `text`. */
export const rewritesText = (step: Described): boolean => effectsOf(step).rewrites === true;

/** For what a step ends documents; null where it ends none. */
export const dropsFor = (step: Described): NonNullable<Effects['drops']> | null => effectsOf(step).drops ?? null;

/** A step of rules alone: each is a column with a threshold that can be moved. */
export const isRules = (step: Described): boolean => dropsFor(step) === 'thresholds' && !rewritesText(step);

/** A step that removes copies, so that what it drops has a twin. */
export const removesCopies = (step: Described): boolean => dropsFor(step) === 'copies';

/** A step that ranks: it decides on every document that has a value. */
export const isSelection = (step: Described): boolean => isBarrier(step) && !removesCopies(step);

/** A step that may make new documents. */
export const createsDocuments = (step: Described): boolean => effectsOf(step).creates === true;

/** A step that must see every document before it decides on the first. */
export const isBarrier = (step: Described): boolean => effectsOf(step).barrier === true;

/** A step whose stage asks the main thread: for a closure that lives there, model workers, a generator, a process. */
export const asksServices = (step: StepDescriptor): boolean =>
  dropsFor(step) === 'predicate' || step.models === true || step.generates === true || step.external === true;

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
}

/** An RxJS operator on batches that also says what it is. */
export interface Operator extends OperatorFunction<DocumentBatch, DocumentBatch> {
  readonly descriptor: StepDescriptor;
  /**
   * The same operator with one option changed; how `--set step.option=value` works. Throws ConfigError for an unknown
   * option.
   */
  set(option: string, value: Json): Operator;
  /**
   * The same step without its drops, for `--annotate-only`: it adds its columns and changes the text as it would for a
   * document that it keeps. Null when nothing is left of it.
   */
  annotateOnly(): Operator | null;
  /**
   * Answers what the stage of the step asks the main thread for, when the step is a function that lives there; requests
   * and answers are plain data and buffers.
   */
  readonly serve?: (request: unknown) => Promise<unknown>;
  /** The operator running in a given place. */
  bind(context: OperatorContext): OperatorFunction<DocumentBatch, DocumentBatch>;
}
