import { InvariantError } from '../../errors.ts';
import type { DocumentBatch } from '../batch/batch.ts';
import type { Credit, Lease } from '../batch/credit.ts';

export type { Credit, Lease } from '../batch/credit.ts';

interface Waiter {
  readonly bytes: number;
  readonly holder: string;
  readonly grant: (lease: Lease) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Credit in bytes. Only sources wait (`acquire`); operators and sinks charge what they hold while they work on it
 * (`charge`) and may overdraw, so plain RxJS operators between them need no acknowledgements and cannot break the
 * count. A request above the limit is granted when nothing else is out.
 */
export class ByteBudget implements Credit {
  readonly limit: number;
  readonly stallMs: number;
  #used = 0;
  #holders = new Map<string, { count: number; bytes: number }>();
  #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;
  #peak = 0;

  /**
   * @param limit bytes; @param stallMs a wait with no release for so long is an error that names the holders; 0 =
   * never. Default 120 s.
   */
  constructor(limit: number, { stallMs = 120_000 }: { stallMs?: number } = {}) {
    this.limit = limit;
    this.stallMs = stallMs;
  }

  get used(): number {
    return this.#used;
  }

  /** Most bytes ever out at once. */
  get peak(): number {
    return this.#peak;
  }

  /** Waits until `bytes` fit, then leases them. Rejects with the signal's reason when aborted. */
  acquire(bytes: number, holder: string, signal?: AbortSignal): Promise<Lease> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiters.length === 0 && this.#fits(bytes)) return Promise.resolve(this.charge(bytes, holder));
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        this.#waiters = this.#waiters.filter((w) => w !== waiter);
        this.#watch();
        reject(signal?.reason);
      };
      const done = (): void => signal?.removeEventListener('abort', aborted);
      const waiter: Waiter = {
        bytes,
        holder,
        grant: (lease) => {
          done();
          resolve(lease);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      };
      signal?.addEventListener('abort', aborted, { once: true });
      this.#waiters.push(waiter);
      this.#watch();
    });
  }

  /** Leases at once, over the limit if need be. */
  charge(bytes: number, holder: string): Lease {
    let held = bytes;
    let open = true;
    this.#add(holder, bytes, 1);
    return {
      resize: (next) => {
        if (!open) return;
        this.#add(holder, next - held, 0);
        held = next;
        this.#drain();
      },
      release: () => {
        if (!open) return;
        open = false;
        this.#add(holder, -held, -1);
        this.#drain();
      },
    };
  }

  /** Who holds what, largest first: `annotate (3 batches, 5.2 MB)`. */
  holders(): string[] {
    return [...this.#holders]
      .sort((a, b) => b[1].bytes - a[1].bytes)
      .map(([name, h]) => `${name} (${h.count} held, ${(h.bytes / 1e6).toFixed(1)} MB)`);
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.limit;
  }

  #add(holder: string, bytes: number, count: number): void {
    this.#used += bytes;
    this.#peak = Math.max(this.#peak, this.#used);
    const h = this.#holders.get(holder) ?? { count: 0, bytes: 0 };
    h.bytes += bytes;
    h.count += count;
    if (h.count === 0) this.#holders.delete(holder);
    else this.#holders.set(holder, h);
  }

  #drain(): void {
    while (this.#waiters.length > 0 && this.#fits(this.#waiters[0].bytes)) {
      const waiter = this.#waiters.shift()!;
      waiter.grant(this.charge(waiter.bytes, waiter.holder));
    }
    this.#watch();
  }

  /** Restarts the stall clock; it runs only while somebody waits. */
  #watch(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#waiters.length === 0 || this.stallMs === 0) return;
    this.#timer = setTimeout(() => this.#stalled(), this.stallMs);
    this.#timer.unref();
  }

  #stalled(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    const error = new InvariantError({
      expected: `memory to be released within ${this.stallMs / 1000} s`,
      got:
        `a stall at ${(this.#used / 1e6).toFixed(1)} of ${(this.limit / 1e6).toFixed(1)} MB, held by ` +
        `${this.holders().join(', ')}`,
      where: waiters.map((w) => w.holder).join(', '),
      fix: 'Find the operator or sink that never finishes with a batch, or raise --memory.',
    });
    for (const w of waiters) w.fail(error);
  }
}

/**
 * Bytes that a batch counts for: two fifths more than its buffers. Measured on a 5 GB stream with a slow sink: V8 frees
 * buffers late, on a busy machine later still, and up to a quarter of what is held is dead already.
 */
export const chargeOf = (batch: DocumentBatch): number => Math.ceil(batch.byteLength * 1.4);

let handingOn: Credit | null = null;

/**
 * Hands a batch to whoever is next. What is made from nothing by the time `next` returns (`new DocumentBatch` in a
 * user's `map`) is on the credit of this batch: it came from the same source.
 */
export function handOn(batch: DocumentBatch, next: (batch: DocumentBatch) => void): void {
  const before = handingOn;
  handingOn = batch.credit;
  try {
    next(batch);
  } finally {
    handingOn = before;
  }
}

const NOTHING: Lease = { resize: () => {}, release: () => {} };

/**
 * Charges a batch to the credit of its source while `holder` works on it. Made from nothing, it is charged to the
 * source that is handing on at that moment; where no source is (`from(batches)`), there is nobody to hold back and
 * nothing is charged.
 */
export function retain(batch: DocumentBatch, holder: string): { lease: Lease; credit: Credit | null } {
  const credit = batch.credit ?? handingOn;
  return { lease: credit?.charge(chargeOf(batch), holder) ?? NOTHING, credit };
}
