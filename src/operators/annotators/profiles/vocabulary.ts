import type { SplitName } from '../profile.ts';
import { core, peel } from './peel.ts';
import { BASE, longer, PROBES, slotOf } from './spans.ts';
import { punctuatedParts } from './splits.ts';
import { pointsIn, roomFor, SPACE, stringOf, type Units } from './units.ts';
import { flagsOf, markFlags, plainFlags } from './word-flags.ts';

/** The words of one text as numbers, one number for equal words; borrowed until the next text. */
export interface Words {
  /** Places of entries in the pool of the vocabulary. */
  readonly ids: Int32Array;
  readonly count: number;
}

/** What is known of the words of one text, one after the other; borrowed until the next text. */
export interface Traits {
  /** Bits of WORD. */
  flags: Int32Array<ArrayBuffer>;
  /** Code points. */
  points: Int32Array<ArrayBuffer>;
  count: number;
}

/**
 * Numbers of an entry, by their distance from its place; its units follow from UNITS on. All side by side, for one line
 * of cache.
 */
export const HASH = 0;
/** In units. */
export const LENGTH = 1;
/** Place of the parts of a token in #parts, there led by their number; ITSELF; 0 = not asked for. */
const PARTS = 2;
/** Bits of WORD. */
export const FLAGS = 3;
/** Code points. */
export const POINTS = 4;
/** For whoever counts words. */
export const TALLY = 5;
export const UNITS = 6;

/**
 * Entries, and numbers of the pool (16 MB), after which the vocabulary starts anew, between two texts: long tokens are
 * few and take much.
 */
const FULL = 1 << 17;
const FULL_POOL = 1 << 22;

const ITSELF = -1;

/**
 * Distinct words and tokens of the texts so far, with what the profiles ask of each, so that it is found out once and
 * not at every place.
 */
class Vocabulary {
  /** The entries, one after the other, from place 1 on. */
  pool = new Int32Array(0);
  #end = 1;
  #size = 0;
  /** Hash and place of an entry, side by side; place 0 = free. */
  #slots = new Int32Array(0);
  #shift = 0;
  /** Entries that found no slot. */
  readonly #beyond = new Map<string, number>();
  /** Places of single marks by their unit; 0 = not asked for. */
  readonly #marks = new Int32Array(0x10000);
  #parts = new Int32Array(0);
  #partsEnd = 1;
  #ids = new Int32Array(0);
  #word = new Int32Array(0);

  constructor() {
    this.#reset();
  }

