/** Which pieces lie in each bin: those of bin b are `pieces[offsets[b] .. offsets[b + 1])`, in the order they came. */
export interface Packed {
  readonly offsets: Uint32Array;
  readonly pieces: Uint32Array;
}

/** The smallest number of a set that is not below another, in three steps for sets up to 32,768. */
class Ascending {
  readonly #levels: Uint32Array[] = [];

  /** @param size numbers from 0 to this, exclusive */
  constructor(size: number) {
    for (let n = size; ; n = Math.ceil(n / 32)) {
      this.#levels.push(new Uint32Array(Math.ceil(n / 32)));
      if (n <= 32) break;
    }
  }

  add(value: number): void {
    for (const level of this.#levels) {
      level[value >>> 5] |= 1 << (value & 31);
      value >>>= 5;
    }
  }

  remove(value: number): void {
    for (const level of this.#levels) {
      level[value >>> 5] &= ~(1 << (value & 31));
      if (level[value >>> 5] !== 0) return;
      value >>>= 5;
    }
  }

  /** -1: there is none. */
  notBelow(value: number): number {
    let depth = 0;
    for (; depth < this.#levels.length; depth++) {
      const word = this.#levels[depth][value >>> 5] ?? 0;
      const bits = word & (-1 << (value & 31));
      if (bits !== 0) {
        value = (value & ~31) | lowest(bits);
        break;
      }
      value = (value >>> 5) + 1;
    }
    if (depth === this.#levels.length) return -1;
    while (depth-- > 0) value = (value << 5) | lowest(this.#levels[depth][value]);
    return value;
  }
}

const lowest = (bits: number): number => 31 - Math.clz32(bits & -bits);

/** Numbers of pieces, the longest first; equal ones as they came. */
function byLength(lengths: Uint32Array, capacity: number): Uint32Array {
  const places = new Uint32Array(capacity + 2);
  for (const n of lengths) places[capacity - n + 1]++;
  for (let i = 1; i < places.length; i++) places[i] += places[i - 1];
  const order = new Uint32Array(lengths.length);
  lengths.forEach((n, piece) => {
    order[places[capacity - n]++] = piece;
  });
  return order;
}

/**
 * Best-fit decreasing: pieces, the longest first, go to the bin that they fill best. Time grows with the number of
 * pieces alone. (Ding et al. 2024, "Fewer Truncations Improve Language Modeling".)
 * @param lengths each from 1 to `capacity`
 */
export function bestFit(lengths: Uint32Array, capacity: number): Packed {
  const binOf = new Uint32Array(lengths.length);
  const room: number[] = [];
  // Bins of equal room are a chain; the latest is used first.
  const latest = new Int32Array(capacity + 1).fill(-1);
  const earlier: number[] = [];
  const rooms = new Ascending(capacity + 1);
  const put = (bin: number): void => {
    const left = room[bin];
    earlier[bin] = latest[left];
    latest[left] = bin;
    if (earlier[bin] < 0) rooms.add(left);
  };
  for (const piece of byLength(lengths, capacity)) {
    const length = lengths[piece];
    const fit = rooms.notBelow(length);
    let bin: number;
    if (fit < 0) {
      bin = room.push(capacity) - 1;
    } else {
      bin = latest[fit];
      latest[fit] = earlier[bin];
      if (latest[fit] < 0) rooms.remove(fit);
    }
    room[bin] -= length;
    binOf[piece] = bin;
    if (room[bin] > 0) put(bin);
  }
  return grouped(binOf, room.length);
}

function grouped(binOf: Uint32Array, bins: number): Packed {
  const offsets = new Uint32Array(bins + 1);
  for (const bin of binOf) offsets[bin + 1]++;
  for (let b = 0; b < bins; b++) offsets[b + 1] += offsets[b];
  const next = offsets.slice(0, bins);
  const pieces = new Uint32Array(binOf.length);
  binOf.forEach((bin, piece) => {
    pieces[next[bin]++] = piece;
  });
  return { offsets, pieces };
}
