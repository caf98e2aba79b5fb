import type * as z from 'zod';
import { parseOptions } from '../options.ts';
import type { Json, ModuleExport } from '../streams/operator.ts';
import type { AnnotatorDescriptor } from './annotator-stage.ts';
import { settingOf } from './settings.ts';
import type { StageName } from './stages.ts';

/** An annotator that knows which options it was made with; plain data but for that, which no worker is sent. */
export type Annotator = AnnotatorDescriptor & { readonly settings: Settings };

/** How `--set` changes one option of an annotator. */
export interface Settings {
  readonly options: readonly string[];
  /** Describes again from the user's options. Errors: ConfigError, with `where`, for a wrong value. */
  set(option: string, value: Json, where: string): AnnotatorDescriptor;
}

type Of<O, T> = T | ((options: O) => T);

/** All there is to say about an annotator; `annotator()` makes the function of it that users call. */
export interface AnnotatorSpec<S extends z.ZodObject> {
  /** How users write it, for errors: `gopherQuality()`. */
  readonly call: string;
  /** snake_case, the family prefix of its columns. */
  readonly name: Of<z.output<S>, string>;
  readonly version: number;
  /** A stage of Sluice, or an `AnnotatorFactory` of your own: `{ module: import.meta.url, export: 'annotator' }`. */
  readonly stage: Of<z.output<S>, StageName | ModuleExport>;
  /** A strict schema. */
  readonly options: S;
  readonly describe: (options: z.output<S>) => AnnotatorDescription;
}

/** What an annotator reads and writes, once its options are known; `reads` is `text` unless given. */
export type AnnotatorDescription = Pick<AnnotatorDescriptor, 'writes' | 'places' | 'unset' | 'unsetHelp'> &
  Partial<Pick<AnnotatorDescriptor, 'options' | 'reads'>>;

/** What users call: without argument where no option is required. */
export type AnnotatorMaker<S extends z.ZodObject> =
  Record<never, never> extends z.input<S> ? (options?: z.input<S>) => Annotator : (options: z.input<S>) => Annotator;

/** The function that makes an annotator: checks its options and describes it. */
export function annotator<S extends z.ZodObject>(spec: AnnotatorSpec<S>): AnnotatorMaker<S> {
  const make = (given: z.input<S>, where: string): Annotator => {
    const options = parseOptions(spec.options, given, where);
    const of = <T>(value: Of<z.output<S>, T>): T => (value instanceof Function ? value(options) : value);
    const { options: recorded, ...described } = spec.describe(options);
    const stage = of(spec.stage);
    const data: AnnotatorDescriptor = {
      name: of(spec.name),
      version: spec.version,
      ...(typeof stage === 'string' ? { stage } : stage),
      options: recorded ?? (options as AnnotatorDescriptor['options']),
      reads: ['text'],
      ...described,
    };
    return withSettings(data, {
      options: Object.keys(spec.options.shape),
      set: (option, value, whereSet) =>
        make({ ...given, [option]: settingOf(spec.options.shape[option], value) } as z.input<S>, whereSet),
    });
  };
  return ((given: z.input<S> = {} as z.input<S>) => make(given, spec.call)) as AnnotatorMaker<S>;
}

/** Not enumerable: a copy with `...` is data alone, and nothing of it is hashed or sent to a worker. */
export const withSettings = (data: AnnotatorDescriptor, settings: Settings): Annotator =>
  Object.defineProperty({ ...data }, 'settings', { value: settings }) as Annotator;

/** How to change an annotator; of one that is data alone, its options are what there is to change. */
export const settingsOf = (a: AnnotatorDescriptor & { readonly settings?: Settings }): Settings =>
  a.settings ?? {
    options: Object.keys(a.options),
    set: (option, value) => ({ ...a, options: { ...a.options, [option]: value } }),
  };
