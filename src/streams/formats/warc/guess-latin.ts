import { openDecoder } from '../../codecs/transcode.ts';
import { LATIN_LETTERS } from './latin-letters.ts';

/** Of a thousand letters: what one that the language does not have is taken for. */
const UNUSUAL = 0.1;
/** Logarithms that a hint is worth for each letter, and the charset that is most usual. */
const [HINT, USUAL] = [0.7, 0.25];

/** By the number of the letter. */
const languages = LATIN_LETTERS.map(({ charsets, letters }) => ({
  charsets: charsets.split(' '),
  shares: new Map(letters.split(' ').map((entry) => [entry.codePointAt(0)!, Math.log(Number(entry.slice(1)))])),
}));
export const LATIN_CHARSETS: readonly string[] = [...new Set(languages.flatMap((l) => l.charsets))];

/**
 * The charset of bytes in a language of the Latin script: the one in which their letters beyond ASCII are those of a
 * language, as often as there (naive Bayes over these letters alone).
 */
export function guessLatin(sample: Uint8Array, hints: ReadonlySet<string>): string {
  let [best, most] = ['windows-1252', Number.NEGATIVE_INFINITY];
  for (const charset of LATIN_CHARSETS) {
    const counts = lettersOf(openDecoder(charset).write(sample));
    const all = [...counts.values()].reduce((a, b) => a + b, 0);
    const bonus = (hints.has(charset) ? HINT : 0) + (charset === 'windows-1252' ? USUAL : 0);
    for (const { charsets, shares } of languages) {
      if (!charsets.includes(charset)) continue;
      let sum = 0;
      for (const [c, n] of counts) sum += n * (shares.get(c) ?? Math.log(UNUSUAL));
      const score = sum / Math.max(all, 1) + bonus;
      if (score > most) [best, most] = [charset, score];
    }
  }
  return best;
}

/** What is beyond ASCII, but for marks that stand in every language. */
function lettersOf(utf8: Uint8Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const character of Buffer.from(utf8.filter((b) => b !== 0xff)).toString('utf8')) {
    const c = character.codePointAt(0)!;
    if (c < 0x80 || (c >= 0x2010 && c <= 0x203a) || MARKS.has(c)) continue;
    counts.set(c, (counts.get(c) ?? 0) + 1);
  }
  return counts;
}

/** Space, copyright, quotes, registered, degree, dot; euro and trade mark. */
const MARKS: ReadonlySet<number> = new Set([0xa0, 0xa9, 0xab, 0xae, 0xb0, 0xb7, 0xbb, 0x20ac, 0x2122]);
