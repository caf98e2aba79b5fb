/** Slots for each key that there is room for, before rounding up to a power of two. */
const SLOTS = 2;

/**
 * Numbers different keys from 0 on, in the order in which they come: open addressing over typed arrays. A key is one,
 * two or four words of 32 bits. Grows to double its room when it is full.
 * Memory: `bytes`, which is 4 a word and 8 to 16 a key that it has room for; while it grows, half as much again.
 */
export class KeyNumbers {
  /** Different keys so far. */
  count = 0;
  readonly #words: 1 | 2 | 4;
  #keys: Uint32Array;
  #table: Int32Array;
  #room: number;
  #mask: number;

  /** @param words of a key @param room keys that it takes without growing */
  constructor(words: 1 | 2 | 4, room: number) {
    this.#words = words;
    this.#room = Math.max(1, Math.ceil(room));
    this.#keys = new Uint32Array(this.#room * words);
    this.#table = new Int32Array(slotsFor(this.#room)).fill(-1);
    this.#mask = this.#table.length - 1;
  }

  get bytes(): number {
    return this.#keys.byteLength + this.#table.byteLength;
  }

  /**
   * Number of the key in words `at` and on; a new one gets the next number.
   * @param same whether what came with the number is this one indeed; default: equal keys are enough
   */
  number(words: Uint32Array, at: number, same?: (n: number) => boolean): number {
    if (this.count === this.#room) this.#grow();
    const slot = this.#slotOf(words, at, same);
    const known = this.#table[slot];
    if (known >= 0) return known;
    this.#table[slot] = this.count;
    const [keys, width] = [this.#keys, this.#words];
    const to = this.count * width;
    keys[to] = words[at];
    if (width > 1) keys[to + 1] = words[at + 1];
    if (width > 2) {
      keys[to + 2] = words[at + 2];
      keys[to + 3] = words[at + 3];
    }
    return this.count++;
  }

  /** Number of the key in words `at` and on, or -1 when it never came. */
  find(words: Uint32Array, at: number): number {
    return this.#table[this.#slotOf(words, at)];
  }

  /** The words of all keys, in the order in which they came; a view, until the next key. */
  keys(): Uint32Array {
    return this.#keys.subarray(0, this.count * this.#words);
  }

  /** Forgets all keys. Only as much of the table is used as this room needs, so that it stays in the cache. */
  clear(room: number): void {
    this.count = 0;
    const slots = slotsFor(room);
    if (room > this.#room || slots > this.#table.length) {
      this.#room = Math.max(1, Math.ceil(room));
      this.#keys = new Uint32Array(this.#room * this.#words);
      this.#table = new Int32Array(slots);
    }
    this.#mask = slots - 1;
    this.#table.fill(-1, 0, slots);
  }

  /** The slot of a key, or the empty one where it belongs. */
  #slotOf(words: Uint32Array, at: number, same?: (n: number) => boolean): number {
    const width = this.#words;
    const keys = this.#keys;
    const table = this.#table;
    const mask = this.#mask;
    const a = words[at];
    const b = width > 1 ? words[at + 1] : 0;
    const c = width > 2 ? words[at + 2] : 0;
    const d = width > 2 ? words[at + 3] : 0;
    // Of four words: the upper bits of the second choose partitions, and tell nothing here. Of two any may be the same.
    const h = Math.imul(a ^ Math.imul(width > 2 ? c : b, 0x9e3779b1), 0x85ebca6b);
    for (let slot = (h ^ (h >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const n = table[slot];
      if (n < 0) return slot;
      const k = n * width;
      if (keys[k] !== a || (width > 1 && keys[k + 1] !== b)) continue;
      if (width > 2 && (keys[k + 2] !== c || keys[k + 3] !== d)) continue;
      if (same === undefined || same(n)) return slot;
    }
  }

  #grow(): void {
    const [keys, count] = [this.#keys, this.count];
    this.clear(this.#room * 2);
    // All of them are different, also those of equal key that `same` told apart.
    for (let n = 0; n < count; n++) this.number(keys, n * this.#words, never);
  }
}

const never = (): boolean => false;

const slotsFor = (room: number): number => 2 ** Math.ceil(Math.log2(Math.max(16, room * SLOTS)));

/** The array, or a copy of twice the length or more that has room for `length` values. */
export function withRoom<T extends Int32Array | Float64Array | Uint32Array | Uint8Array>(array: T, length: number): T {
  if (length <= array.length) return array;
  const grown = new (array.constructor as new (length: number) => T)(Math.max(length, array.length * 2));
  grown.set(array);
  return grown;
}
