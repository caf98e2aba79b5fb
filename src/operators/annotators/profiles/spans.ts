import { roomFor, stringOf } from './units.ts';

/**
 * Base of the polynomial hash of a span: `hash * BASE + next` in 32 bits, so that the hash of a join follows from those
 * of its parts.
 */
export const BASE = 0x2f0b4a27;

/** Slots that are looked at before a span goes to the map: text made to collide is slower by a constant and no more. */
export const PROBES = 24;

/**
 * Numbers for the distinct spans of a sequence (units of a text, or numbers of words), in the order in which they first
 * came. Hashes only find candidates, the spans themselves are compared, so that the numbers are exact. Buffers are used
 * again after `reset`.
 */
export class SpanNumbers {
  /** Distinct spans so far, which is the number of the next one. */
  size = 0;
  /** Where each of them came first. */
  start = new Int32Array(0);
  end = new Int32Array(0);
  hash = new Int32Array(0);
  #sequence: Int32Array = new Int32Array(0);
  /** Number + 1; 0 = free. */
  #slots = new Int32Array(0);
  #shift = 0;
  readonly #beyond = new Map<string, number>();

  /** @param expected how many spans may come; more are welcome */
  reset(sequence: Int32Array, expected: number): void {
    this.size = 0;
    this.#sequence = sequence;
    this.start = roomFor(this.start, expected);
    this.end = roomFor(this.end, expected);
    this.hash = roomFor(this.hash, expected);
    this.#clear(expected);
  }

  /**
   * The number of a span: an earlier one when an equal span came before, else `size` as it was before the call.
   * @param hash equal for equal spans
   */
  numberOf(hash: number, start: number, end: number): number {
    const slots = this.#slots;
    const mask = (1 << (32 - this.#shift)) - 1;
    let slot = slotOf(hash, end - start, this.#shift);
    for (let probe = 0; probe < PROBES; probe++) {
      const number = slots[slot] - 1;
      if (number < 0) {
        if (this.size * 2 > mask) {
          this.#grow();
          return this.numberOf(hash, start, end);
        }
        slots[slot] = this.size + 1;
        return this.#add(hash, start, end);
      }
      if (this.hash[number] === hash && this.#equals(number, start, end)) return number;
      slot = (slot + 1) & mask;
    }
    const key = keyOf(this.#sequence, start, end);
    const known = this.#beyond.get(key);
    if (known !== undefined) return known;
    this.#beyond.set(key, this.size);
    return this.#add(hash, start, end);
  }

  #add(hash: number, start: number, end: number): number {
    const number = this.size++;
    if (number === this.start.length) {
      this.start = longer(this.start);
      this.end = longer(this.end);
      this.hash = longer(this.hash);
    }
    this.start[number] = start;
    this.end[number] = end;
    this.hash[number] = hash;
    return number;
  }

  #equals(number: number, start: number, end: number): boolean {
    const sequence = this.#sequence;
    let at = this.start[number];
    if (this.end[number] - at !== end - start) return false;
    for (let i = start; i < end; i++) if (sequence[i] !== sequence[at++]) return false;
    return true;
  }

  #clear(expected: number): void {
    const bits = Math.max(6, 33 - Math.clz32(Math.max(expected, 1) - 1));
    this.#shift = 32 - bits;
    this.#slots = roomFor(this.#slots, 1 << bits);
    this.#slots.fill(0, 0, 1 << bits);
    this.#beyond.clear();
  }

  #grow(): void {
    this.#clear(this.size * 2);
    const mask = (1 << (32 - this.#shift)) - 1;
    for (let number = 0; number < this.size; number++) {
      const [start, end] = [this.start[number], this.end[number]];
      let slot = slotOf(this.hash[number], end - start, this.#shift);
      let probe = 0;
      while (probe < PROBES && this.#slots[slot] !== 0) {
        slot = (slot + 1) & mask;
        probe++;
      }
      if (probe < PROBES) this.#slots[slot] = number + 1;
      else this.#beyond.set(keyOf(this.#sequence, start, end), number);
    }
  }
}

/** Where the search for a hash starts in a table of 2 ** (32 - shift) slots. */
export const slotOf = (hash: number, length: number, shift: number): number =>
  Math.imul(hash ^ (hash >>> 15) ^ Math.imul(length, 0x85ebca6b), 0x9e3779b1) >>> shift;

/** A span as a string of two units for each of its numbers. */
function keyOf(sequence: Int32Array, start: number, end: number): string {
  const out = new Int32Array((end - start) * 2);
  for (let i = start; i < end; i++) {
    out[(i - start) * 2] = sequence[i] & 0xffff;
    out[(i - start) * 2 + 1] = sequence[i] >>> 16;
  }
  return stringOf(out, 0, out.length);
}

/** A buffer of twice the length with the same numbers in front. */
export function longer(buffer: Int32Array): Int32Array<ArrayBuffer> {
  const out = new Int32Array(Math.max(64, buffer.length * 2));
  out.set(buffer);
  return out;
}
