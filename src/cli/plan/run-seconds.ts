import { availableParallelism } from 'node:os';
import type { Recipe } from '../../recipe/recipe.ts';
import { isBarrier } from '../../streams/operator.ts';
import type { Probe } from './probe.ts';

/** A second thread gives about nine tenths of itself (memory and disk are shared). */
const SECOND_THREAD = 0.9;

// Measured on 40 MB of mixed text with the machine that `PROBE_MS` is of, and taken in proportion on others.
/** To start the threads, and to end. */
const AROUND_SECONDS = 0.3;
/** Text that one thread writes to the disk at a barrier, and reads again behind it, per second. */
const SPILL_BYTES_PER_SECOND = 250e6;
/** Text of kept documents that is copied when files are joined, per second. */
const JOIN_BYTES_PER_SECOND = 150e6;
/** Text that a barrier decides on, per second, by its stage: exact copies by hashes, near copies by their texts. */
const DECIDE_BYTES_PER_SECOND: Readonly<Record<string, number>> = {
  'dedup/exact': 400e6,
  'dedup/normalized': 400e6,
  'dedup/minhash': 250e6,
  'dedup/substring': 30e6,
};
const DECIDE_OTHERWISE = 200e6;
const PROBE_MS = 4.94;

/** How many times as long as on that machine a piece of work takes here and now: numbers are sorted, 5 ms of work. */
export function slownessHere(): number {
  const numbers = new Float64Array(1 << 16);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    for (let i = 0, x = 1; i < numbers.length; i++) {
      x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
      numbers[i] = x;
    }
    const start = performance.now();
    numbers.sort();
    least = Math.min(least, performance.now() - start);
  }
  return least / PROBE_MS;
}

/** What a run does before its first split, as this process has done it. */
export interface Beginning {
  readonly loadSeconds: number;
  /** To find the files and look into them. */
  readonly planSeconds: number;
}

/**
 * Seconds of a run, without models: what comes before its splits as measured here, text through its steps as the probe
 * measured it, and around it what no sample can be tried on.
 * @param text bytes that the run takes. @param threads that work at once. @param slowness of `slownessHere`
 */
export function runSeconds(
  recipe: Recipe,
  { bytesPerSecond: { reading, working }, coresPerThread, expected }: Probe,
  text: number,
  threads: number,
  { loadSeconds, planSeconds }: Beginning,
  slowness: number,
): number {
  const barriers = recipe.steps.map((s) => s.descriptor).filter(isBarrier);
  const spilling = (slowness * barriers.length * text) / SPILL_BYTES_PER_SECOND;
  const oneThread = expected.all.textBytes / reading + text / working + spilling;
  // A thread keeps more than one core busy, so that as many threads as cores are not all of them at work.
  const room = availableParallelism() / Math.max(1, coresPerThread);
  const atOnce = Math.max(1, Math.min(1 + (threads - 1) * SECOND_THREAD, room));
  const deciding = barriers.reduce((n, { stage }) => n + text / (decidesAt(stage) ?? DECIDE_OTHERWISE), 0);
  const joining = expected.kept.bytes / JOIN_BYTES_PER_SECOND;
  return loadSeconds + planSeconds + oneThread / atOnce + slowness * (AROUND_SECONDS + deciding + joining);
}

const decidesAt = (stage: unknown): number | undefined =>
  typeof stage === 'string' ? DECIDE_BYTES_PER_SECOND[stage] : undefined;
