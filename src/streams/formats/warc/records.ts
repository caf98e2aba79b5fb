import type { Unpacked } from '../../codecs/piece.ts';
import type { Codec, InputRange } from '../../plan/splits.ts';
import type { Place } from '../lines.ts';
import { beginsRecord } from './cut.ts';
import { endOfHeaders, type Headers, MOST_HEADER_BYTES, parseHeaders } from './headers.ts';

/** Records in input order. Views die when the next event is asked for. */
export type RecordEvent =
  | { readonly place: Place; readonly headers: Headers; readonly content: Uint8Array; readonly bytes: number }
  | {
      readonly place: Place;
      readonly fault: 'invalid_warc' | 'undecodable' | 'line_too_long';
      readonly detail: string;
      readonly bytes: number;
      readonly head: Uint8Array;
      /** Packed bytes that are lost with damage: nothing tells how many records they held. */
      readonly packed?: number;
      readonly cut?: true;
    };

const RECORD = Buffer.from('WARC/1.');
const HEAD_BYTES = 240;
const NONE = new Uint8Array(0);

/**
 * Cuts unpacked bytes into the records that start in a range; holds one record of at most `atMost` bytes, and nothing
 * of a larger one. Where a record is not as its header says, the next one is looked for after it.
 */
export async function* warcRecords(
  unpacked: AsyncIterable<Unpacked>,
  range: InputRange,
  codec: Codec,
  atMost: number,
): AsyncGenerator<RecordEvent> {
  const cutter = new Cutter(atMost);
  for await (const piece of unpacked) {
    if ('damage' in piece) {
      const { block, offset, bytes, detail, cut } = piece.damage;
      if (block >= range.end && codec !== 'none') break;
      const place = cutter.place ?? { block, offset };
      const head = cutter.head();
      cutter.clear();
      yield { place, fault: 'undecodable', detail, bytes, head, packed: bytes, ...(cut && { cut }) };
      continue;
    }
    // A record that is still open goes on; of the next range nothing begins here.
    if (codec !== 'none' && piece.block >= range.end && (cutter.place === null || beginsRecord(piece.bytes))) break;
    if (cutter.place !== null && cutter.place.block !== piece.block && beginsRecord(piece.bytes))
      yield* cutter.cutOff('the next member');
    cutter.push(piece.bytes, { block: piece.block, offset: piece.offset });
    for (;;) {
      if (codec === 'none' && cutter.startsAfter(range.end)) return;
      const event = cutter.next();
      if (event === null) break;
      yield event;
    }
    cutter.settle();
  }
  yield* cutter.cutOff('the end');
}

class Cutter {
  #atMost: number;
  /** What is not cut yet; its first byte stands at `place`. */
  #rest: Uint8Array = NONE;
  #own = false;
  place: Place | null = null;
  /** Of a record that is too large: bytes still to be passed over. */
  #passing = 0;
  /** Of bytes that are no record: those passed over so far. */
  #junk = 0;
  #junkPlace: Place | null = null;

  constructor(atMost: number) {
    this.#atMost = atMost;
  }

  head(): Uint8Array {
    return this.#rest.slice(0, HEAD_BYTES);
  }

  clear(): void {
    this.#rest = NONE;
    this.place = null;
    this.#passing = 0;
  }

  /** Does the next record of a plain file start at byte `end` or later? */
  startsAfter(end: number): boolean {
    this.#skip();
    return this.#passing === 0 && this.#junk === 0 && this.#rest.length > 0 && this.place!.offset >= end;
  }

