import * as z from 'zod';
import { ConfigError, nearestName } from '../errors.ts';
import { parseOptions } from '../options.ts';
import type { Json, Operator } from '../streams/operator.ts';
import { settingsOf, withSettings } from './annotator.ts';
import type { AnnotatorDescriptor } from './annotator-stage.ts';
import { operatorOf, type StepOptions, stepDescriptor, stepOptions } from './operator.ts';
import { optionKey } from './settings.ts';

export interface AnnotateOptions extends StepOptions {
  /** Step name in the recipe and the ledger. Default: `annotate_` and the annotators' names joined by `+`. */
  readonly step?: string;
}

const annotateOptions = z.strictObject(stepOptions.shape);

/**
 * Runs any number of annotators on each batch, fused in one worker task. Only adds columns; never drops.
 * `--set step.option=value` goes to the annotator that has the option; where several have it,
 * `--set step.annotator.option=value` says which.
 * Errors: ConfigError when two annotators write the same column.
 */
export function annotate(...args: readonly (AnnotatorDescriptor | AnnotateOptions)[]): Operator {
  const annotators = args.filter(isAnnotator);
  const odd = args.findIndex((a) => typeof a !== 'object' || a === null);
  if (odd >= 0)
    throw new ConfigError({
      expected: 'annotators, and options',
      got: typeof args[odd] === 'function' ? 'a function: call it, as in annotate(textStatistics())' : `${args[odd]}`,
      where: 'annotate()',
    });
  const { step, where } = parseOptions(
    annotateOptions,
    Object.assign({}, ...args.filter((a) => !isAnnotator(a))),
    'annotate()',
  );
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
  const lacking = annotators.find((a) => a.unset !== undefined);
  const descriptor = stepDescriptor({
    step: step ?? `annotate_${annotators.map((a) => a.name).join('+')}`,
    stage: 'annotate',
    versions: annotators.map((a) => `${a.name}@${a.version}`),
    effects: { annotates: true },
    options: { annotators: annotators.map((a) => ({ ...a })) as unknown as Json },
    where,
    reads: [...new Set(annotators.flatMap((a) => a.reads))],
    writes,
    ...(lacking && { unset: lacking.unset, unsetHelp: lacking.unsetHelp }),
  });
  const set = (option: string, value: Json): Operator => {
    const [index, key] = annotatorSet(descriptor.step, annotators, option);
    const changed = settingsOf(annotators[index]).set(key, value, `--set ${descriptor.step}.${option}`);
    return annotate(...annotators.with(index, changed), { step: descriptor.step, where });
  };
  return operatorOf(descriptor, set);
}

const isAnnotator = (value: AnnotatorDescriptor | AnnotateOptions): value is AnnotatorDescriptor =>
  typeof value === 'object' && value !== null && 'writes' in value;

/** What an annotator is called in `--set`, as in the names of its columns: with the prefix that `as()` gave it. */
const labelOf = ({ prefix, name }: AnnotatorDescriptor): string => (prefix === undefined ? name : `${prefix}_${name}`);

/** Which annotator `--set step.option` or `--set step.annotator.option` means, and its option. */
function annotatorSet(
  step: string,
  annotators: readonly AnnotatorDescriptor[],
  option: string,
): readonly [index: number, option: string] {
  const where = `--set ${step}.${option}`;
  const dot = option.lastIndexOf('.');
  const label = dot < 0 ? null : option.slice(0, dot);
  const meant = annotators.map((_, i) => i).filter((i) => label === null || labelOf(annotators[i]) === label);
  if (meant.length === 0) {
    const labels = annotators.map(labelOf);
    const near = nearestName(label!, labels);
    throw new ConfigError({
      expected: `an annotator of step ${step} (${labels.join(', ')})`,
      got: label!,
      where,
      fix: near ? `Did you mean ${near}?` : undefined,
    });
  }
  const optionsOf = (i: number): readonly string[] => settingsOf(annotators[i]).options;
  const key = optionKey([...new Set(meant.flatMap(optionsOf))], step, option.slice(dot + 1));
  const owners = meant.filter((i) => optionsOf(i).includes(key));
  if (owners.length === 1) return [owners[0], key];
  const ways = owners.map((i) => `--set ${step}.${labelOf(annotators[i])}.${option.slice(dot + 1)}=...`);
  throw new ConfigError({
    expected: `one annotator whose ${key} is to change`,
    got: `${owners.length} that have it: ${owners.map((i) => labelOf(annotators[i])).join(', ')}`,
    where,
    fix: new Set(ways).size === ways.length ? `Say which: ${ways.join(' or ')}` : 'Tell them apart with `as()`.',
  });
}

const asOptions = z.object({ prefix: z.string().regex(/^[a-z][a-z0-9_]*$/, 'a prefix of a-z, 0-9 and _') });

/**
 * Gives the columns of an annotator another prefix, so that two versions of it can stand side by side. In `--set` it is
 * called by that prefix and its name: `--set scores.v2_gopher_quality.tagger=v2`.
 */
export function as(annotator: AnnotatorDescriptor, prefix: string): AnnotatorDescriptor {
  if (!isAnnotator(annotator))
    throw new ConfigError({ expected: 'an annotator', got: typeof annotator, where: 'as()' });
  parseOptions(asOptions, { prefix }, 'as()');
  const inner = settingsOf(annotator);
  const data: AnnotatorDescriptor = {
    ...annotator,
    prefix: annotator.prefix === undefined ? prefix : `${prefix}_${annotator.prefix}`,
    writes: annotator.writes.map((w) => ({ ...w, name: `${prefix}_${w.name}` })),
  };
  return withSettings(data, {
    options: [...inner.options, 'prefix'],
    set: (option, value, where) =>
      option === 'prefix'
        ? as(annotator, parseOptions(asOptions, { prefix: value }, where).prefix)
        : as(inner.set(option, value, where), prefix),
  });
}
