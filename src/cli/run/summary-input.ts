import type { RunJson } from '../../ledger/run-json.ts';

/** What the summary of a run is made of. */
export interface SummaryInput {
  /** Absolute path of the run directory. */
  readonly run: string;
  /** What people call it: its path from here, or its address. */
  readonly shown: string;
  readonly result: RunJson;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly warnings: readonly string[];
  /** Greatest resident memory of the process; null when the run was done before. */
  readonly peakBytes: number | null;
  /** Text per second of this sitting; null when it did nothing. */
  readonly bytesPerSecond: number | null;
  readonly already: boolean;
}
