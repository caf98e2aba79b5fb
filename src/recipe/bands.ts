import * as z from 'zod';

const band = z
  .strictObject({ min: z.number().min(0).max(1).default(0), max: z.number().min(0).max(1).default(1) })
  .refine(({ min, max }) => min <= max, 'a band with min <= max');

/** Shares that a recipe expects, for its guards. */
export const expectedBands = z.strictObject({
  /** Share of all documents that the run drops. Default of the guard: at most 0.98. */
  all: band.optional(),
  /** Share of a domain that the run drops. Default: any. */
  domains: z.record(z.string(), band).default({}),
  /**
   * Share of all documents that one rule is the first to drop, by name of the rule. Default of the guard: at most 0.6.
   */
  rules: z.record(z.string(), band).default({}),
  /** Share of all documents in the largest cluster of a dedup step. Default of the guard: at most 0.05. */
  cluster: band.optional(),
  /** Share of records that cannot be read. Default of the guard: at most 0.2. */
  quarantine: band.optional(),
});

/** Shares from `min` to `max`, 0 to 1. */
export type Band = z.output<typeof band>;
export type Expected = z.output<typeof expectedBands>;
