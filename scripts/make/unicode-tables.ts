// Writes src/unicode/tables.ts from the Unicode data of the running Node (`process.versions.unicode` is recorded in
// it). Run it by hand when the pinned version is to change: `npx tsx scripts/make/unicode-tables.ts`. test/unicode pins
// the result.
import { writeFileSync } from 'node:fs';
import { CLASS } from '../../src/unicode/classes.ts';

const LAST = 0x10ffff;
const isSurrogate = (cp: number): boolean => cp >= 0xd800 && cp <= 0xdfff;

const groups: readonly [RegExp, number][] = [
  [/^\p{L}$/u, CLASS.letter],
  [/^\p{M}$/u, CLASS.mark],
  [/^\p{N}$/u, CLASS.number],
  [/^\p{P}$/u, CLASS.punctuation],
  [/^\p{S}$/u, CLASS.symbol],
];
const flags: readonly [RegExp, number][] = [
  [/^\p{White_Space}$/u, CLASS.whiteSpace],
  [/^\p{Lu}$/u, CLASS.uppercase],
  [/^\p{Nd}$/u, CLASS.digit],
  [/^[\p{Sentence_Terminal}\u2026]$/u, CLASS.terminal],
  [/^[\p{Pe}\p{Pf}\p{Pi}"']$/u, CLASS.closer],
];

function classOf(cp: number): number {
  if (isSurrogate(cp)) return CLASS.other;
  const s = String.fromCodePoint(cp);
  const group = groups.find(([re]) => re.test(s))?.[1] ?? CLASS.other;
  return flags.reduce((bits, [re, bit]) => (re.test(s) ? bits | bit : bits), group);
}

/** `A5B3...`: an upper-case letter names a value of the palette, the base-36 number after it the length of the run. */
function classRuns(): { palette: number[]; runs: string } {
  const palette: number[] = [];
  let runs = '';
  let value = -1;
  let length = 0;
  const flush = (): void => {
    if (length === 0) return;
    if (!palette.includes(value)) palette.push(value);
    runs += String.fromCharCode(65 + palette.indexOf(value)) + length.toString(36);
  };
  for (let cp = 0; cp <= LAST; cp++) {
    const c = classOf(cp);
    if (c === value) {
      length++;
      continue;
    }
    flush();
    value = c;
    length = 1;
  }
  flush();
  if (palette.length > 26) throw new Error(`palette of ${palette.length} values`);
  return { palette, runs };
}

/**
 * Two code points fold alike when a Unicode-aware case-insensitive pattern of one matches the other: simple case
 * folding by definition.
 */
const foldAlike = (a: number, b: number): boolean =>
  new RegExp(`^\\u{${a.toString(16)}}$`, 'iu').test(String.fromCodePoint(b));

const single = (s: string): number | null =>
  s.length === String.fromCodePoint(s.codePointAt(0)!).length ? s.codePointAt(0)! : null;

function foldings(): [number, number][] {
  const out: [number, number][] = [];
  const byFullUpper = new Map<string, number[]>();
  for (let cp = 0; cp <= LAST; cp++) {
    if (isSurrogate(cp)) continue;
    const s = String.fromCodePoint(cp);
    const upper = single(s.toUpperCase()) ?? cp;
    const lower = single(String.fromCodePoint(upper).toLowerCase()) ?? upper;
    // Cherokee is the one script whose foldings are the upper-case letters.
    const cherokee = upper >= 0x13a0 && upper <= 0x13f5;
    const target = cherokee ? upper : lower;
    if (target !== cp && foldAlike(cp, target)) out.push([cp, target]);
    if (single(s.toUpperCase()) === null) {
      const key = s.toUpperCase();
      byFullUpper.set(key, [...(byFullUpper.get(key) ?? []), cp]);
    }
  }
  // Letters without a one-letter upper case that still fold alike, such as U+FB05 and U+FB06. The later forms: the
  // target is the one that Unicode keeps, which for all of them is the lower code point in Greek and the higher one
  // among the ligatures.
  const known = new Set(out.map(([cp]) => cp));
  for (const members of byFullUpper.values()) {
    for (const a of members) {
      for (const b of members) {
        if (a === b || known.has(a) || known.has(b) || !foldAlike(a, b)) continue;
        const [from, to] = a >= 0xfb00 ? [Math.min(a, b), Math.max(a, b)] : [Math.max(a, b), Math.min(a, b)];
        out.push([from, to]);
        known.add(from);
      }
    }
  }
  return out.sort((a, b) => a[0] - b[0]);
}

function decompositions(): number[][] {
  const out: number[][] = [];
  for (let cp = 0; cp <= LAST; cp++) {
    // Hangul syllables decompose by arithmetic.
    if (isSurrogate(cp) || (cp >= 0xac00 && cp <= 0xd7a3)) continue;
    const s = String.fromCodePoint(cp);
    const nfd = s.normalize('NFD');
    if (nfd !== s) out.push([cp, ...Array.from(nfd, (c) => c.codePointAt(0)!)]);
  }
  return out;
}

/**
 * Forms of width and of typesetting, which mean the letters that they stand for: ligatures, Arabic presentation forms,
 * squared CJK words and units, full and half width. Not superscripts, fractions and letters of mathematics.
 */
const FORMS: readonly (readonly [number, number])[] = [
  [0x3300, 0x33ff],
  [0xfb00, 0xfdff],
  [0xfe30, 0xfeff],
  [0xff01, 0xffee],
];

function forms(): number[][] {
  const out: number[][] = [];
  for (const [from, to] of FORMS) {
    for (let cp = from; cp <= to; cp++) {
      const s = String.fromCodePoint(cp);
      const nfkd = s.normalize('NFKD');
      // A ligature of a whole formula stays as it is: no text grows to more than three times its bytes.
      if (Buffer.byteLength(nfkd) > 3 * Buffer.byteLength(s)) continue;
      if (nfkd !== s.normalize('NFD')) out.push([cp, ...Array.from(nfkd, (c) => c.codePointAt(0)!)]);
    }
  }
  return out;
}

const base36 = (n: number): string => n.toString(36);

/**
 * Ascending first numbers as differences; the others relative to the first (foldings) or as they are (decompositions).
 */
function deltas(rows: readonly number[][], relative: boolean): string {
  let before = 0;
  return rows
    .map(([cp, ...rest]) => {
      const parts = [cp - before, ...rest.map((r) => (relative ? r - cp : r))];
      before = cp;
      return parts.map(base36).join('.');
    })
    .join(' ');
}

const { palette, runs } = classRuns();
const wrap = (s: string): string => (s.match(/.{1,4000}/gs) ?? []).map((p) => `  '${p}'`).join(' +\n');
const file = `// Made by scripts/make/unicode-tables.ts; do not edit. Values only; src/unicode.ts reads them.

/** The Unicode version that decides every byte of output. */
export const UNICODE_VERSION = '${process.versions.unicode}';

/** Values of the class byte (see CLASS in classes.ts), named A, B, C ... in CLASS_RUNS. */
export const CLASS_PALETTE: readonly number[] = [${palette.join(', ')}];

/** Runs of equal class bytes over U+0000 .. U+10FFFF: letter of the palette, base-36 length. */
export const CLASS_RUNS =
${wrap(runs)};

/** Simple case folding: base-36 step to the next code point, a dot, base-36 difference to its folding. */
export const FOLDINGS =
${wrap(deltas(foldings(), true))};

/**
 * Full canonical decompositions without Hangul: base-36 step to the next code point, then the code points it becomes.
 */
export const DECOMPOSITIONS =
${wrap(deltas(decompositions(), false))};

/** Forms of width and of typesetting, with full compatibility decompositions: as DECOMPOSITIONS. */
export const FORMS =
${wrap(deltas(forms(), false))};
`;
const target = new URL('../../src/unicode/tables.ts', import.meta.url);
writeFileSync(target, file);
process.stdout.write(
  `${target.pathname}: Unicode ${process.versions.unicode}, ${file.length} bytes, ${palette.length} classes\n`,
);
