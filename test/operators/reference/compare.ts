import type { SplitName } from '../../../src/operators/annotators/profile.ts';
import * as fast from '../../../src/operators/annotators/profiles/datatrove.ts';
import * as fastDolma from '../../../src/operators/annotators/profiles/dolma.ts';
import { countSentences } from '../../../src/operators/annotators/profiles/reading.ts';
import { splitsOf } from '../../../src/operators/annotators/profiles/splits.ts';
import { DATATROVE_C4, datatroveC4 } from '../../../src/operators/rewrite/c4-datatrove.ts';
import { dolmaC4 } from '../../../src/operators/rewrite/c4-dolma.ts';
import * as plainC4 from './c4-datatrove.ts';
import * as plainDolmaC4 from './c4-dolma.ts';
import * as plain from './datatrove.ts';
import * as plainDolma from './dolma.ts';
import * as plainSplits from './splits.ts';

const datatroveOptions = [
  DATATROVE_C4,
  { ...DATATROVE_C4, terminalPunct: false },
  { ...DATATROVE_C4, terminalPunct: false, minWordsPerLine: 0, maxWordLength: 7, minSentences: 0, citations: false },
  { ...DATATROVE_C4, minWordsPerLine: 1, minSentences: 1, maxWordLength: 0, curlyBracket: false, loremIpsum: false },
];

const dolmaOptions = [
  { terminalPunct: true, minWordsPerLine: 0, loremIpsum: false, javascript: false, curlyBracket: false },
  { terminalPunct: true, minWordsPerLine: 3, loremIpsum: true, javascript: true, curlyBracket: true },
  { terminalPunct: false, minWordsPerLine: 2, loremIpsum: false, javascript: true, curlyBracket: false },
];

/**
 * Names of what the profiles make of a text otherwise than the plain code beside this file, every bit counted; none
 * when all is equal.
 */
export function differencesOf(text: string): string[] {
  const out: string[] = [];
  const numbers = (what: string, got: Record<string, number>, want: Record<string, number>): void => {
    if (Object.keys(got).join() !== Object.keys(want).join()) out.push(`${what}: ${Object.keys(got)}`);
    for (const [name, value] of Object.entries(want)) {
      if (!Object.is(got[name], value)) out.push(`${what} ${name}: ${got[name]}, plain ${value}`);
    }
  };
  for (const split of ['punctuated', 'whitespace'] as const) {
    const words = plainSplits.splitsOf(split).words(text);
    sameWords(text, split, words, out);
    numbers(`${split} quality`, fast.datatroveGopherQuality(text, split), plain.datatroveGopherQuality(text, words));
    numbers(
      `${split} repetition`,
      fast.datatroveGopherRepetition(text, split),
      plain.datatroveGopherRepetition(text, words),
    );
    numbers(`${split} fineweb`, fast.datatroveFineweb(text, split), plain.datatroveFineweb(text, words));
  }
  for (const tagger of ['v1', 'v2'] as const) {
    const [quality, repetition] = [plainDolma.dolmaGopherQuality, plainDolma.dolmaGopherRepetition];
    numbers(`dolma ${tagger}`, fastDolma.dolmaGopherQuality(text, tagger), quality(text, tagger));
    numbers(`dolma ${tagger}`, fastDolma.dolmaGopherRepetition(text, tagger), repetition(text, tagger));
  }
  const { sentences } = plainSplits.splitsOf('punctuated');
  numbers('sentences', { all: countSentences(text) }, { all: sentences(text).length });
  for (const o of datatroveOptions) {
    const got = JSON.stringify(datatroveC4(text, o));
    if (got !== JSON.stringify(plainC4.datatroveC4(text, o, sentences))) out.push(`c4 datatrove: ${got.slice(0, 200)}`);
  }
  for (const o of dolmaOptions) {
    const got = JSON.stringify(dolmaC4(text, o));
    if (got !== JSON.stringify(plainDolmaC4.dolmaC4(text, o))) out.push(`c4 dolma: ${got.slice(0, 200)}`);
  }
  return out;
}

function sameWords(text: string, split: SplitName, want: readonly string[], out: string[]): void {
  const got = splitsOf(split).words(text);
  if (got.length !== want.length || got.some((w, i) => w !== want[i])) out.push(`${split} words`);
}

/** The same for the functions that take words from outside. */
export function differencesOfWords(text: string, words: readonly string[]): string[] {
  const pairs = [
    [fast.datatroveGopherQuality(text, words), plain.datatroveGopherQuality(text, words)],
    [fast.datatroveGopherRepetition(text, words), plain.datatroveGopherRepetition(text, words)],
    [fast.datatroveFineweb(text, words), plain.datatroveFineweb(text, words)],
  ];
  return pairs.flatMap(([got, want]) =>
    Object.keys(want)
      .filter((name) => !Object.is(got[name], want[name]))
      .map((name) => `${name}: ${got[name]}, plain ${want[name]}`),
  );
}
