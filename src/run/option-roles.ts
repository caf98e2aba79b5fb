import type { RunOptions } from './options.ts';

/**
 * Why no option of `run()` lets one run directory hold the output of two different runs:
 * - `identity`: in the hashes of run.json; a start with another value is refused;
 * - `recorded`: fixed by the first start and kept by every later one, which says so;
 * - `told`: a limit of the machine, like a crash; what it took out of the run is in quarantine and says why;
 * - `free`: decides no byte of documents, ledger, sinks, quarantine and indexes (a test runs each with two values).
 */
export type OptionRole = 'identity' | 'recorded' | 'told' | 'free';

export const OPTION_ROLES = {
  /** By the path, size, time and both ends of every file that the patterns find. */
  input: 'identity',
  /** Where, not what. */
  output: 'free',
  workers: 'free',
  memory: 'free',
  modelMemory: 'free',
  limit: 'identity',
  samplePercent: 'identity',
  /** A document on which a thread hangs goes to quarantine, with the seconds it was given in its `detail`. */
  timeoutSeconds: 'told',
  fresh: 'free',
  verifyInput: 'free',
  /** By the steps that are left of the recipe. */
  annotateOnly: 'identity',
  /** What is taken is what would be measured. */
  recut: 'free',
  /** What is measured again comes out the same. Over a run directory it is another recipe, so a start is refused. */
  recompute: 'free',
  /** Lets a run go on that a guard would stop; what is committed until then is the same. */
  allow: 'free',
  command: 'free',
  shardSize: 'recorded',
} as const satisfies Readonly<Record<keyof RunOptions, OptionRole>>;
