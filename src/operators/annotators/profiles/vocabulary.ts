import { isLetter } from '../../../unicode.ts';
import type { SplitName } from '../profile.ts';
import { isPlainMark, isTerminalMark } from './marks.ts';
import { BASE, longer, SpanNumbers } from './spans.ts';
import { isMarkWord, punctuatedParts } from './splits.ts';
import { pointAt, pointsIn, roomFor, SPACE, stringOf, type Units, unitsOf } from './units.ts';

/** What is known of a word, as bits. Bits from `stop` on: which stop word it is, 1 to 8. */
export const WORD = {
  /** Holds a letter (general category L). */
  letter: 1,
  /** Nothing but plain and terminal marks. */
  symbols: 2,
  /** Holds `#` or `…`. */
  hash: 4,
  /** Is one terminal mark. */
  terminal: 8,
  /** A mark or marks that end no sentence's first word. */
  mark: 16,
  /** Holds U+0020: only words given from outside do. */
  space: 32,
  stop: 8,
} as const;

const STOP_WORDS = ['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with'];

/** The words of one text as numbers, one number for equal words; borrowed until the next text. */
export interface Words {
  readonly ids: Int32Array;
  readonly count: number;
}

/** Entries after which the vocabulary starts anew, between two texts. */
const FULL = 1 << 19;

const ITSELF = -1;

/** Distinct words and tokens of the texts so far, with what the profiles ask of each, so that it is found out once and not at every place. */
class Vocabulary {
  /** Code points of each word. */
  points = new Int32Array(0);
  /** Bits of WORD. */
  flags = new Int32Array(0);
  /** BASE to the power of its units: what a hash is multiplied by when the word is joined on. */
  power = new Int32Array(0);
  /** Units of all entries, one after the other. */
  pool = new Int32Array(0);
  readonly entries = new SpanNumbers();
  /** Place of the parts of a token in #parts, there led by their number; ITSELF; 0 = not asked for. */
  #partsAt = new Int32Array(0);
  #parts = new Int32Array(64);
  #partsEnd = 1;
  #poolEnd = 0;
  #ids = new Int32Array(0);
  #word = new Int32Array(0);

  constructor() {
    this.#reset();
  }

  #reset(): void {
    this.pool = new Int32Array(1 << 16);
    this.#poolEnd = 0;
    this.#partsEnd = 1;
    this.#parts = new Int32Array(1 << 12);
    this.entries.reset(this.pool, 4096);
    [this.points, this.flags, this.power, this.#partsAt] = Array.from({ length: 4 }, () => new Int32Array(4096));
  }

