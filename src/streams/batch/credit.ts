/** Bytes that somebody holds; release exactly once (a second release does nothing). */
export interface Lease {
  resize(bytes: number): void;
  release(): void;
}

/**
 * What a batch draws on while somebody works on it: the byte budget of the source that it came from. A batch made from
 * another one has the credit of that one.
 */
export interface Credit {
  /** Bytes. */
  readonly limit: number;
  /** Waits until `bytes` fit, then leases them. Rejects with the signal's reason when aborted. */
  acquire(bytes: number, holder: string, signal?: AbortSignal): Promise<Lease>;
  /** Leases at once, over the limit if need be. */
  charge(bytes: number, holder: string): Lease;
}
