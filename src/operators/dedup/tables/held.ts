/** The values last asked for, by number, as many as fit a number of bytes; the last one always. */
export class Held<T> {
  #read: (key: number) => T;
  #bytesOf: (value: T) => number;
  #limit: number;
  #held = new Map<number, T>();
  #bytes = 0;

  constructor(read: (key: number) => T, bytesOf: (value: T) => number, limitBytes: number) {
    this.#read = read;
    this.#bytesOf = bytesOf;
    this.#limit = limitBytes;
  }

  of(key: number): T {
    const known = this.#held.get(key);
    if (known !== undefined) {
      this.#held.delete(key);
      this.#held.set(key, known);
      return known;
    }
    const value = this.#read(key);
    this.#held.set(key, value);
    this.#bytes += this.#bytesOf(value);
    for (const [other, held] of this.#held) {
      if (this.#bytes <= this.#limit || other === key) break;
      this.#held.delete(other);
      this.#bytes -= this.#bytesOf(held);
    }
    return value;
  }
}
