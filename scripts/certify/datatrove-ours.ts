// What our rules decide on one document, given datatrove's own words and sentences, and by our own split.
import { createHash } from 'node:crypto';
import {
  datatroveFineweb,
  datatroveGopherQuality,
  datatroveGopherRepetition,
} from '../../src/operators/annotators/profiles/datatrove.ts';
import { splitsOf } from '../../src/operators/annotators/profiles/splits.ts';
import { DATATROVE_C4 as C4, datatroveC4 } from '../../src/operators/rewrite/c4-datatrove.ts';
import { finewebRules, gopherQualityRules, gopherRepetitionRules } from '../../src/operators/rules/index.ts';
import { fails, type Rule } from '../../src/streams/batch/outcome.ts';

export const FILTERS = ['repetition', 'quality', 'c4', 'c4_fineweb', 'fineweb'] as const;
export type Filter = (typeof FILTERS)[number];

/** How a text was split: its words, and the sentences of each line that was asked about. */
export interface Split {
  readonly words: (text: string) => string[];
  readonly sentences: (filter: Filter) => (line: string) => number;
}

const profile = 'datatrove' as const;
const rules: Readonly<Record<'quality' | 'repetition' | 'fineweb', readonly Rule[]>> = {
  quality: gopherQualityRules({ profile }),
  repetition: gopherRepetitionRules({ profile }),
  fineweb: finewebRules({ profile }),
};

const reason = (values: Readonly<Record<string, number>>, of: readonly Rule[]): string | null =>
  of.find((r) => !Number.isNaN(values[r.column]) && fails(values[r.column], r.comparison, r.threshold))?.name ?? null;

export interface Verdict {
  readonly reason: string | null;
  /** Of C4: the start of the SHA-256 of what is left of the text. */
  readonly text: string | null;
}

/** The verdict of a filter on a text. */
export function verdictOf(filter: Filter, text: string, split: Split): Verdict & { readonly rewritten: string } {
  const plain = (why: string | null) => ({ reason: why, text: null, rewritten: text });
  if (filter === 'quality') return plain(reason(datatroveGopherQuality(text, split.words(text)), rules.quality));
  if (filter === 'repetition')
    return plain(reason(datatroveGopherRepetition(text, split.words(text)), rules.repetition));
  if (filter === 'fineweb') return plain(reason(datatroveFineweb(text, split.words(text)), rules.fineweb));
  const options = filter === 'c4' ? C4 : { ...C4, terminalPunct: false };
  const made = datatroveC4(text, options, split.sentences(filter));
  const hash = createHash('sha256').update(made.text).digest('hex').slice(0, 16);
  return { reason: made.reason, text: made.reason === null ? hash : null, rewritten: made.text };
}

/** FineWeb's order: where a document goes, and why; null = kept. */
export function chainOf(text: string, splits: { first: Split; afterC4: Split }): readonly [Filter, string] | null {
  let now = text;
  for (const filter of ['repetition', 'quality', 'c4_fineweb', 'fineweb'] as const) {
    const said = verdictOf(filter, now, filter === 'fineweb' ? splits.afterC4 : splits.first);
    if (said.reason !== null) return [filter, said.reason];
    now = said.rewritten;
  }
  return null;
}

const own = splitsOf('punctuated');
export const OWN_SPLIT: Split = { words: own.words, sentences: () => (line) => own.sentences(line).length };

/** Words of a text from their lengths in code points: 5 after a gap of one, "gap:length" else. */
export function wordsFrom(text: string, lengths: readonly (number | string)[]): string[] {
  const points = [...text];
  let at = 0;
  return lengths.map((given) => {
    const [gap, length] = typeof given === 'number' ? [1, given] : given.split(':').map(Number);
    const start = at + gap;
    at = start + length;
    return points.slice(start, at).join('');
  });
}
