import { ConfigError } from '../errors.ts';
import type { Kernel } from '../kernels/kernel.ts';
import { STATISTICS } from '../kernels/statistics.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { type Column, type ColumnSpec, stringAt, utf8Column } from '../streams/batch/columns.ts';
import {
  type Json,
  type Operator,
  rowsInScope,
  type Scope,
  type Stage,
  type StepDescriptor,
  withOption,
} from '../streams/operator.ts';
import { loadExport } from './modules.ts';
import { makeOperator } from './operator.ts';

/**
 * An annotator as plain data: what it is called, what it writes, and where a worker finds the function that computes
 * it.
 */
export interface AnnotatorDescriptor {
  /** snake_case, the family prefix of its columns: `gopher_quality`. */
  readonly name: string;
  readonly version: number;
  /** `sluice:<name>` or the URL of a module. */
  readonly module: string;
  /** Export of that module: an `AnnotatorFactory`. */
  readonly export: string;
  readonly options: { readonly [key: string]: Json };
  /** As `StepDescriptor.places`. */
  readonly places?: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly ColumnSpec[];
  /** An option without a value that a run cannot do without, and how to come by it. */
  readonly unset?: string;
  readonly unsetHelp?: string;
  readonly [REMAKE]?: (options: { readonly [key: string]: Json }) => AnnotatorDescriptor;
}

/**
 * How an annotator is made again when `--set` changes one of its options, where more than the option changes with it. A
 * symbol, so that it stays out of what is hashed and sent to workers.
 */
export const REMAKE = Symbol('remake');

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
  request(family: number): void;
  /** One float64 per row of the batch; NaN = does not apply. */
  column(batch: DocumentBatch, scope: Uint8Array, name: string): Float64Array;
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

export interface AnnotateOptions {
  /** Step name in the recipe and the ledger. Default: `annotate_` and the annotators' names joined by `+`. */
  readonly step?: string;
  /** Only documents of these domains. Default: all. */
  readonly where?: Scope;
}

/**
 * Runs any number of annotators on each batch, fused in one worker task. Only adds columns; never drops.
 * Errors: ConfigError when two annotators write the same column.
 */
export function annotate(...args: readonly (AnnotatorDescriptor | AnnotateOptions)[]): Operator {
  const annotators = args.filter((a): a is AnnotatorDescriptor => 'writes' in a);
  const { step, where } = Object.assign({}, ...args.filter((a) => !('writes' in a))) as AnnotateOptions;
  const writes = annotators.flatMap((a) => a.writes);
  const twice = writes.find((w, i) => writes.findIndex((o) => o.name === w.name) !== i);
  if (annotators.length === 0 || twice) {
    throw new ConfigError({
      expected: annotators.length === 0 ? 'at least one annotator' : 'annotators that write different columns',
      got: twice ? `two that write ${twice.name}` : 'none',
      where: 'annotate()',
      fix: twice ? 'Give one of them a prefix with `as`.' : undefined,
    });
  }
  const options = { annotators: annotators as unknown as Json };
  const descriptor: StepDescriptor = {
    kind: 'annotate',
    step: step ?? `annotate_${annotators.map((a) => a.name).join('+')}`,
    module: 'sluice:annotate',
    export: 'annotateStage',
    versions: annotators.map((a) => `${a.name}@${a.version}`),
    options,
    where: where ?? null,
    reads: [...new Set(annotators.flatMap((a) => a.reads))],
    writes,
    rules: [],
    ...unsetOf(annotators),
  };
  const set = (option: string, value: Json): Operator => {
    const all = Object.assign({}, ...annotators.map((a) => a.options)) as { [key: string]: Json };
    const changed = withOption(all, descriptor.step, option, value);
    const next = annotators.map((a) => {
      const own = Object.fromEntries(Object.keys(a.options).map((k) => [k, changed[k]]));
      return a[REMAKE]?.(own) ?? { ...a, options: own };
    });
    return annotate(...next, { step: descriptor.step, where });
  };
  return makeOperator(descriptor, set);
}

