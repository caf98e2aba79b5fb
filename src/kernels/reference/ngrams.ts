import { ALONE, foldedForWords, SEPARATOR } from '../folding.ts';

const MASK = (1n << 64n) - 1n;
const WORD_SEED = 0x9e3779b97f4a7c15n;
const WORD_STEP = 0x100000001b3n;
const FIRST = 0xbf58476d1ce4e5b9n;
const SECOND = 0x94d049bb133111ebn;
const BASE = 0xd6e8feb86659fd93n;

export interface ReferenceWord {
  readonly hash: bigint;
  /** First byte of its first code point that counts. */
  readonly start: number;
  /** End of its last code point that counts. */
  readonly end: number;
}

/**
 * Words of a text as n-grams see them: split at white space; case folded; punctuation, symbols and accents left out (so
 * `Don't` is `dont`, as in Brown et al. 2020, appendix C); nothing left is no word; a code point of a script without
 * spaces is a word. Hash: FNV-1a over code points with 64 bits, then the finaliser of SplitMix64.
 */
export function referenceWords(text: string): ReferenceWord[] {
  const words: ReferenceWord[] = [];
  let [hash, start, last, at] = [WORD_SEED, 0, 0, 0];
  const close = (): void => {
    if (hash !== WORD_SEED) words.push({ hash: finished(hash), start, end: last });
    hash = WORD_SEED;
  };
  for (const c of text) {
    const v = foldedForWords(c.codePointAt(0)!);
    const next = at + Buffer.byteLength(c);
    const alone = v !== SEPARATOR && v >= ALONE;
    if (v === SEPARATOR || alone) close();
    if (v !== SEPARATOR && v !== 0) {
      if (hash === WORD_SEED) start = at;
      hash = ((hash ^ BigInt(v)) * WORD_STEP) & MASK;
      last = next;
    }
    if (alone) close();
    at = next;
  }
  close();
  return words;
}

function finished(h: bigint): bigint {
  h = ((h ^ (h >> 30n)) * FIRST) & MASK;
  h = ((h ^ (h >> 27n)) * SECOND) & MASK;
  return h ^ (h >> 31n);
}

/** N-grams of `size` words: hash = sum of word * BASE^(words after it), modulo 2^64. */
export function referenceNgrams(text: string, size: number): ReferenceWord[] {
  const words = referenceWords(text);
  return words.slice(size - 1).map((last, i) => ({
    hash: words.slice(i, i + size).reduce((sum, w) => (sum * BASE + w.hash) & MASK, 0n),
    start: words[i].start,
    end: last.end,
  }));
}
