/** Numbers of rows, in the order in which they were added. */
export class RowList {
  #rows = new Int32Array(1024);
  #length = 0;

  add(row: number): void {
    if (this.#length === this.#rows.length) {
      const more = new Int32Array(2 * this.#length);
      more.set(this.#rows);
      this.#rows = more;
    }
    this.#rows[this.#length++] = row;
  }

  /** A view of them. */
  get rows(): Int32Array {
    return this.#rows.subarray(0, this.#length);
  }
}

/** Of two ascending lists one, each row once. */
export function mergedRows(a: Int32Array, b: Int32Array): Int32Array {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const out = new Int32Array(a.length + b.length);
  let [i, k, n] = [0, 0, 0];
  while (i < a.length || k < b.length) {
    const row = k === b.length || (i < a.length && a[i] <= b[k]) ? a[i] : b[k];
    if (i < a.length && a[i] === row) i++;
    if (k < b.length && b[k] === row) k++;
    out[n++] = row;
  }
  return out.subarray(0, n);
}
