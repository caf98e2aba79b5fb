import type { SplitName } from '../profile.ts';
import { roomFor, type Units, unitsReader } from './units.ts';
import { FLAGS, POINTS, type Traits, vocabulary, type Words } from './vocabulary.ts';
import { WORD } from './word-flags.ts';

/** A text as units and words; borrowed until the next text is read. */
export interface Reading {
  readonly own: Units;
  readonly words: Words;
}

const unitsOf = unitsReader();
let last: (Reading & { readonly text: string; readonly split: SplitName }) | null = null;

/** Reads a text, its words found by a split or given. Reading the same text again in the same way costs nothing. */
export function readText(text: string, words: readonly string[] | SplitName): Reading {
  if (last !== null && last.split === words && last.text === text) return last;
  last = null;
  const own = unitsOf(text);
  if (typeof words !== 'string') return { own, words: vocabulary().given(words) };
  last = { own, words: vocabulary().split(own, words), text, split: words };
  return last;
}

const traits: Traits = { flags: new Int32Array(0), points: new Int32Array(0), count: 0 };

/** A text as units and its words by what is known of them; borrowed until the next text is read. */
export function readTraits(
  text: string,
  words: readonly string[] | SplitName,
): { readonly own: Units; readonly traits: Traits } {
  // What stands there for other numbers already is taken from there.
  const read = last !== null && last.split === words && last.text === text;
  if (!read && typeof words === 'string') {
    last = null;
    const own = unitsOf(text);
    vocabulary().traits(own.units, 0, own.length, words, traits);
    return { own, traits };
  }
  const { own, words: known } = readText(text, words);
  const { ids, count } = known;
  const { pool } = vocabulary();
  traits.flags = roomFor(traits.flags, count);
  traits.points = roomFor(traits.points, count);
  for (let i = 0; i < count; i++) {
    traits.flags[i] = pool[ids[i] + FLAGS];
    traits.points[i] = pool[ids[i] + POINTS];
  }
  traits.count = count;
  return { own, traits };
}

/** How many sentences `splitsOf('punctuated').sentences` finds in a part of a text. */
export function countSentencesIn(units: Int32Array, from: number, to: number): number {
  // The vocabulary may start anew.
  last = null;
  vocabulary().traits(units, from, to, 'punctuated', traits);
  const { flags, count } = traits;
  let sentences = count > 0 ? 1 : 0;
  let ended = false;
  for (let i = 0; i < count; i++) {
    if (ended && (flags[i] & WORD.mark) === 0) {
      sentences++;
      ended = false;
    }
    if ((flags[i] & WORD.terminal) !== 0) ended = true;
  }
  return sentences;
}

/** The same of a text of its own. */
export function countSentences(text: string): number {
  const units = new Int32Array(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return countSentencesIn(units, 0, units.length);
}
