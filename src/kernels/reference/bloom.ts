const SALTS = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31];

/**
 * A split-block Bloom filter of plain numbers, as the Parquet format defines it: the high half of a key chooses the
 * block, the low half the bits.
 */
export function referenceBloom(blocks: number): { words: Uint32Array; add(key: bigint): boolean } {
  const words = new Uint32Array(blocks * 8);
  return {
    words,
    /** Whether the key may have been there; then adds it. */
    add(key) {
      const block = Number(((key >> 32n) * BigInt(blocks)) >> 32n);
      const low = Number(key & 0xffffffffn);
      let seen = true;
      SALTS.forEach((salt, lane) => {
        const bit = (1 << (Math.imul(low, salt) >>> 27)) >>> 0;
        if ((words[block * 8 + lane] & bit) === 0) seen = false;
        words[block * 8 + lane] |= bit;
      });
      return seen;
    },
  };
}
