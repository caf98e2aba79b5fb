import { ALONE } from '../folding.ts';
import { type MinhashOptions, multipliersOf, signatureLengthOf } from '../minhash.ts';
import { BETWEEN, CODE_POINT, foldedCodePoints, GAP, keptBetween, MARK, OUTSIDE } from '../same-text.ts';
import { referenceContentHash } from './hash.ts';

const MASK = (1n << 64n) - 1n;
const SEED = 0x9e3779b97f4a7c15n;
const STEP = 0xbf58476d1ce4e5b9n;
const BASE = 0xd6e8feb86659fd93n;
const MIX = 0x94d049bb133111ebn;
const EMPTY = 0xffffffff;

/** Marks of one letter that are put in order at once. */
const MARKS = 64;

/**
 * A text as it is compared, and its words. Words are runs of letters, marks, numbers and `_` of any script, folded as
 * `foldedCodePoints` says, the marks of a letter in the order of their code points (the order in which they were typed
 * does not count); a code point of a script without spaces is a word, with its marks. Operators between two words
 * belong to the second. `normalized`: the words, with a space where a gap was between two, unless an operator was, or
 * a script without spaces.
 */
function readWords(text: string): { readonly words: string[]; readonly normalized: string } {
  const folded = Array.from(text, (c) => foldedCodePoints(c.codePointAt(0)!));
  const values = folded.map((parts) => parts[0] ?? 0);
  const words: string[] = [];
  let normalized = '';
  let [word, operators, marks] = ['', '', [] as number[]];
  let [open, gap, alone] = [false, false, false];
  const putMarks = (): void => {
    word += String.fromCodePoint(...marks.sort((a, b) => a - b));
    marks = [];
  };
  const close = (): void => {
    if (!open) return;
    putMarks();
    words.push(word);
    normalized += word;
    [word, open] = ['', false];
  };
  const begin = (isAlone: boolean): void => {
    if (gap && operators === '' && !alone && !isAlone && words.length > 0) normalized += ' ';
    [word, operators, open, gap, alone] = [operators, '', true, false, isAlone];
  };
  const put = (v: number): void => {
    if ((v & MARK) !== 0) {
      if (!open) begin(false);
      if (marks.length === MARKS) putMarks();
      marks.push(v & CODE_POINT);
      return;
    }
    const isAlone = v >= ALONE;
    if (isAlone || alone) close();
    if (!open) begin(isAlone);
    putMarks();
    word += String.fromCodePoint(v & CODE_POINT);
  };
  folded.forEach((parts, i) => {
    if ((values[i] & BETWEEN) === 0) {
      for (const v of parts) if (v !== 0) put(v);
      return;
    }
    close();
    const kept = keptBetween((step) => values[i + step] ?? OUTSIDE);
    if (kept === GAP) gap = true;
    else if (kept !== 0) operators += String.fromCodePoint(kept);
  });
  close();
  if (operators !== '' && words.length > 0) {
    words.push(operators);
    normalized += operators;
  }
  return { words, normalized };
}

/** Words as MinHash sees them. */
export const shingleWords = (text: string): string[] => readWords(text).words;

/** The normalised text: two texts are the same when this is equal. */
export const normalizedText = (text: string): string => readWords(text).normalized;

/** By a loop: an expression that looks for a run at the end takes quadratic time on runs elsewhere. */
function withoutTrailingSpace(line: string): string {
  let end = line.length;
  while (end > 0 && ' \t\v\f\r'.includes(line[end - 1])) end--;
  return line.slice(0, end);
}

/** Code as it is compared: without white space at the ends of lines, and without blank lines; all else counts. */
export const normalizedCode = (text: string): string =>
  text
    .split('\n')
    .map(withoutTrailingSpace)
    .filter((line) => line !== '')
    .join('\n');

/** The units of the shingles of a text. */
export function unitsOf(text: string, unit: 'words' | 'characters'): string[] {
  const words = shingleWords(text);
  return unit === 'words' ? words : Array.from(words.join(' '));
}

const step = (h: bigint, v: bigint): bigint => {
  const x = ((h ^ v) * STEP) & MASK;
  return x ^ (x >> 32n);
};

