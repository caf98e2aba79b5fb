import { availableParallelism, totalmem } from 'node:os';
import * as z from 'zod';
import { ConfigError } from '../errors.ts';

/**
 * What guards must let pass; outside the recipe hash, so that a run which a guard stopped goes on when it is allowed.
 */
const allowOptions = z.strictObject({
  /** Rules (`gopher_min_words`, or `step.rule`) that may drop any share. */
  rule: z.array(z.string()).default([]),
  /** `all` or domains that may lose any share. */
  dropShare: z.array(z.string()).default([]),
  /** Dedup steps whose clusters may have any size. */
  cluster: z.array(z.string()).default([]),
  /** True: any share of records may be unreadable. */
  quarantine: z.boolean().default(false),
});
export type Allow = z.output<typeof allowOptions>;

/** Bytes below which two batches and their encoders do not fit. */
export const LEAST_MEMORY = 16 * 1024 * 1024;

/** Bytes of the smallest shard that may be asked for. */
export const LEAST_SHARD = 1024;

export const runOptions = z.strictObject({
  /** Globs, folders, files, or `-` for standard input; default: those of the recipe. */
  input: z.array(z.string()).optional(),
  /** Run directory. Default `sluice-out/<recipe name>`. */
  output: z.string().optional(),
  /** Threads. Default: all cores. */
  workers: z
    .int()
    .min(1)
    .max(256)
    .default(() => availableParallelism()),
  /** Bytes of buffers at once over all workers; Node itself and the code come on top (about 130 MB). Default 256 MB. */
  memory: z
    .int()
    .min(LEAST_MEMORY, `at least ${LEAST_MEMORY} bytes (17 MB)`)
    .default(256 * 1024 * 1024),
  /**
   * Bytes that all model workers together may hold; one is opened whatever it takes. Default: `memory` where that is
   * given, else half of the memory of this machine.
   */
  modelMemory: z
    .int()
    .min(1)
    .default(() => Math.floor(totalmem() / 2)),
  /** Only the first so many documents in input order. */
  limit: z.int().min(1).nullable().default(null),
  /** Only about so many percent of the documents, chosen by a hash of the id. */
  samplePercent: z.number().gt(0).max(100).nullable().default(null),
  /**
   * A worker that gives no sign of life for so many seconds is stopped, and the document it hangs on set aside. Default
   * 120.
   */
  timeoutSeconds: z.number().positive().max(1e6).default(120),
  /** Deletes an earlier run in the output folder first (only a folder that holds a run.json of ours). */
  fresh: z.boolean().default(false),
  /**
   * Reads every input file to its last byte at each start, and refuses to go on when one byte is another than at the
   * first.
   */
  verifyInput: z.boolean().default(false),
  /** Annotates and judges, but drops nothing: for `what-if`. */
  annotateOnly: z.boolean().default(false),
  /** Run directory of a finished run over the same input, whose values are taken where they are the same. */
  recut: z.string().nullable().default(null),
  /** Measures again what an input that is a run directory has measured already. */
  recompute: z.boolean().default(false),
  /** What guards must let pass. Default: nothing. */
  allow: allowOptions.prefault({}),
  /** The command line that this is, kept in run.json so that `status` can say how to go on. */
  command: z.strictObject({ args: z.array(z.string()), folder: z.string() }).optional(),
  /** Bytes that a finished shard aims at. Default 256 MB; a run that goes on keeps that of its first start. */
  shardSize: z.int().min(LEAST_SHARD).optional(),
});
export type RunOptionsInput = z.input<typeof runOptions> & {
  /** Aborting it finishes the splits in flight, commits them and stops. */
  readonly stop?: AbortSignal;
};
export type RunOptions = z.output<typeof runOptions>;

const UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
  k: 1e3,
  m: 1e6,
  g: 1e9,
};

/** Bytes from `256MB`, `1GiB`, `1000`. Errors: ConfigError for another text, or for less than `least` bytes. */
export function parseBytes(text: string, where: string, least = 0): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(text.toLowerCase());
  const unit = match ? UNITS[match[2]] : undefined;
  if (!match || unit === undefined) {
    throw new ConfigError({ expected: 'a size such as 256MB, 1GB or 512MiB', got: `'${text}'`, where });
  }
  const bytes = Math.round(Number(match[1]) * unit);
  if (bytes >= least) return bytes;
  const [size, name] = least < 1e6 ? [least / 1e3, 'kB'] : [least / 1e6, 'MB'];
  throw new ConfigError({
    expected: `at least ${Math.ceil(size)} ${name}`,
    got: match[2] === '' ? `${bytes} bytes` : text.trim(),
    where,
    fix: match[2] === '' ? 'A number alone counts bytes: write a unit behind it, as in 256MB.' : undefined,
  });
}
