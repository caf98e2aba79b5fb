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
