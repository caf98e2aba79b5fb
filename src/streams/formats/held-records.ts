import type { QuarantinedRecord } from '../batch/outcome.ts';
import type { ReadEvent } from './context.ts';

/** More bad records in a row than this are given out as they are. */
const MOST_HELD = 10_000;
/** What damaged packed bytes look like before a checksum tells. */
const GARBAGE = new Set(['invalid_json', 'invalid_utf8', 'line_too_long']);

/**
 * Records of a packed file that could not be read, one after the other, until a good one comes: where the end of their
 * member is damaged, they are no records but the damage.
 */
export class HeldRecords {
  #holds: boolean;
  #held: QuarantinedRecord[] = [];

  /** @param holds false: every record is given out at once */
  constructor(holds: boolean) {
    this.#holds = holds;
  }

  add(record: QuarantinedRecord, out: ReadEvent[]): void {
    if (this.#holds && GARBAGE.has(record.reason) && record.rows === undefined) {
      if (this.#held.length >= MOST_HELD) this.release(out);
      this.#held.push(record);
      return;
    }
    this.release(out);
    out.push({ quarantined: record });
  }

  /** They are what they seem. */
  release(out: ReadEvent[]): void {
    if (this.#held.length === 0) return;
    for (const quarantined of this.#held) out.push({ quarantined });
    this.#held = [];
  }

  /** They belong to the damage of this block: where they start, how many they are, and their bytes. Null: none does. */
  fold(block: number, out: ReadEvent[]): { first: QuarantinedRecord; records: number; bytes: number } | null {
    if (this.#held.some((r) => r.block !== block)) this.release(out);
    const [first] = this.#held;
    if (first === undefined) return null;
    const { length: records } = this.#held;
    const bytes = this.#held.reduce((n, r) => n + r.bytes, 0);
    this.#held = [];
    return { first, records, bytes };
  }
}
