import { DocumentBatch } from '../batch/batch.ts';
import type { Column } from '../batch/columns.ts';
import { type GrowingText, growingText } from './growing-text.ts';
import { Positions } from './positions.ts';

/** Rows of a batch at most. */
export const BATCH_ROWS = 8192;

const encoder = new TextEncoder();

const ZERO = new Int32Array(1);

/**
 * Documents as they are read, row by row or many at once, into batches. What is in a batch depends on the documents
 * only.
 */
export class BatchBuilder {
  readonly id = growingText();
  readonly text: GrowingText;
  readonly domain = growingText();
  readonly metadata = growingText();
  #split: number;
  #batchBytes: number;
  #lend: boolean;
  #sequence = 0;
  #positions = new Positions(BATCH_ROWS);

  /**
   * @param batchBytes a batch ends with the row that brings text and metadata to so many bytes, or before a row that
   *   would double it.
   * @param lend texts are views of the builder's buffers, until `giveBack`: no garbage for every batch (measured: a
   *   third of the time).
   */
  constructor(split: number, batchBytes: number, lend = false) {
    this.#split = split;
    this.#batchBytes = batchBytes;
    this.#lend = lend;
    this.text = growingText(batchBytes + (batchBytes >> 4));
  }

  get rows(): number {
    return this.#positions.rows;
  }

  /** The empty builder, for batches of another split. */
  restart(split: number): void {
    this.#split = split;
    this.#sequence = 0;
  }

  /** Rows pushed from now on are of this file. */
  startFile(path: string): void {
    this.#positions.startFile(encoder.encode(path));
  }

  /** Does the last of `rows` rows about to be pushed, `bytes` together, belong into the next batch? */
  closesBefore(bytes: number, rows: number): boolean {
    return this.rows + rows > 1 && this.#bytes + bytes > 2 * this.#batchBytes;
  }

  /** Is the batch full once they are pushed? */
  closesAfter(bytes: number, rows: number): boolean {
    return this.#bytes + bytes >= this.#batchBytes || this.rows + rows >= BATCH_ROWS;
  }

  get #bytes(): number {
    return this.text.bytes + this.metadata.bytes;
  }

  /** Notes the position of a row; its four values are pushed by the caller. */
  place(block: number, offset: number, row: number): void {
    this.#positions.push(block, offset, ZERO, 0, 1, row);
  }

  /**
   * Notes the positions of rows `from` to `to`, which start `starts` bytes after `offset` and are numbered from `row`
   * on.
   */
  placeRows(block: number, offset: number, starts: Int32Array, from: number, to: number, row: number): void {
    this.#positions.push(block, offset, starts, from, to, row);
  }

  /** The batch so far; an empty one when there are no rows. */
  take(): DocumentBatch {
    const { rows } = this;
    const columns = new Map<string, Column>([
      ...this.#positions.take(this.#lend),
      ['id', this.id.take(this.#lend)],
      ['text', this.text.take(this.#lend)],
      ['domain', this.domain.take(this.#lend)],
      ['metadata', this.metadata.take(this.#lend)],
    ]);
    return new DocumentBatch({ rows, columns, split: this.#split, sequence: this.#sequence++ });
  }

  /** A lent batch is not looked at any more. */
  giveBack(batch: DocumentBatch): void {
    for (const name of ['id', 'text', 'domain', 'metadata'] as const) this[name].giveBack(batch.utf8(name));
    this.#positions.giveBack(batch.columns);
  }
}
