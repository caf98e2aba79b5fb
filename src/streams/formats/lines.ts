import { type LongLine, openLongLine } from '../../kernels/scanner.ts';
import type { Damage, Unpacked } from '../codecs/piece.ts';

/** Where a byte stands in its file. */
export interface Place {
  readonly block: number;
  readonly offset: number;
}

/** Lines in input order. Views die when the next event is asked for. */
export type LineEvent =
  /**
   * Whole lines one after the other (the last one of a file may lack its newline); `place` is that of the first byte.
   */
  | { readonly kind: 'lines'; readonly bytes: Uint8Array; readonly place: Place }
  /** One line that is too long for the thread's kernel. */
  | { readonly kind: 'long'; readonly line: LongLine; readonly place: Place }
  /** A line over the limit: only counted. */
  | { readonly kind: 'too_long'; readonly bytes: number; readonly head: Uint8Array; readonly place: Place }
  /** A record that another format cannot read. `lost`: bytes of the records that are lost with it. */
  | {
      readonly kind: 'fault';
      readonly reason: 'invalid_json' | 'invalid_csv';
      readonly detail: string;
      readonly bytes: number;
      readonly head: Uint8Array;
      readonly place: Place;
      readonly lost?: number;
    }
  /**
   * Damage; `place` is where the unfinished line before it starts, else where the damage is. `unfinished`: bytes of
   * that line.
   */
  | {
      readonly kind: 'damage';
      readonly damage: Damage;
      readonly place: Place;
      readonly unfinished: number;
      readonly head: Uint8Array;
    };

/**
 * Bytes of lines that are handed on at once. Measured: fits the second-level cache with what the kernel makes of it.
 */
export const CHUNK_BYTES = 512 * 1024;
/** Lines from here on are collected in memory that is given back. */
const LONG_BYTES = 2 * 1024 * 1024;
const HEAD_BYTES = 240;
const NEWLINE = 10;

/** Nothing but JSON white space: no record. */
export const isBlank = (line: Uint8Array): boolean => line.every((b) => b === 0x20 || b === 0x09 || b === 0x0d);

/**
 * Cuts unpacked bytes into runs of whole lines; holds one unfinished line of up to `maxLine` bytes, and nothing of a
 * longer one.
 */
export async function* lineEvents(unpacked: AsyncIterable<Unpacked>, maxLine: number): AsyncGenerator<LineEvent> {
  const open = new OpenLine(maxLine);
  for await (const piece of unpacked) {
    if ('damage' in piece) {
      const { damage } = piece;
      yield { kind: 'damage', damage, place: open.place ?? damage, unfinished: open.length, head: open.head() };
      open.clear();
      continue;
    }
    let { bytes, offset } = piece;
    const { block } = piece;
    while (bytes.length > 0) {
      const end = open.place === null ? endOfLines(bytes) : bytes.indexOf(NEWLINE) + 1;
      if (open.place === null && end > 0 && end <= LONG_BYTES)
        yield { kind: 'lines', bytes: bytes.subarray(0, end), place: { block, offset } };
      else {
        await open.append(end > 0 ? bytes.subarray(0, end - 1) : bytes, { block, offset });
        if (end === 0) break;
        const event = open.finish();
        if (event !== null) yield event;
      }
      bytes = bytes.subarray(end);
      offset += end;
    }
  }
  const event = open.place === null ? null : open.finish();
  if (event !== null) yield event;
}

/** One past the last newline among the first CHUNK_BYTES, else past the first newline after them; 0 = there is none. */
function endOfLines(bytes: Uint8Array): number {
  const end = bytes.lastIndexOf(NEWLINE, CHUNK_BYTES - 1) + 1;
  return end > 0 || bytes.length <= CHUNK_BYTES ? end : bytes.indexOf(NEWLINE, CHUNK_BYTES) + 1;
}

/** A line that comes in parts. */
class OpenLine {
  /** Where it starts; null when there is none. */
  place: Place | null = null;
  #maxLine: number;
  #buffer = new Uint8Array(16 * 1024);
  #filled = 0;
  #long: LongLine | null = null;
  /** Bytes of a line over the limit. */
  #dropped = 0;
  #blank = true;

  constructor(maxLine: number) {
    this.#maxLine = maxLine;
  }

  get length(): number {
    return this.#dropped || this.#long?.length || this.#filled;
  }

  /** First bytes, in a buffer of their own. */
  head(): Uint8Array {
    return this.#buffer.slice(0, Math.min(HEAD_BYTES, this.#filled));
  }

  clear(): void {
    this.place = null;
    this.#long = null;
    this.#filled = this.#dropped = 0;
  }

  async append(part: Uint8Array, place: Place): Promise<void> {
    this.place ??= place;
    const length = this.length + part.length;
    if (this.#dropped > 0 || length > this.#maxLine) {
      if (this.#dropped === 0) {
        this.#blank = isBlank(this.#long?.bytes() ?? this.#buffer.subarray(0, this.#filled));
        // What people get to see of it.
        if (this.#filled < HEAD_BYTES) this.#push(part.subarray(0, HEAD_BYTES - this.#filled));
        this.#long = null;
      }
      this.#blank &&= isBlank(part);
      this.#dropped = length;
    } else if (this.#long === null && length <= LONG_BYTES) this.#push(part);
    else {
      if (this.#long === null) {
        this.#long = await openLongLine(this.#maxLine);
        this.#long.append(this.#buffer.subarray(0, this.#filled));
        if (this.#filled < HEAD_BYTES) this.#push(part.subarray(0, HEAD_BYTES - this.#filled));
      }
      this.#long.append(part);
    }
  }

  #push(part: Uint8Array): void {
    const filled = this.#filled + part.length;
    if (filled > this.#buffer.length) {
      const wider = new Uint8Array(Math.min(LONG_BYTES, Math.max(4 * this.#buffer.length, filled)));
      wider.set(this.#buffer.subarray(0, this.#filled));
      this.#buffer = wider;
    }
    this.#buffer.set(part, this.#filled);
    this.#filled = filled;
  }

  /** The line is complete; null when it is long and blank. */
  finish(): LineEvent | null {
    const place = this.place!;
    let event: LineEvent | null = null;
    if (this.#dropped > 0) {
      if (!this.#blank) event = { kind: 'too_long', bytes: this.#dropped, head: this.head(), place };
    } else if (this.#long !== null) event = { kind: 'long', line: this.#long, place };
    else event = { kind: 'lines', bytes: this.#buffer.subarray(0, this.#filled), place };
    this.clear();
    return event;
  }
}
