import { kernelModule, openArena } from './arena.ts';

/** Signature of shingle hashes under permutations (h * a + b mod 2^64) mod (2^61 - 1); all ones without a hash. */
export type Minhash61 = (hashes: BigUint64Array) => BigUint64Array<ArrayBuffer>;

export async function openMinhash61(a: BigUint64Array, b: BigUint64Array): Promise<Minhash61> {
  const arena = openArena(await kernelModule());
  const bytes = (values: BigUint64Array): Uint8Array =>
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const [atA, atB] = [arena.copyIn(bytes(a)), arena.copyIn(bytes(b))];
  arena.keep();
  return (hashes) => {
    arena.reset();
    const at = arena.copyIn(bytes(hashes));
    const out = arena.alloc(a.length * 8);
    arena.exports.minhash61(at, hashes.length, atA, atB, a.length, out);
    return new BigUint64Array(arena.exports.memory.buffer, out, a.length).slice();
  };
}
