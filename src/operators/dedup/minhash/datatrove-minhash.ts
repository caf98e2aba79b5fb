import { createHash } from 'node:crypto';
import xxhash from 'xxhash-wasm';
import type { MinhashKernel, MinhashOptions } from '../../../kernels/minhash.ts';
import { type Minhash61, openMinhash61 } from '../../../kernels/minhash61.ts';
import { utf8Slice } from '../../../streams/batch/columns.ts';
import { decompose, foldCase, isMark, isNumber, isPunctuation, isSymbol, isWhiteSpace } from '../../../unicode.ts';
import { NumpyRandomState } from './numpy-random.ts';

/** How datatrove hashes a shingle: its default, or the first 8 bytes of SHA-1 (FineWeb). */
export type ShingleHash = 'xxh64' | 'sha1';

const PRIME = (1n << 61n) - 1n;

/** Parameters of the permutations: all of `a` are drawn before those of `b`. */
export function datatroveParameters(seed: number, count: number): { a: BigUint64Array; b: BigUint64Array } {
  const random = new NumpyRandomState(seed);
  const a = BigUint64Array.from({ length: count }, () => random.randint64(1n, PRIME));
  const b = BigUint64Array.from({ length: count }, () => random.randint64(0n, PRIME));
  return { a, b };
}

/**
 * Words after datatrove's simplification: case folded, numbers as 0, punctuation and symbols as spaces, without marks;
 * split at white space. datatrove tokenises by language (spaCy for English) and has a list of its own for punctuation:
 * where these differ, words do.
 */
export function datatroveWords(text: string): string[] {
  let out = '';
  let number = false;
  const points = Array.from(text, (c) => c.codePointAt(0)!);
  for (let i = 0; i < points.length; i++) {
    const cp = points[i];
    // One decimal part belongs to a number.
    const decimal = number && (cp === 0x2e || cp === 0x2c) && i + 1 < points.length && isNumber(points[i + 1]);
    if (isNumber(cp) || decimal) {
      if (!number) out += '0';
      number = true;
      continue;
    }
    number = false;
    if (isPunctuation(cp) || isSymbol(cp) || isWhiteSpace(cp) || cp < 32) out += ' ';
    else
      for (const part of decompose(foldCase(cp)) ?? [foldCase(cp)])
        if (!isMark(part)) out += String.fromCodePoint(part);
  }
  return out.split(' ').filter((w) => w !== '');
}

export interface DatatroveSigner {
  /** Shingle hashes of words, in order, with repeats. */
  hashes(words: readonly string[]): BigUint64Array<ArrayBuffer>;
  readonly signature: Minhash61;
}

/** Signatures as datatrove makes them from the same words: bit for bit. */
export async function openDatatroveSigner(
  size: number,
  permutations: number,
  seed: number,
  hash: ShingleHash,
): Promise<DatatroveSigner> {
  const { h64Raw } = await xxhash();
  const { a, b } = datatroveParameters(seed, permutations);
  const encoder = new TextEncoder();
  const hashOf =
    hash === 'xxh64'
      ? (shingle: string) => h64Raw(encoder.encode(shingle))
      : (shingle: string) => createHash('sha1').update(shingle).digest().readBigUInt64LE(0);
  return {
    signature: await openMinhash61(a, b),
    hashes: (words) =>
      BigUint64Array.from({ length: Math.max(0, words.length - size + 1) }, (_, i) =>
        hashOf(words.slice(i, i + size).join(' ')),
      ),
  };
}

/** The same interface as the kernel of the `sluice` profile, whose normalised hashes it keeps. */
export async function openDatatroveKernel(
  sluice: MinhashKernel,
  { size, bands, rows, seed }: MinhashOptions,
  hash: ShingleHash,
): Promise<MinhashKernel> {
  const { h64Raw } = await xxhash();
  const signer = await openDatatroveSigner(size, bands * rows, seed, hash);
  return {
    memoryBytes: sluice.memoryBytes,
    keys(values, offsets, count, alive, sign = false, code = null) {
      const made = sluice.keys(values, offsets, count, alive, false, code);
      const signatures = sign ? new Uint32Array(bands * rows * count).fill(0xffffffff) : null;
      const keys = new BigInt64Array(bands * count);
      for (let i = 0; i < count; i++) {
        if (made.shingles[i] < 0) continue;
        const hashes = signer.hashes(datatroveWords(utf8Slice(values, offsets[i], offsets[i + 1])));
        made.shingles[i] = hashes.length;
        if (hashes.length === 0) continue;
        const values61 = signer.signature(hashes);
        for (let k = 0; signatures !== null && k < values61.length; k++)
          signatures[i * bands * rows + k] = Number(values61[k] & 0xffffffffn);
        const signature = new Uint8Array(values61.buffer);
        for (let band = 0; band < bands; band++)
          keys[band * count + i] = BigInt.asIntN(
            64,
            h64Raw(signature.subarray(band * rows * 8, (band + 1) * rows * 8)),
          );
      }
      return { ...made, keys, signatures, signatureLength: bands * rows };
    },
    shingles(text) {
      const hashes = signer.hashes(datatroveWords(utf8Slice(text, 0, text.length)));
      return new Uint32Array(hashes.buffer);
    },
  };
}