  /** The words of a text by a split. */
  split({ units, length }: Units, name: SplitName): Words {
    if (this.entries.size > FULL) this.#reset();
    // A word has at least one unit.
    this.#ids = roomFor(this.#ids, length);
    const ids = this.#ids;
    const whole = name === 'whitespace';
    let count = 0;
    for (let i = 0; i < length; ) {
      let unit = units[i];
      if (SPACE[unit] === 1) {
        i++;
        continue;
      }
      const start = i;
      let hash = 0;
      do {
        hash = (Math.imul(hash, BASE) + unit) | 0;
        i++;
        if (i === length) break;
        unit = units[i];
      } while (SPACE[unit] === 0);
      const token = this.#enter(hash, units, start, i);
      const parts = whole ? ITSELF : this.#partsAt[token] || this.#partsOf(token);
      if (parts === ITSELF) {
        ids[count++] = token;
        continue;
      }
      for (let k = parts + 1; k <= parts + this.#parts[parts]; k++) ids[count++] = this.#parts[k];
    }
    return { ids, count };
  }

  /** Words from outside, which may hold white space or nothing. */
  given(words: readonly string[]): Words {
    if (this.entries.size > FULL) this.#reset();
    this.#ids = roomFor(this.#ids, words.length);
    for (let i = 0; i < words.length; i++) this.#ids[i] = this.#enterString(words[i]);
    return { ids: this.#ids, count: words.length };
  }

  #enterString(word: string): number {
    this.#word = roomFor(this.#word, word.length);
    for (let i = 0; i < word.length; i++) this.#word[i] = word.charCodeAt(i);
    return this.#enterUnits(this.#word, 0, word.length);
  }

  #enterUnits(units: Int32Array, start: number, end: number): number {
    let hash = 0;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, BASE) + units[i]) | 0;
    return this.#enter(hash, units, start, end);
  }

  #enter(hash: number, units: Int32Array, start: number, end: number): number {
    const before = this.entries.size;
    const id = this.entries.numberOf(hash, units, start, end);
    if (id === before) this.#describe(id, units, start, end);
    return id;
  }

  #describe(id: number, units: Int32Array, start: number, end: number): void {
    const from = this.#poolEnd;
    const to = from + end - start;
    while (to > this.pool.length) {
      this.pool = longer(this.pool);
      this.entries.moveTo(this.pool);
    }
    for (let i = start; i < end; i++) this.pool[from + i - start] = units[i];
    this.#poolEnd = to;
    this.entries.start[id] = from;
    this.entries.end[id] = to;
    if (id === this.points.length) {
      this.points = longer(this.points);
      this.flags = longer(this.flags);
      this.power = longer(this.power);
      this.#partsAt = longer(this.#partsAt);
    }
    this.points[id] = pointsIn(this.pool, from, to);
    this.flags[id] = flagsOf(this.pool, from, to);
    let power = 1;
    for (let i = from; i < to; i++) power = Math.imul(power, BASE);
    this.power[id] = power;
    this.#partsAt[id] = 0;
  }

  #partsOf(token: number): number {
    const [start, end] = [this.entries.start[token], this.entries.end[token]];
    if (isAsciiWord(this.pool, start, end)) {
      this.#partsAt[token] = ITSELF;
      return ITSELF;
    }
    const whole = stringOf(this.pool, start, end);
    const parts = punctuatedParts(whole);
    if (parts.length === 1 && parts[0] === whole) {
      this.#partsAt[token] = ITSELF;
      return ITSELF;
    }
    const at = this.#partsEnd;
    this.#partsEnd += parts.length + 1;
    while (this.#partsEnd > this.#parts.length) this.#parts = longer(this.#parts);
    this.#parts[at] = parts.length;
    parts.forEach((part, k) => {
      this.#parts[at + 1 + k] = this.#enterString(part);
    });
    this.#partsAt[token] = at;
    return at;
  }
}

let shared: Vocabulary | null = null;

/** The one vocabulary of this thread. */
export function vocabulary(): Vocabulary {
  shared ??= new Vocabulary();
  return shared;
}

/** The words of a text: found by a split, or given. */
export const wordsOf = (text: Units, words: readonly string[] | SplitName): Words =>
  typeof words === 'string' ? vocabulary().split(text, words) : vocabulary().given(words);

/** How many sentences `splitsOf('punctuated').sentences` finds. */
export function countSentences(text: string): number {
  const known = vocabulary();
  const { ids, count } = known.split(unitsOf(text), 'punctuated');
  const { flags } = known;
  let sentences = count > 0 ? 1 : 0;
  let ended = false;
  for (let i = 0; i < count; i++) {
    const bits = flags[ids[i]];
    if (ended && (bits & WORD.mark) === 0) {
      sentences++;
      ended = false;
    }
    if ((bits & WORD.terminal) !== 0) ended = true;
  }
  return sentences;
}

const isAsciiLetter = (unit: number): boolean => (unit | 32) >= 97 && (unit | 32) <= 122;

/** ASCII letters alone: a word of its own to every split. */
function isAsciiWord(units: Int32Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isAsciiLetter(units[i])) return false;
  return true;
}

function flagsOf(units: Int32Array, start: number, end: number): number {
  let flags = WORD.symbols as number;
  let alphanumeric = false;
  for (let i = start; i < end; i++) {
    const point = pointAt(units, i, end);
    if (point > 0xffff) i++;
    if (isAsciiLetter(point) || (point >= 48 && point <= 57)) {
      alphanumeric = true;
      flags &= ~WORD.symbols;
      if (point > 57) flags |= WORD.letter;
      continue;
    }
    if (isLetter(point)) flags |= WORD.letter;
    if (point === 0x23 || point === 0x2026) flags |= WORD.hash;
    if (point === 0x20) flags |= WORD.space;
    if ((flags & WORD.symbols) !== 0) {
      const mark = String.fromCodePoint(point);
      if (!isPlainMark(mark) && !isTerminalMark(mark)) flags &= ~WORD.symbols;
    }
  }
  if (alphanumeric) {
    const stop = end - start <= 4 ? STOP_WORDS.indexOf(stringOf(units, start, end)) : -1;
    return flags | ((stop + 1) << WORD.stop);
  }
  const word = stringOf(units, start, end);
  if (isTerminalMark(word)) flags |= WORD.terminal;
  if (isMarkWord(word)) flags |= WORD.mark;
  return flags;
}
