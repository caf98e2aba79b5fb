import type { Damage } from '../codecs/piece.ts';
import type { ReadEvent } from './context.ts';
import { estimatedLoss, type Loss } from './loss.ts';

/**
 * Lines in a row, up to now, that are no records: damaged packed bytes look like that before a checksum tells. They
 * stay records of their own; the damage after them stands for what else their bytes held.
 */
export class Nonsense {
  #block = 0;
  #records = 0;
  #bytes = 0;

  /** A line was a record. */
  good(): void {
    this.#records = this.#bytes = 0;
  }

  /** A line of a block was set aside. */
  bad(reason: string, block: number, bytes: number): void {
    if (reason !== 'invalid_json' && reason !== 'invalid_utf8') return;
    if (this.#records === 0) this.#block = block;
    this.#records++;
    this.#bytes += bytes;
  }

  /**
   * What is lost with damage, after so many records of so many bytes, those of nonsense among them.
   * @param unfinished bytes of the line that the damage breaks off
   */
  loss(damage: Damage, records: number, bytes: number, unfinished: number): Loss {
    // The line that the damage breaks off is one, whatever its length.
    if (this.#records === 0 || this.#block !== damage.block)
      return estimatedLoss('lines', damage.unpacked, records, bytes);
    const [before, of] = [records - this.#records, bytes - this.#bytes];
    const loss = estimatedLoss('lines', damage.unpacked + this.#bytes + unfinished, before, of);
    return { ...loss, rows: Math.max(1, loss.rows - this.#records) };
  }
}

/** What was read well of a range: nothing, where it has no records. */
export const seenLines = (documents: number, bytes: number): readonly ReadEvent[] =>
  documents > 0 && bytes > 0 ? [{ seen: { unit: 'lines', documents, bytes } }] : [];
