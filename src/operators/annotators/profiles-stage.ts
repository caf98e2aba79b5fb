import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { type Column, float64Column, int32Column, stringAt, type Utf8Column } from '../../streams/batch/columns.ts';
import type { AnnotatorContext, AnnotatorFactory, StatisticsOfBatch } from '../annotator-stage.ts';
import { proseOf } from '../parts-of-batch.ts';
import { columnOf, type Of } from './part-columns.ts';
import { profileColumns } from './profiles/columns.ts';
import { datatroveFineweb, datatroveGopherQuality, datatroveGopherRepetition } from './profiles/datatrove.ts';
import { type DolmaTagger, dolmaGopherQuality, dolmaGopherRepetition } from './profiles/dolma.ts';

/** What a profile leaves to choose: how datatrove's words are split, which version of dolma's tagger is meant. */
export interface ProfileChoice {
  readonly split: 'whitespace' | 'punctuated';
  readonly tagger: DolmaTagger;
}

type Statistics = (text: string, choice: ProfileChoice) => Record<string, number>;

/** Which function computes a family in a profile; the names stand in descriptors. */
export const profileStatistics: { readonly [family: string]: { readonly [profile: string]: Statistics } } = {
  gopher_quality: {
    datatrove: (text, { split }) => datatroveGopherQuality(text, split),
    dolma: (text, { tagger }) => dolmaGopherQuality(text, tagger),
  },
  gopher_repetition: {
    datatrove: (text, { split }) => datatroveGopherRepetition(text, split),
    dolma: (text, { tagger }) => dolmaGopherRepetition(text, tagger),
  },
  fineweb: { datatrove: (text, { split }) => datatroveFineweb(text, split) },
};

interface Options extends Partial<ProfileChoice> {
  readonly family: string;
  readonly profile: string;
  readonly of?: Of;
}

type Columns = readonly (readonly [string, Column])[];

/** Annotators of one step and one profile: each text is decoded and split once for all of them. */
interface Together {
  readonly families: Set<string>;
  batch: DocumentBatch | null;
  scope: Uint8Array | null;
  readonly columns: Map<string, Columns>;
}

/** By what the annotators of a step have in common. */
const steps = new WeakMap<StatisticsOfBatch, Map<string, Together>>();

function togetherIn({ statistics }: AnnotatorContext, profile: string, choice: ProfileChoice, of: Of): Together {
  const ofStep = steps.get(statistics) ?? new Map<string, Together>();
  steps.set(statistics, ofStep);
  const key = `${profile} ${choice.split} ${choice.tagger} ${of}`;
  const together = ofStep.get(key) ?? {
    families: new Set(),
    batch: null,
    scope: null,
    columns: new Map<string, Columns>(),
  };
  ofStep.set(key, together);
  return together;
}

/** Computes a family as another tool does. */
export const annotator: AnnotatorFactory = (options, context) => {
  const { family, profile, split = 'whitespace', tagger = 'v1', of = 'text' } = options as unknown as Options;
  const choice: ProfileChoice = { split, tagger };
  const together = togetherIn(context, profile, choice, of);
  together.families.add(family);
  const textsOf = (batch: DocumentBatch, scope: Uint8Array): ((row: number) => string) => {
    if (of === 'text') return (row) => batch.text(row);
    const prose: Utf8Column = { type: 'utf8', valid: null, ...proseOf(context.kernel, batch, scope) };
    return (row) => stringAt(prose, row) ?? '';
  };
  return (batch, scope) => {
    if (together.batch !== batch || together.scope !== scope || !together.columns.has(family)) {
      together.columns.clear();
      for (const [name, columns] of annotated(textsOf(batch, scope), scope, together.families, profile, choice))
        together.columns.set(name, columns);
    }
    const columns = together.columns.get(family)!.map(([name, column]) => [columnOf(of, name), column] as const);
    together.columns.delete(family);
    // The last one lets go of the batch.
    [together.batch, together.scope] = together.columns.size > 0 ? [batch, scope] : [null, null];
    return columns;
  };
};

function annotated(
  textOf: (row: number) => string,
  scope: Uint8Array,
  families: ReadonlySet<string>,
  profile: string,
  choice: ProfileChoice,
): [string, Columns][] {
  const all = Array.from(families, (family) => ({
    family,
    statisticsOf: profileStatistics[family][profile],
    values: profileColumns(family, profile).map((spec) => ({
      ...spec,
      column: new Float64Array(scope.length).fill(Number.NaN),
    })),
  }));
  for (let i = 0; i < scope.length; i++) {
    if (scope[i] === 0) continue;
    const text = textOf(i);
    for (const { statisticsOf, values } of all) {
      const statistics = statisticsOf(text, choice);
      for (const { name, column } of values) column[i] = statistics[name];
    }
  }
  return all.map(({ family, values }) => [
    family,
    values.map(({ name, type, column }) => [name, type === 'int32' ? int32Column(column) : float64Column(column)]),
  ]);
}
