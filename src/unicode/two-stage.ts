type Values = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A map from code point to value in two stages of 128 code points: `blocks[index[cp >> 7] * 128 + (cp & 127)]`. */
export interface TwoStageTable<T extends Values> {
  /** 8,704 entries. */
  readonly index: Uint16Array<ArrayBuffer>;
  /** Blocks that differ, one after the other. */
  readonly blocks: T;
}

/** @param blockOf values of 128 code points from one on */
export function inTwoStages<T extends Values>(blockOf: (first: number) => T): TwoStageTable<T> {
  const index = new Uint16Array(0x110000 >> 7);
  const seen = new Map<number, number[]>();
  const blocks: T[] = [];
  for (let b = 0; b < index.length; b++) {
    const block = blockOf(b << 7);
    // The same array again, as for all that is unassigned, needs no look at its values.
    if (b > 0 && block === blocks[index[b - 1]]) {
      index[b] = index[b - 1];
      continue;
    }
    const hash = hashOf(block);
    const alike = seen.get(hash) ?? [];
    let number = alike.find((n) => equal(blocks[n], block));
    if (number === undefined) {
      number = blocks.length;
      seen.set(hash, [...alike, number]);
      blocks.push(block);
    }
    index[b] = number;
  }
  const all = new (blocks[0].constructor as new (n: number) => T)(blocks.length << 7);
  for (const [i, block] of blocks.entries()) all.set(block, i << 7);
  return { index, blocks: all };
}

/** FNV-1a over the values. */
function hashOf(block: Values): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < block.length; i++) hash = Math.imul(hash ^ block[i], 0x01000193);
  return hash;
}

function equal(a: Values, b: Values): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}

/**
 * The table of class bytes that are packed as runs over all code points. Only blocks with several runs in them are
 * looked at one by one.
 * @param runs a letter of the palette and a length in base 36, for each run
 */
export function fromRuns(runs: string, palette: readonly number[]): TwoStageTable<Uint8Array<ArrayBuffer>> {
  const all = runs.matchAll(/([A-Z])([0-9a-z]+)/g);
  const even = palette.map((value) => new Uint8Array(128).fill(value));
  let letter = 0;
  let left = 0;
  const begin = (): void => {
    const [, name, length] = all.next().value!;
    letter = name.charCodeAt(0) - 65;
    left = Number.parseInt(length, 36);
  };
  return inTwoStages(() => {
    if (left === 0) begin();
    if (left >= 128) {
      left -= 128;
      return even[letter];
    }
    const block = new Uint8Array(128);
    for (let at = 0; at < 128; ) {
      if (left === 0) begin();
      const n = Math.min(left, 128 - at);
      block.fill(palette[letter], at, at + n);
      at += n;
      left -= n;
    }
    return block;
  });
}