  #reset(): void {
    this.pool = new Int32Array(1 << 16);
    this.#parts = new Int32Array(1 << 12);
    this.#marks.fill(0);
    this.#end = 1;
    this.#partsEnd = 1;
    this.#size = 0;
    this.#openSlots(14);
  }

  #makeRoom(): void {
    if (this.#size > FULL || this.#end > FULL_POOL || this.#partsEnd > FULL_POOL) this.#reset();
  }

  /** The words of a text by a split. */
  split({ units, length }: Units, name: SplitName): Words {
    this.#makeRoom();
    // A word has at least one unit.
    this.#ids = roomFor(this.#ids, length);
    const ids = this.#ids;
    const whole = name === 'whitespace';
    let count = 0;
    for (let i = 0; i < length; i++) {
      if (SPACE[units[i]] === 1) continue;
      const start = i++;
      while (i < length && SPACE[units[i]] === 0) i++;
      if (whole) {
        ids[count++] = this.#enterUnits(units, start, i);
        continue;
      }
      if (peel(units, start, i)) {
        const { start: front, end: back } = core;
        for (let k = start; k < front; k++) ids[count++] = this.#markOf(units, k);
        if (back > front) ids[count++] = this.#enterUnits(units, front, back);
        for (let k = back; k < i; k++) ids[count++] = this.#markOf(units, k);
        continue;
      }
      const token = this.#enterUnits(units, start, i);
      const parts = this.pool[token + PARTS] || this.#partsOf(token);
      if (parts === ITSELF) ids[count++] = token;
      else for (let k = parts + 1; k <= parts + this.#parts[parts]; k++) ids[count++] = this.#parts[k];
    }
    return { ids, count };
  }

  /**
   * Flags and code points of the words of a part of a text; what plain ASCII tokens are is seen without looking them
   * up.
   */
  traits(units: Int32Array, from: number, to: number, name: SplitName, into: Traits): void {
    this.#makeRoom();
    into.flags = roomFor(into.flags, to - from);
    into.points = roomFor(into.points, to - from);
    const { flags, points } = into;
    const whole = name === 'whitespace';
    let count = 0;
    for (let i = from; i < to; i++) {
      if (SPACE[units[i]] === 1) continue;
      const start = i++;
      while (i < to && SPACE[units[i]] === 0) i++;
      if (peel(units, start, i) && (!whole || (core.start === start && core.end === i))) {
        const { start: front, end: back } = core;
        for (let k = start; k < front; k++) {
          flags[count] = markFlags(units[k]);
          points[count++] = 1;
        }
        if (back > front) {
          flags[count] = plainFlags(units, front, back, core.bits);
          points[count++] = back - front;
        }
        for (let k = back; k < i; k++) {
          flags[count] = markFlags(units[k]);
          points[count++] = 1;
        }
        continue;
      }
      const token = this.#enterUnits(units, start, i);
      const parts = whole ? ITSELF : this.pool[token + PARTS] || this.#partsOf(token);
      const many = parts === ITSELF ? 1 : this.#parts[parts];
      for (let k = 1; k <= many; k++) {
        const word = parts === ITSELF ? token : this.#parts[parts + k];
        flags[count] = this.pool[word + FLAGS];
        points[count++] = this.pool[word + POINTS];
      }
    }
    into.count = count;
  }

  /** Words from outside, which may hold white space or nothing. */
  given(words: readonly string[]): Words {
    this.#makeRoom();
    this.#ids = roomFor(this.#ids, words.length);
    for (let i = 0; i < words.length; i++) this.#ids[i] = this.#enterString(words[i]);
    return { ids: this.#ids, count: words.length };
  }

  #markOf(units: Int32Array, at: number): number {
    const unit = units[at];
    if (this.#marks[unit] === 0) this.#marks[unit] = this.#enterUnits(units, at, at + 1);
    return this.#marks[unit];
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
    const pool = this.pool;
    const slots = this.#slots;
    const length = end - start;
    const mask = (1 << (32 - this.#shift)) - 1;
    let slot = slotOf(hash, length, this.#shift);
    for (let probe = 0; probe < PROBES; probe++) {
      const place = slots[2 * slot + 1];
      if (place === 0) {
        if (this.#size * 2 > mask) {
          this.#grow();
          return this.#enter(hash, units, start, end);
        }
        slots[2 * slot] = hash;
        slots[2 * slot + 1] = this.#end;
        return this.#add(hash, units, start, end);
      }
      if (slots[2 * slot] === hash && pool[place + LENGTH] === length) {
        let i = start;
        for (let at = place + UNITS; i < end && units[i] === pool[at]; at++) i++;
        if (i === end) return place;
      }
      slot = (slot + 1) & mask;
    }
    const key = stringOf(units, start, end);
    const known = this.#beyond.get(key);
    if (known !== undefined) return known;
    this.#beyond.set(key, this.#end);
    return this.#add(hash, units, start, end);
  }

  #add(hash: number, units: Int32Array, start: number, end: number): number {
    const place = this.#end;
    const from = place + UNITS;
    const to = from + end - start;
    while (to > this.pool.length) this.pool = longer(this.pool);
    const pool = this.pool;
    for (let i = start; i < end; i++) pool[from + i - start] = units[i];
    pool[place + HASH] = hash;
    pool[place + LENGTH] = end - start;
    pool[place + PARTS] = 0;
    pool[place + FLAGS] = flagsOf(pool, from, to);
    pool[place + POINTS] = pointsIn(pool, from, to);
    this.#end = to;
    this.#size++;
    return place;
  }

  #openSlots(bits: number): void {
    this.#shift = 32 - bits;
    this.#slots = new Int32Array(2 << bits);
    this.#beyond.clear();
  }

  #grow(): void {
    this.#openSlots(33 - this.#shift);
    const [pool, slots] = [this.pool, this.#slots];
    const mask = (1 << (32 - this.#shift)) - 1;
    for (let place = 1; place < this.#end; place += UNITS + pool[place + LENGTH]) {
      const hash = pool[place + HASH];
      let slot = slotOf(hash, pool[place + LENGTH], this.#shift);
      let probe = 0;
      for (; probe < PROBES && slots[2 * slot + 1] !== 0; probe++) slot = (slot + 1) & mask;
      if (probe === PROBES) {
        this.#beyond.set(stringOf(pool, place + UNITS, place + UNITS + pool[place + LENGTH]), place);
        continue;
      }
      slots[2 * slot] = hash;
      slots[2 * slot + 1] = place;
    }
  }

  #partsOf(token: number): number {
    const start = token + UNITS;
    const end = start + this.pool[token + LENGTH];
    const units = this.pool;
    const whole = stringOf(units, start, end);
    const parts = punctuatedParts(whole);
    if (parts.length === 1 && parts[0] === whole) return this.#itself(token);
    const at = this.#openParts(parts.length);
    for (let k = 0; k < parts.length; k++) this.#parts[at + 1 + k] = this.#enterString(parts[k]);
    this.pool[token + PARTS] = at;
    return at;
  }

  #itself(token: number): number {
    this.pool[token + PARTS] = ITSELF;
    return ITSELF;
  }

  #openParts(count: number): number {
    const at = this.#partsEnd;
    this.#partsEnd += count + 1;
    while (this.#partsEnd > this.#parts.length) this.#parts = longer(this.#parts);
    this.#parts[at] = count;
    return at;
  }
}

let shared: Vocabulary | null = null;

/** The one vocabulary of this thread. */
export function vocabulary(): Vocabulary {
  shared ??= new Vocabulary();
  return shared;
}
