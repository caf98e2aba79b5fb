import type { ColumnSpec } from '../../streams/columns.ts';
import { type Column, float64Column, int32Column } from '../../streams/columns.ts';
import type { AnnotatorDescriptor, AnnotatorFactory } from '../annotate.ts';
import type { Profile, SplitName } from './profile.ts';
import { datatroveFineweb, datatroveGopherQuality, datatroveGopherRepetition } from './profiles/datatrove.ts';
import { dolmaGopherQuality, dolmaGopherRepetition } from './profiles/dolma.ts';
import { type Splits, splitsOf } from './profiles/splits.ts';

type Statistics = (text: string, splits: Splits) => Record<string, number>;

/** Which function computes a family in a profile; the names stand in descriptors. */
const functions: { readonly [family: string]: { readonly [profile: string]: Statistics } } = {
  gopher_quality: {
    datatrove: (text, splits) => datatroveGopherQuality(text, splits.words(text)),
    dolma: dolmaGopherQuality,
  },
  gopher_repetition: {
    datatrove: (text, splits) => datatroveGopherRepetition(text, splits.words(text)),
    dolma: dolmaGopherRepetition,
  },
  fineweb: { datatrove: (text, splits) => datatroveFineweb(text, splits.words(text)) },
};

const INTEGERS = new Set(['gopher_word_count', 'gopher_stop_word_count', 'gopher_chars', 'fineweb_lines']);

/** An annotator with another tool's arithmetic; its columns are those that the function writes. */
export function profileAnnotator(
  family: string,
  version: number,
  profile: Exclude<Profile, 'sluice'>,
  split: SplitName,
): AnnotatorDescriptor {
  const names = Object.keys(functions[family][profile]('', splitsOf('whitespace')));
  return {
    name: family,
    version,
    module: 'sluice:profiles',
    export: 'profileStatistics',
    options: profile === 'dolma' ? { family, profile } : { family, profile, split },
    reads: ['text'],
    writes: names.map((name): ColumnSpec => ({ name, type: INTEGERS.has(name) ? 'int32' : 'float64' })),
  };
}

export const profileStatistics: AnnotatorFactory<{
  readonly family: string;
  readonly profile: string;
  readonly split?: SplitName;
}> = ({ family, profile, split = 'whitespace' }) => {
  const statisticsOf = functions[family][profile];
  const splits = splitsOf(split);
  return (batch, scope) => {
    const columns = new Map(
      Object.keys(statisticsOf('', splits)).map((name) => [name, new Float64Array(batch.rows).fill(Number.NaN)]),
    );
    for (let i = 0; i < batch.rows; i++) {
      if (scope[i] === 0) continue;
      const statistics = statisticsOf(batch.text(i), splits);
      for (const [name, values] of columns) values[i] = statistics[name];
    }
    return Array.from(columns, ([name, values]): readonly [string, Column] => [
      name,
      INTEGERS.has(name) ? int32Column(values) : float64Column(values),
    ]);
  };
};
