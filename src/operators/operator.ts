import type { OperatorFunction } from 'rxjs';
import * as z from 'zod';
import { parseOptions } from '../options.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { parallel } from '../streams/flow/parallel.ts';
import { defer } from '../streams/flow/rxjs.ts';
import {
  annotates,
  createsDocuments,
  dropsFor,
  type Effects,
  isBarrier,
  type Json,
  type ModuleExport,
  type Operator,
  type OperatorContext,
  rewritesText,
  type Scope,
  type StepDescriptor,
} from '../streams/operator.ts';
import { barrierPipe } from './barrier-pipe.ts';
import { optionKey, settingOf } from './settings.ts';
import { sharedContext } from './shared-context.ts';
import type { StageName } from './stages.ts';

/** What every operator takes beside its own options. */
export interface StepOptions {
  /** Step name in the recipe and the ledger; unique in a recipe. */
  readonly step?: string;
  /** Only documents of these domains, or with these values in a column. Default: all. */
  readonly where?: Scope;
}

export type Pipe = OperatorFunction<DocumentBatch, DocumentBatch>;

/** A value, or what the options make of it. */
type Of<O, T> = T | ((options: O) => T);

/** What a step reads, writes and decides, once its options are known. All may be left out. */
export interface Description extends Partial<Pick<StepDescriptor, 'reads' | 'writes' | 'rules'>> {
  /** What is recorded, with hashes of files and the like. Default: the options, defaults filled in. */
  readonly options?: StepDescriptor['options'];
  readonly places?: readonly string[];
  readonly unset?: string;
  readonly unsetHelp?: string;
  readonly models?: boolean;
  readonly generates?: boolean;
  readonly external?: boolean;
}

/** All there is to say about an operator; `operator()` makes the function of it that users call. */
export interface OperatorSpec<S extends z.ZodObject> {
  /** How users write it, for errors: `dedup.exact()`. */
  readonly call: string;
  /** Name of a step that is given none. */
  readonly name: Of<z.output<S>, string>;
  /** A stage of Sluice, or one of your own: `{ module: import.meta.url, export: 'stage' }`, a `StageFactory`. */
  readonly stage: StageName | ModuleExport;
  /** A strict schema, or the one that what was given asks for. */
  readonly options: S | ((given: z.input<S>) => S);
  /** Versions of everything in it that has a meaning of its own: `gopher_quality@1`. */
  readonly versions: Of<z.output<S>, readonly string[]>;
  readonly effects: Of<z.output<S>, Effects>;
  /** Errors of options that do not go together are thrown here. */
  readonly describe?: (options: z.output<S>, step: string) => Description;
  /** How it runs where that is not as others of its effects do; null: as they do. */
  readonly pipe?: (descriptor: StepDescriptor, context: OperatorContext | null) => Pipe | null;
}

type Given<S extends z.ZodObject> = z.input<S> & StepOptions;

/** What users call: without argument where no option is required. */
export type OperatorFactory<S extends z.ZodObject> =
  Record<never, never> extends z.input<S> ? (given?: Given<S>) => Operator : (given: Given<S>) => Operator;

const where = z
  .strictObject({
    domain: z.array(z.string()).optional(),
    column: z.string().min(1).optional(),
    is: z.array(z.string()).optional(),
    not: z.boolean().optional(),
  })
  .refine(
    ({ domain, column, is }) => (domain === undefined) !== (column === undefined) && !column === !is,
    '{ domain: [...] } or { column: ..., is: [...] }',
  );

export const stepOptions = z.object({
  step: z.string().min(1).optional(),
  where: (where as unknown as z.ZodType<Scope, Scope>).optional(),
});

/** `step` and `where` as they were given. Errors: ConfigError for a wrong type or an unknown key of `where`. */
export const parseStepOptions = (given: StepOptions, call: string): StepOptions =>
  parseOptions(stepOptions, { step: given.step, where: given.where }, call);

/**
 * The function that makes a step of a recipe: checks its options, describes it, and turns it into an RxJS operator.
 * `set()` describes again from what the user gave, so that defaults, columns and rules follow the option that changed.
 */
export function operator<S extends z.ZodObject>(spec: OperatorSpec<S>): OperatorFactory<S> {
  const make = ({ step: _, where: __, ...given }: Given<S>, { step, where }: StepOptions, call: string): Operator => {
    const schema = typeof spec.options === 'function' ? spec.options(given as z.input<S>) : spec.options;
    const options = parseOptions(schema, given, call);
    const of = <T>(value: Of<z.output<S>, T>): T => (value instanceof Function ? value(options) : value);
    const name = step ?? of(spec.name);
    const { options: recorded, ...described } = spec.describe?.(options, name) ?? {};
    const descriptor = stepDescriptor({
      step: name,
      stage: spec.stage,
      versions: of(spec.versions),
      effects: of(spec.effects),
      options: recorded ?? (options as StepDescriptor['options']),
      where,
      ...described,
    });
    const set = (option: string, value: Json): Operator => {
      const key = optionKey(Object.keys(schema.shape), name, option);
      const changed = { ...given, [key]: settingOf(schema.shape[key], value) };
      return make(changed as unknown as Given<S>, { step: name, where }, `--set ${name}.${option}`);
    };
    return operatorOf(descriptor, set, spec.pipe);
  };
  return ((given: Given<S> = {} as Given<S>) =>
    make(given, parseStepOptions(given, spec.call), spec.call)) as OperatorFactory<S>;
}

type Described = Pick<StepDescriptor, 'step' | 'stage' | 'versions' | 'effects'> &
  Description & { readonly where: Scope | undefined };

/** A descriptor with what was left out. */
export const stepDescriptor = (given: Described): StepDescriptor => ({
  options: {},
  reads: [],
  writes: [],
  rules: [],
  ...given,
  ...(given.where && 'column' in given.where && { reads: [...new Set([...(given.reads ?? []), given.where.column])] }),
  where: given.where ?? null,
});

/** A descriptor as an RxJS operator, that runs in the shared context until it is bound elsewhere. */
export function operatorOf(
  descriptor: StepDescriptor,
  set: Operator['set'],
  ownPipe: OperatorSpec<z.ZodObject>['pipe'] = () => null,
): Operator {
  const bind = (context: OperatorContext | null): Pipe => {
    const own = ownPipe(descriptor, context);
    if (own) return own;
    if (isBarrier(descriptor)) return barrierPipe(descriptor);
    const { apply, concurrency } = context ?? sharedContext();
    return parallel(descriptor.step, (batch) => apply(descriptor, batch), { concurrency });
  };
  const unbound: Pipe = (source) => defer(() => bind(null)(source));
  const operator: Operator = Object.assign(unbound, {
    descriptor,
    set,
    bind,
    annotateOnly(): Operator | null {
      if (![annotates, rewritesText, createsDocuments].some((does) => does(descriptor))) return null;
      if (dropsFor(descriptor) === null) return operator;
      const { drops: _, ...effects } = descriptor.effects;
      return operatorOf({ ...descriptor, effects }, set, ownPipe);
    },
  });
  return operator;
}
