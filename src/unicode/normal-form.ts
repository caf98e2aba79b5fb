import { TOKEN_CLASS, tokenClassOf } from './tokenizer-classes.ts';
import { COMBINING_RUNS, NORMAL_DECOMPOSITIONS } from './tokenizer-tables.ts';

/** What NFC needs of code points, as the tokenizers library has it (an older Unicode than its classes). */
interface NormalTables {
  readonly classes: Uint8Array;
  /** Full canonical decompositions, without Hangul. */
  readonly decomposed: ReadonlyMap<number, readonly number[]>;
  /** Composite by its first and last part: `first * 2^21 + last`. */
  readonly composed: ReadonlyMap<number, number>;
}

let tables: NormalTables | null = null;

const pair = (first: number, last: number): number => first * 0x200000 + last;

function build(): NormalTables {
  const runs = COMBINING_RUNS.split(' ').map((run) => run.split('.').map((n) => Number.parseInt(n, 36)));
  const classes = new Uint8Array(runs.reduce((sum, [, length]) => sum + length, 0));
  let at = 0;
  for (const [value, length] of runs) {
    classes.fill(value, at, at + length);
    at += length;
  }
  const decomposed = new Map<number, readonly number[]>();
  const byParts = new Map<string, number>();
  const composites: number[] = [];
  let cp = 0;
  for (const row of NORMAL_DECOMPOSITIONS.split(' ')) {
    const [step, ...parts] = row
      .replace('!', '')
      .split('.')
      .map((n) => Number.parseInt(n, 36));
    cp += step;
    decomposed.set(cp, parts);
    if (row.endsWith('!')) continue;
    composites.push(cp);
    byParts.set(parts.join(), cp);
  }
  const composed = new Map<number, number>();
  for (const composite of composites) {
    const parts = decomposed.get(composite)!;
    const first = parts.length === 2 ? parts[0] : byParts.get(parts.slice(0, -1).join())!;
    composed.set(pair(first, parts[parts.length - 1]), composite);
  }
  return { classes, decomposed, composed };
}

const S = { syllable: 0xac00, lead: 0x1100, vowel: 0x1161, tail: 0x11a7, leads: 19, vowels: 21, tails: 28 } as const;
const SYLLABLES = S.leads * S.vowels * S.tails;

/**
 * Normal form C of a text, by tables that are part of Sluice: the same on every Node. Equal to the NFC of the
 * tokenizers library (0.23), which knows no composites and marks that came after Unicode 9.
 */
export function normalFormC(text: string): string {
  if (!mayChange(text)) return text;
  tables ??= build();
  const { classes, decomposed, composed } = tables;
  const classOf = (cp: number): number => classes[cp] ?? 0;
  const points: number[] = [];
  for (const character of text) {
    const cp = character.codePointAt(0)!;
    const syllable = cp - S.syllable;
    if (syllable >= 0 && syllable < SYLLABLES) {
      points.push(S.lead + Math.floor(syllable / (S.vowels * S.tails)));
      points.push(S.vowel + Math.floor((syllable % (S.vowels * S.tails)) / S.tails));
      if (syllable % S.tails > 0) points.push(S.tail + (syllable % S.tails));
    } else {
      const parts = decomposed.get(cp);
      if (parts) points.push(...parts);
      else points.push(cp);
    }
  }
  return stringOf(compose(inOrder(points, classOf), classOf, composed));
}

/** Marks that follow each other by their class, those of one class as they came. */
function inOrder(points: number[], classOf: (cp: number) => number): number[] {
  for (let from = 0; from < points.length; from++) {
    if (classOf(points[from]) === 0) continue;
    let to = from + 1;
    let sorted = true;
    for (; to < points.length && classOf(points[to]) > 0; to++)
      sorted &&= classOf(points[to]) >= classOf(points[to - 1]);
    if (!sorted) {
      const marks = points.slice(from, to).sort((a, b) => classOf(a) - classOf(b));
      for (const [i, mark] of marks.entries()) points[from + i] = mark;
    }
    from = to;
  }
  return points;
}

/** Whether a code point is there that a text in NFC may not have everywhere. */
function mayChange(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x300) continue;
    const cp = text.codePointAt(i)!;
    if (tokenClassOf(cp) & TOKEN_CLASS.unusual) return true;
    if (cp > 0xffff) i++;
  }
  return false;
}

function compose(points: number[], classOf: (cp: number) => number, composed: ReadonlyMap<number, number>): number[] {
  let out = 0;
  /** Place in the output of the last code point of class 0. */
  let starter = -1;
  /** Class of the last code point kept after it; 0: none was. */
  let last = 0;
  for (const cp of points) {
    const of = classOf(cp);
    const free = starter >= 0 && (starter === out - 1 || (last !== 0 && last < of));
    const composite = free ? compositeOf(points[starter], cp, composed) : undefined;
    if (composite !== undefined) {
      points[starter] = composite;
      continue;
    }
    if (of === 0) starter = out;
    last = of;
    points[out++] = cp;
  }
  points.length = out;
  return points;
}

function compositeOf(first: number, cp: number, composed: ReadonlyMap<number, number>): number | undefined {
  const [lead, vowel, tail] = [first - S.lead, cp - S.vowel, cp - S.tail];
  if (lead >= 0 && lead < S.leads && vowel >= 0 && vowel < S.vowels)
    return S.syllable + (lead * S.vowels + vowel) * S.tails;
  const syllable = first - S.syllable;
  if (syllable >= 0 && syllable < SYLLABLES && syllable % S.tails === 0 && tail > 0 && tail < S.tails)
    return first + tail;
  return composed.get(pair(first, cp));
}

const PART = 4096;

function stringOf(points: readonly number[]): string {
  let text = '';
  for (let i = 0; i < points.length; i += PART) text += String.fromCodePoint(...points.slice(i, i + PART));
  return text;
}
