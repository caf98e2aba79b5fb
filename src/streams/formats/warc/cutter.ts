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
      /** Unpacked bytes that are lost and hold nobody knows how many records. */
      readonly lost?: number;
      readonly cut?: true;
    };

const RECORD = Buffer.from('WARC/1.');
const HEAD_BYTES = 240;
const NONE = new Uint8Array(0);
const NO_RECORD = 'expected a WARC record, got other bytes';

interface Passing {
  readonly place: Place;
  readonly head: Uint8Array;
  readonly header: number;
  /** By its header. */
  readonly bytes: number;
  /** Still to be passed over; null before that has begun. */
  left: number | null;
  /** Beginnings of records among what was passed over. */
  begun: number;
}

/** Cuts bytes that come in pieces into records; holds one record of at most `atMost` bytes. */
export class Cutter {
  #atMost: number;
  /** What is not cut yet; its first byte stands at `place`. */
  #rest: Uint8Array = NONE;
  #own = false;
  place: Place | null = null;
  /** A record that is too large, and is passed over. */
  #passing: Passing | null = null;
  /** Of bytes that are no record: those passed over so far. */
  #junk = 0;
  #junkPlace: Place | null = null;
  #junkDetail = NO_RECORD;

  constructor(atMost: number) {
    this.#atMost = atMost;
  }

  head(): Uint8Array {
    return this.#rest.slice(0, HEAD_BYTES);
  }

  clear(): void {
    this.#rest = NONE;
    this.place = null;
    this.#passing = null;
  }

  /** Where the record that is open begins. */
  get open(): Place | null {
    return this.#passing?.place ?? this.place;
  }

  /** Where a record that is too large would end; null when there is none, or it is being passed over. */
  get large(): number | null {
    const p = this.#passing;
    return p?.left === null ? p.place.offset + p.bytes : null;
  }

  /** @param isSo whether the record is as large as its header says; else the next one is looked for in it */
  passOver(isSo: boolean): void {
    const p = this.#passing!;
    if (isSo) p.left = p.bytes;
    else {
      this.#passing = null;
      this.#junkPlace = p.place;
      this.#junk = p.header;
      this.#junkDetail = `expected the end of the record after ${p.bytes - p.header} bytes of content, got other bytes`;
      this.#drop(p.header);
    }
  }

  /** A record that was passed over up to here. @param by what comes instead of the rest, if any is left */
  *passedTo(by: string): Generator<RecordEvent> {
    const p = this.#passing;
    if (p === null) return;
    this.#passing = null;
    const { place, head, header, begun } = p;
    const left = p.left ?? p.bytes;
    const bytes = p.bytes - left;
    const detail = `expected a record of at most ${this.#atMost} bytes, got ${p.bytes - header}`;
    const fault = { place, fault: 'line_too_long', bytes, head } as const;
    // Behind a record that is as large as it says is a line end.
    const lies = begun > 0 && this.#rest[0] !== 13 && this.#rest[0] !== 10;
    if (left === 0) yield { ...fault, detail, ...(lies && { lost: bytes }) };
    else
      yield {
        ...fault,
        detail: `${detail} by its header, and ${by} after ${bytes}`,
        ...(begun > 0 && { lost: bytes }),
      };
  }

  /** Does the next record of a plain file start at byte `end` or later? */
  startsAfter(end: number): boolean {
    this.#skip();
    return this.#passing === null && this.#junk === 0 && this.#rest.length > 0 && this.place!.offset >= end;
  }

  /** What is left of a record that is too large, and line ends before the next one. */
  #skip(): void {
    const p = this.#passing;
    if (p !== null) {
      const bytes = Math.min(p.left ?? 0, this.#rest.length);
      const passed = this.#rest.subarray(0, bytes);
      for (let at = nextRecord(passed, 0); at >= 0; at = nextRecord(passed, at + 1)) p.begun++;
      if (p.left !== null) p.left -= bytes;
      this.#drop(bytes);
      return;
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
    if (this.#passing !== null) {
      if (this.#passing.left !== 0) return null;
      const [passed] = this.passedTo('');
      return passed;
    }
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
      this.#passing = { place: this.place!, head: this.head(), header, bytes: all, left: null, begun: 0 };
      return null;
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
    const event = {
      place: this.#junkPlace!,
      fault: 'invalid_warc',
      detail: this.#junkDetail,
      bytes: this.#junk,
      head: this.head(),
    } as const;
    this.#junk = 0;
    this.#junkPlace = null;
    this.#junkDetail = NO_RECORD;
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
    yield* this.passedTo(by);
    while (this.#rest.length > 0) {
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
      yield* this.passedTo(by);
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
