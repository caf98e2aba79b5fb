interface Entry {
  readonly value: number;
  readonly key: number;
}

/** Pairs of a value and a key; the greatest value comes first, of equal ones the smallest key. */
export class MaxHeap {
  readonly #entries: Entry[] = [];

  push(value: number, key: number): void {
    const entries = this.#entries;
    const entry = { value, key };
    let at = entries.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(entries[parent], entry)) break;
      entries[at] = entries[parent];
      at = parent;
    }
    entries[at] = entry;
  }

  pop(): Entry | null {
    const entries = this.#entries;
    if (entries.length === 0) return null;
    const top = entries[0];
    const last = entries.pop()!;
    if (entries.length === 0) return top;
    let at = 0;
    for (let child = 1; child < entries.length; child = 2 * at + 1) {
      if (child + 1 < entries.length && before(entries[child + 1], entries[child])) child++;
      if (before(last, entries[child])) break;
      entries[at] = entries[child];
      at = child;
    }
    entries[at] = last;
    return top;
  }
}

const before = (a: Entry, b: Entry): boolean => a.value > b.value || (a.value === b.value && a.key < b.key);