const unsetOf = (annotators: readonly AnnotatorDescriptor[]): Pick<StepDescriptor, 'unset' | 'unsetHelp'> => {
  const lacking = annotators.find((a) => a.unset !== undefined);
  return lacking ? { unset: lacking.unset, unsetHelp: lacking.unsetHelp } : {};
};

/** Gives the columns of an annotator another prefix, so that two versions of it can stand side by side. */
export function as(annotator: AnnotatorDescriptor, prefix: string): AnnotatorDescriptor {
  return {
    ...annotator,
    [REMAKE]: undefined,
    module: 'sluice:annotate',
    export: 'renamed',
    options: { prefix, annotator: annotator as unknown as Json },
    writes: annotator.writes.map((w) => ({ ...w, name: `${prefix}_${w.name}` })),
  };
}

export const renamed: AnnotatorFactory = async (options, context) => {
  const inner = options.annotator as unknown as AnnotatorDescriptor;
  const annotateInner = await makeAnnotator(inner, context);
  return async (batch, scope) =>
    [...(await annotateInner(batch, scope))].map(([name, c]) => [`${options.prefix}_${name}`, c] as const);
};

async function makeAnnotator(a: AnnotatorDescriptor, context: AnnotatorContext): Promise<Annotate> {
  const factory = await loadExport<AnnotatorFactory>(a.module, a.export);
  return factory(a.options, context);
}

/** The stage behind `annotate()`. */
export async function annotateStage(descriptor: StepDescriptor, kernel: Kernel): Promise<Stage> {
  const statistics = statisticsOf(kernel);
  const annotators = descriptor.options.annotators as unknown as readonly AnnotatorDescriptor[];
  const run = await Promise.all(annotators.map((a) => makeAnnotator(a, { kernel, statistics })));
  return {
    async apply(batch) {
      const scope = rowsInScope(batch, descriptor.where);
      const added: (readonly [string, Column])[] = [];
      for (const annotateBatch of run) added.push(...(await annotateBatch(batch, scope)));
      const fresh = new Set(batch.stale);
      for (const [name] of added) fresh.delete(name);
      return batch.withColumns(merged(batch, scope, added)).with({ stale: fresh });
    },
  };
}

/** A second step that writes the same columns for other domains fills its rows only. */
function merged(
  batch: DocumentBatch,
  scope: Uint8Array,
  added: readonly (readonly [string, Column])[],
): [string, Column][] {
  return added.map(([name, column]) => {
    const old = batch.columns.get(name);
    return [name, old ? overlay(old, column, scope) : column];
  });
}

function overlay(old: Column, fresh: Column, scope: Uint8Array): Column {
  if (old.type === 'utf8' && fresh.type === 'utf8')
    return utf8Column(Array.from(scope, (own, i) => stringAt(own === 1 ? fresh : old, i)));
  if (old.type === 'utf8' || fresh.type === 'utf8' || old.type !== fresh.type) {
    throw new ConfigError({
      expected: `values of one type in a column written twice`,
      got: `${old.type} and ${fresh.type}`,
    });
  }
  const values = old.values.slice() as Float64Array;
  const valid = new Uint8Array((scope.length + 7) >> 3);
  for (let i = 0; i < scope.length; i++) {
    const from = scope[i] === 1 ? fresh : old;
    values[i] = from.values[i] as number;
    if (from.valid === null || from.valid[i >> 3] & (1 << (i & 7))) valid[i >> 3] |= 1 << (i & 7);
  }
  return { type: fresh.type, values, valid };
}

function statisticsOf(kernel: Kernel): StatisticsOfBatch {
  let families = 0;
  let last: { batch: DocumentBatch; scope: Uint8Array; values: Float64Array } | null = null;
  return {
    request(family) {
      families |= family;
    },
    column(batch, scope, name) {
      if (last?.batch !== batch || last.scope !== scope) {
        const text = batch.utf8('text');
        last = { batch, scope, values: kernel.statistics(text.values, text.offsets, batch.rows, scope, families) };
      }
      const width = STATISTICS.length;
      const k = STATISTICS.findIndex((s) => s.name === name);
      const values = new Float64Array(batch.rows);
      for (let i = 0; i < batch.rows; i++) values[i] = last.values[i * width + k];
      return values;
    },
  };
}
