/** Slots for each hash; more of them, and fewer that came once are taken for others. */
const SLOTS = 16;

/**
 * Tells what came at most once: two bits a slot, four bytes for each hash expected. What came twice is never taken for
 * once; of what came once, one in sixteen is taken for more.
 */
export class TwiceFilter {
  #slots: Uint8Array;
  #mask: number;

  constructor(expected: number) {
    const slots = 2 ** Math.min(32, Math.max(6, Math.ceil(Math.log2(expected * SLOTS))));
    this.#slots = new Uint8Array(slots / 4);
    this.#mask = slots / 4 - 1;
  }

  /** @param a 32 bits, as `b`: together the hash */
  add(a: number, b: number): void {
    const h = mixed(a, b);
    const at = (h >>> 2) & this.#mask;
    const shift = (h & 3) << 1;
    const state = (this.#slots[at] >>> shift) & 3;
    if (state < 2) this.#slots[at] += 1 << shift;
  }

  /** Whether it may have come twice. */
  twice(a: number, b: number): boolean {
    const h = mixed(a, b);
    return ((this.#slots[(h >>> 2) & this.#mask] >>> ((h & 3) << 1)) & 2) !== 0;
  }
}

function mixed(a: number, b: number): number {
  let h = a ^ Math.imul(b, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return h ^ (h >>> 13);
}
