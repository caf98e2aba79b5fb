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
  const seen = new Map<string, number>();
  const blocks: T[] = [];
  for (let b = 0; b < index.length; b++) {
    const block = blockOf(b << 7);
    // Most blocks are all of one value: a short key for them.
    const key = isUniform(block) ? `${block[0]}` : block.join();
    let number = seen.get(key);
    if (number === undefined) {
      number = blocks.length;
      seen.set(key, number);
      blocks.push(block);
    }
    index[b] = number;
  }
  const all = new (blocks[0].constructor as new (n: number) => T)(blocks.length << 7);
  for (const [i, block] of blocks.entries()) all.set(block, i << 7);
  return { index, blocks: all };
}

function isUniform(block: Values): boolean {
  for (let i = 1; i < block.length; i++) if (block[i] !== block[0]) return false;
  return true;
}