/** Words: chunks of 8 bytes of UTF-8, zeros after the end. Characters: the code point. */
function unitHash(unit: string, kind: 'words' | 'characters'): bigint {
  if (kind === 'characters') return step(SEED, BigInt(unit.codePointAt(0)!));
  const bytes = new Uint8Array(Math.ceil(Buffer.byteLength(unit) / 8) * 8);
  bytes.set(Buffer.from(unit));
  const view = new DataView(bytes.buffer);
  let h = SEED;
  for (let at = 0; at < bytes.length; at += 8) h = step(h, view.getBigUint64(at, true));
  return h;
}

/** Shingle hashes in order, with repeats: sum of unit * BASE^(units after it), mixed. */
export function referenceShingles(text: string, { unit, size }: Pick<MinhashOptions, 'unit' | 'size'>): bigint[] {
  const units = unitsOf(text, unit).map((u) => unitHash(u, unit));
  return units.slice(size - 1).map((_, i) => {
    const gram = units.slice(i, i + size).reduce((sum, u) => (sum * BASE + u) & MASK, 0n);
    const h = ((gram ^ (gram >> 32n)) * MIX) & MASK;
    return h ^ (h >> 29n);
  });
}

/** Jaccard similarity of the shingle sets; 0 when either is empty. */
export function referenceJaccard(a: readonly bigint[], b: readonly bigint[]): number {
  const [x, y] = [new Set(a), new Set(b)];
  let common = 0;
  for (const s of x) if (y.has(s)) common++;
  return x.size === 0 || y.size === 0 ? 0 : common / (x.size + y.size - common);
}

/**
 * MinHash signature (Broder 1997): value p = min over shingles of multiplier p * half of the shingle hash modulo 2^32,
 * the low half for permutations 0 to 15, the high half for 16 to 31, and so on. `oph`: bin = upper half scaled to bands
 * x rows, value = least lower half; an empty bin copies the first full one of a fixed sequence of probes.
 */
export function referenceSignature(shingles: readonly bigint[], options: MinhashOptions): Uint32Array {
  const length = signatureLengthOf(options);
  const signature = new Uint32Array(length).fill(EMPTY);
  const multipliers = multipliersOf(options.seed, length);
  const bins = BigInt(options.bands * options.rows);
  for (const s of shingles) {
    if (options.method === 'oph') {
      const bin = Number(((s >> 32n) * bins) >> 32n);
      signature[bin] = Math.min(signature[bin], Number(s & 0xffffffffn), EMPTY - 1);
      continue;
    }
    for (let p = 0; p < length; p++) {
      const half = Number(p % 32 < 16 ? s & 0xffffffffn : s >> 32n);
      signature[p] = Math.min(signature[p], Math.imul(half, multipliers[p]) >>> 0);
    }
  }
  return options.method === 'oph' && shingles.length > 0 ? densified(signature, Number(bins)) : signature;
}

function densified(signature: Uint32Array, bins: number): Uint32Array {
  const full = signature.slice();
  for (let i = 0; i < bins; i++) {
    for (let probe = 1n; signature[i] === EMPTY; probe++) {
      let h = (((BigInt(i) << 32n) | probe) ^ SEED) & MASK;
      h = (h * BASE) & MASK;
      h = ((h ^ (h >> 32n)) * STEP) & MASK;
      const from = Number(((h >> 32n) * BigInt(bins)) >> 32n);
      if (signature[from] === EMPTY) continue;
      full[i] = signature[from];
      break;
    }
  }
  return full;
}

/** 64-bit keys of the bands: two documents are candidates when one of them is equal. */
export function referenceBandKeys(signature: Uint32Array, { bands, rows }: MinhashOptions): bigint[] {
  return Array.from({ length: bands }, (_, band) => {
    const values = signature.subarray(band * rows, (band + 1) * rows);
    return values.reduce((h, v) => step(h, BigInt(v)), (SEED + BigInt(band)) & MASK);
  });
}

/** Everything about one text. */
export function referenceMinhash(text: string, options: MinhashOptions) {
  const shingles = referenceShingles(text, options);
  const signature = referenceSignature(shingles, options);
  const keys = shingles.length === 0 ? [] : referenceBandKeys(signature, options);
  return { shingles, signature, keys, normalized: referenceContentHash(Buffer.from(normalizedText(text))) };
}