  /** What is left of a record that is too large, and line ends before the next one. */
  #skip(): void {
    if (this.#passing > 0) {
      const bytes = Math.min(this.#passing, this.#rest.length);
      this.#passing -= bytes;
      this.#drop(bytes);
    }
    let blank = 0;
    while (this.#rest[blank] === 13 || this.#rest[blank] === 10) blank++;
    this.#drop(blank);
  }

  push(bytes: Uint8Array, place: Place): void {
    if (this.#rest.length === 0) {
      this.#rest = bytes;
      this.place = place;
      this.#own = false;
      return;
    }
    this.#rest = Buffer.concat([this.#rest, bytes]);
    this.#own = true;
  }

  /** The piece at hand dies: what is left of it is kept. */
  settle(): void {
    if (this.#rest.length === 0) this.place = null;
    else if (!this.#own) {
      this.#rest = this.#rest.slice();
      this.#own = true;
    }
  }

  #drop(bytes: number): void {
    this.#rest = this.#rest.subarray(bytes);
    this.place = this.place && { block: this.place.block, offset: this.place.offset + bytes };
  }

  /** The next record or fault; null when more bytes are needed. */
  next(): RecordEvent | null {
    this.#skip();
    const rest = this.#rest;
    if (rest.length < RECORD.length) return null;
    if (!beginsRecord(rest)) return this.#noRecord();
    if (this.#junk > 0) return this.#junkEvent();
    const header = endOfHeaders(rest);
    if (header < 0) {
      if (rest.length < MOST_HEADER_BYTES) return null;
      return this.#fault(`expected the end of the header within ${MOST_HEADER_BYTES} bytes`, RECORD.length);
    }
    const headers = parseHeaders(rest.subarray(0, header));
    const told = headers.fields.get('content-length');
    const length = /^\d+$/.test(told ?? '') ? Number(told) : Number.NaN;
    if (!Number.isSafeInteger(length))
      return this.#fault(`expected a Content-Length, got ${JSON.stringify(told ?? null)}`, header);
    const all = header + length;
    if (length > this.#atMost) {
      const place = this.place!;
      const head = this.head();
      const detail = `expected a record of at most ${this.#atMost} bytes, got ${length}`;
      this.#passing = all;
      return { place, fault: 'line_too_long', detail, bytes: all, head };
    }
    if (rest.length < all) return null;
    // What follows a record is a blank line, or its member ends.
    if (rest.length > all && rest[all] !== 13 && rest[all] !== 10)
      return this.#fault(`expected the end of the record after ${length} bytes of content, got other bytes`, header);
    const place = this.place!;
    const content = rest.subarray(header, all);
    this.#drop(all);
    return { place, headers, content, bytes: all };
  }

  /** A record that is wrong; the next one is looked for `skip` bytes after its start. */
  #fault(detail: string, skip: number): RecordEvent {
    const rest = this.#rest;
    const next = nextRecord(rest, skip);
    const bytes = next < 0 ? rest.length : next;
    const event = { place: this.place!, fault: 'invalid_warc', detail, bytes, head: this.head() } as const;
    this.#drop(bytes);
    return event;
  }

  #noRecord(): RecordEvent | null {
    this.#junkPlace ??= this.place;
    const next = nextRecord(this.#rest, 0);
    // A record may begin with the last bytes.
    const bytes = next < 0 ? this.#rest.length - RECORD.length : next;
    this.#junk += bytes;
    const event = next < 0 ? null : this.#junkEvent();
    this.#drop(bytes);
    return event;
  }

  #junkEvent(): RecordEvent {
    const detail = 'expected a WARC record, got other bytes';
    const event = {
      place: this.#junkPlace!,
      fault: 'invalid_warc',
      detail,
      bytes: this.#junk,
      head: this.head(),
    } as const;
    this.#junk = 0;
    this.#junkPlace = null;
    return event;
  }

  /** What is open does not go on. @param by what comes instead */
  *cutOff(by: string): Generator<RecordEvent> {
    this.#skip();
    if (this.#junk > 0) {
      this.#junk += this.#rest.length;
      yield this.#junkEvent();
      this.clear();
    }
    while (this.#passing === 0 && this.#rest.length > 0) {
      const rest = this.#rest;
      const header = endOfHeaders(rest);
      const told = header < 0 ? undefined : parseHeaders(rest.subarray(0, header)).fields.get('content-length');
      const detail =
        told === undefined
          ? `expected the header of a record, got ${by}`
          : `expected ${told} bytes of content, got ${rest.length - header} and ${by}`;
      yield this.#fault(detail, RECORD.length);
      // Records that a length too large has taken in are found again.
      for (let event = this.next(); event !== null; event = this.next()) yield event;
    }
    this.clear();
  }
}

/** Where a line begins a record, from `from` on; -1 when none does. */
function nextRecord(bytes: Uint8Array, from: number): number {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = all.indexOf(RECORD, from); at >= 0; at = all.indexOf(RECORD, at + 1))
    if (at > 0 && all[at - 1] === 10) return at;
  return -1;
}
