import { type Column, type ColumnSpec, float64Column, int32Column } from '../../streams/columns.ts';
import type { AnnotatorDescriptor, AnnotatorFactory } from '../annotate.ts';
import type { Profile, SplitName } from './profile.ts';
import { datatroveFineweb, datatroveGopherQuality, datatroveGopherRepetition } from './profiles/datatrove.ts';
import { type DolmaTagger, dolmaGopherQuality, dolmaGopherRepetition } from './profiles/dolma.ts';

/** What a profile leaves to choose: how datatrove's words are split, which version of dolma's tagger is meant. */
export interface ProfileChoice {
  readonly split: SplitName;
  readonly tagger: DolmaTagger;
}

type Statistics = (text: string, choice: ProfileChoice) => Record<string, number>;

/** Which function computes a family in a profile; the names stand in descriptors. */
const functions: { readonly [family: string]: { readonly [profile: string]: Statistics } } = {
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

const INTEGERS = new Set(['gopher_word_count', 'gopher_stop_word_count', 'gopher_chars', 'fineweb_lines']);

const columnsOf = (family: string, profile: string, choice: ProfileChoice): string[] =>
  Object.keys(functions[family][profile]('', choice));

/** An annotator with another tool's arithmetic; its columns are those that the function writes. */
export function profileAnnotator(
  family: string,
  version: number,
  profile: Exclude<Profile, 'sluice'>,
  { split, tagger }: ProfileChoice,
): AnnotatorDescriptor {
  return {
    name: family,
    version,
    module: 'sluice:profiles',
    export: 'profileStatistics',
    options: { family, profile, ...(profile === 'dolma' ? { tagger } : { split }) },
    reads: ['text'],
    writes: columnsOf(family, profile, { split, tagger }).map(
      (name): ColumnSpec => ({ name, type: INTEGERS.has(name) ? 'int32' : 'float64' }),
    ),
  };
}

interface Options extends Partial<ProfileChoice> {
  readonly family: string;
  readonly profile: string;
}

export const profileStatistics: AnnotatorFactory = (options) => {
  const { family, profile, split = 'whitespace', tagger = 'v1' } = options as unknown as Options;
  const choice: ProfileChoice = { split, tagger };
  const statisticsOf = functions[family][profile];
  return (batch, scope) => {
    const columns = new Map(
      columnsOf(family, profile, choice).map((name) => [name, new Float64Array(batch.rows).fill(Number.NaN)]),
    );
    for (let i = 0; i < batch.rows; i++) {
      if (scope[i] === 0) continue;
      const statistics = statisticsOf(batch.text(i), choice);
      for (const [name, values] of columns) values[i] = statistics[name];
    }
    return Array.from(columns, ([name, values]): readonly [string, Column] => [
      name,
      INTEGERS.has(name) ? int32Column(values) : float64Column(values),
    ]);
  };
};
