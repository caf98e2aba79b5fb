// Signatures of shingle hashes; the definition is ../reference/minhash.ts.
import { arenaAlloc } from './arena';

const KEY_SEED: u64 = 0x9e3779b97f4a7c15;
const KEY_STEP: u64 = 0xbf58476d1ce4e5b9;
/** Of the probes that fill empty bins. */
const PROBE: u64 = 0xd6e8feb86659fd93;

/** Most values in a signature. */
const MOST: u32 = 4096;

/** Values of the signature, a multiple of 16. */
export let permutations: u32 = 0;
let bands: u32 = 0;
let rowsOfBand: u32 = 0;
let onePermutation: bool = false;
/** Odd multipliers, u32 x permutations. */
let multipliers: usize = 0;

export const SIGNATURE = memory.data(4096 * 4, 16);
const EMPTY = memory.data(4096, 16);

/** Room for the multipliers, u32 each, which the caller fills. Of one-permutation signatures none are used. */
export function minhashSketch(bandCount: u32, rows: u32, oneOnly: bool): usize {
  bands = bandCount;
  rowsOfBand = rows;
  onePermutation = oneOnly;
  permutations = (bands * rowsOfBand + 15) & ~15;
  if (permutations > MOST) unreachable();
  multipliers = arenaAlloc(<usize>permutations << 2);
  return multipliers;
}

/** Lowers the signature by `count` shingles, u64 each. */
export function sketch(shingles: usize, count: u32): void {
  if (onePermutation) binned(shingles, count);
  else permuted(shingles, count);
}

function permuted(shingles: usize, count: u32): void {
  const end = shingles + (<usize>count << 3);
  const most = <usize>permutations << 2;
  // Every other 16 permutations look at the upper half of the shingle hash.
  let half: usize = 0;
  for (let at: usize = 0; at < most; at += 64) {
    const a0 = v128.load(multipliers + at);
    const a1 = v128.load(multipliers + at, 16);
    const a2 = v128.load(multipliers + at, 32);
    const a3 = v128.load(multipliers + at, 48);
    let m0 = v128.load(SIGNATURE + at);
    let m1 = v128.load(SIGNATURE + at, 16);
    let m2 = v128.load(SIGNATURE + at, 32);
    let m3 = v128.load(SIGNATURE + at, 48);
    for (let s = shingles + half; s < end; s += 8) {
      const x = v128.load_splat<u32>(s);
      m0 = i32x4.min_u(m0, i32x4.mul(x, a0));
      m1 = i32x4.min_u(m1, i32x4.mul(x, a1));
      m2 = i32x4.min_u(m2, i32x4.mul(x, a2));
      m3 = i32x4.min_u(m3, i32x4.mul(x, a3));
    }
    v128.store(SIGNATURE + at, m0);
    v128.store(SIGNATURE + at, m1, 16);
    v128.store(SIGNATURE + at, m2, 32);
    v128.store(SIGNATURE + at, m3, 48);
    half ^= 4;
  }
}

function binned(shingles: usize, count: u32): void {
  const bins = <u64>(bands * rowsOfBand);
  for (let i: usize = 0; i < <usize>count; i++) {
    const h = load<u64>(shingles + (i << 3));
    const bin = SIGNATURE + (<usize>(((h >> 32) * bins) >> 32) << 2);
    // The largest value stands for an empty bin.
    const value = min<u32>(<u32>h, 0xfffffffe);
    if (value < load<u32>(bin)) store<u32>(bin, value);
  }
}

/** Fills the empty bins of a one-permutation signature from full ones. */
export function densify(): void {
  if (!onePermutation) return;
  const bins = bands * rowsOfBand;
  for (let i: u32 = 0; i < bins; i++) store<u8>(EMPTY + i, load<u32>(SIGNATURE + (<usize>i << 2)) == 0xffffffff ?
    1 : 0);
  for (let i: u32 = 0; i < bins; i++) {
    if (load<u8>(EMPTY + i) == 0) continue;
    for (let probe: u64 = 1; ; probe++) {
      let h = (((<u64>i << 32) | probe) ^ KEY_SEED) * PROBE;
      h ^= h >> 32;
      h *= KEY_STEP;
      const from = <u32>(((h >> 32) * <u64>bins) >> 32);
      if (load<u8>(EMPTY + from) != 0) continue;
      store<u32>(SIGNATURE + (<usize>i << 2), load<u32>(SIGNATURE + (<usize>from << 2)));
      break;
    }
  }
}

/** Key of each band, u64, `stride` bytes apart. */
export function bandKeys(at: usize, stride: usize): void {
  let value = SIGNATURE;
  for (let band: u32 = 0; band < bands; band++) {
    let h = KEY_SEED + <u64>band;
    for (let row: u32 = 0; row < rowsOfBand; row++, value += 4) {
      h = (h ^ <u64>load<u32>(value)) * KEY_STEP;
      h ^= h >> 32;
    }
    store<u64>(at, h);
    at += stride;
  }
}
