// Keys a second of the split-block Bloom filter, by CPU time, median of 5, with the false-positive rate that got: npx
// tsx scripts/bench/bloom.ts [millions of keys]
import { BLOCK_BYTES, blocksFor, openBloom } from '../../src/kernels/bloom.ts';

const count = Number(process.argv[2] ?? 4) * 1e6;
const state = new Uint32Array(4).fill(0x9e3779b9);
/** xoshiro128**: cheap 32-bit numbers, two a key. */
function next(): number {
  const result = Math.imul(((Math.imul(state[1], 5) << 7) | (Math.imul(state[1], 5) >>> 25)) >>> 0, 9) >>> 0;
  const t = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= t;
  state[3] = (state[3] << 11) | (state[3] >>> 21);
  return result;
}
state.set([1, 2, 3, 4]);
const random = (n: number): BigUint64Array => new BigUint64Array(Uint32Array.from({ length: 2 * n }, next).buffer);
const [added, absent] = [random(count), random(count)];
const median = (all: number[]): number => all.sort((a, b) => a - b)[all.length >> 1];
const seconds = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
};

console.log(`${count / 1e6} M keys\n`);
console.log('| rate | filter | bits a key | add | look up | rate measured |\n| --- | --- | --- | --- | --- | --- |');
for (const rate of [1e-2, 1e-4, 1e-6]) {
  const blocks = blocksFor(count, rate);
  const [adds, looks]: [number[], number[]] = [[], []];
  let hits = 0;
  for (let round = 0; round < 5; round++) {
    const filter = await openBloom(blocks);
    adds.push(seconds(() => filter.add(added)));
    looks.push(seconds(() => filter.has(added)));
    hits = filter.has(absent).reduce((n, s) => n + s, 0);
  }
  const speed = (s: number[]): string => `${(count / 1e6 / median(s)).toFixed(1)} M/s`;
  const bytes = blocks * BLOCK_BYTES;
  console.log(
    `| ${rate} | ${(bytes / 1e6).toFixed(1)} MB | ${((bytes * 8) / count).toFixed(1)} | ${speed(adds)} | ` +
      `${speed(looks)} | ${(hits / count).toExponential(2)} |`,
  );
}
