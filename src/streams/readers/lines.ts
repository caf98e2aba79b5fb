import { type LongLine, openLongLine } from '../../kernels/scanner.ts';
import type { Damage, Unpacked } from '../codecs/piece.ts';

/** Where a byte stands in its file. */
export interface Place {
  readonly block: number;
  readonly offset: number;
}

/** Lines in input order. Views die when the next event is asked for. */
export type LineEvent =
  | { readonly kind: 'lines'; readonly bytes: Uint8Array; readonly place: (at: number) => Place }
  /** One line longer than a chunk. */
  | { readonly kind: 'long'; readonly line: LongLine; readonly place: Place }
  /** A line over the limit: only counted. */
  | { readonly kind: 'too_long'; readonly bytes: number; readonly head: Uint8Array; readonly place: Place }
  /** Damage; `place` is where the unfinished line before it starts, else where the damage is. `unfinished`: bytes of that line. */
  | {
      readonly kind: 'damage';
      readonly damage: Damage;
      readonly place: Place;
      readonly unfinished: number;
      readonly head: Uint8Array;
    };

/** Measured: fits the second-level cache with what the kernel makes of it. */
export const CHUNK_BYTES = 256 * 1024;
/** Lines from here on are collected in memory that is given back. */
const LONG_BYTES = 2 * 1024 * 1024;
const HEAD_BYTES = 240;
const NEWLINE = 10;

/** Nothing but JSON white space: no record. */
export const isBlank = (line: Uint8Array): boolean => line.every((b) => b === 0x20 || b === 0x09 || b === 0x0d);

/** A buffer for `lineEvents`; one serves any number of files, one after the other. */
export const lineBuffer = (): Uint8Array => new Uint8Array(LONG_BYTES);

/** Cuts unpacked bytes into chunks of whole lines of about CHUNK_BYTES; holds at most that, or one line up to `maxLine`. */
export async function* lineEvents(
  unpacked: AsyncIterable<Unpacked>,
  maxLine: number,
  buffer: Uint8Array,
): AsyncGenerator<LineEvent> {
  let filled = 0;
  /** Bytes of the buffer known to be without a newline. */
  let searched = 0;
  /** Where runs of bytes of one block start in the buffer. */
  let marks: { at: number; block: number; offset: number }[] = [];
  let long: LongLine | null = null;
  /** Bytes of a line over the limit, while it is stepped over. */
  let dropped = 0;
  let blank = true;
  const place = (at: number): Place => {
    let i = marks.length - 1;
    while (i > 0 && marks[i].at > at) i--;
    return { block: marks[i].block, offset: marks[i].offset + at - marks[i].at };
  };
  const forget = (bytes: number): void => {
    let keep = marks.length - 1;
    while (keep > 0 && marks[keep].at > bytes) keep--;
    marks = marks
      .slice(Math.max(0, keep))
      .map((m) => ({ block: m.block, offset: m.offset + Math.max(0, bytes - m.at), at: Math.max(0, m.at - bytes) }));
    buffer.copyWithin(0, bytes, filled);
    filled -= bytes;
    searched = 0;
  };
  const restart = (): void => {
    filled = searched = dropped = 0;
    marks = [];
    long = null;
  };
  const head = (): Uint8Array =>
    (long ? long.bytes() : buffer).slice(0, Math.min(HEAD_BYTES, long ? long.length : filled));
  /** The line at hand, which is longer than a chunk, is complete. */
  const endLong = (): LineEvent | null => {
    if (dropped === 0) return { kind: 'long', line: long!, place: place(0) };
    return blank ? null : { kind: 'too_long', bytes: dropped, head: buffer.slice(0, HEAD_BYTES), place: place(0) };
  };
  for await (const piece of unpacked) {
    if ('damage' in piece) {
      const { damage } = piece;
      if (filled > 0) {
        const end = buffer.lastIndexOf(NEWLINE, filled - 1) + 1;
        if (end > 0 && long === null && dropped === 0) {
          yield { kind: 'lines', bytes: buffer.subarray(0, end), place };
          forget(end);
        }
      }
      const unfinished = dropped || long?.length || filled;
      const at = unfinished > 0 ? place(0) : { block: damage.block, offset: damage.offset };
      yield { kind: 'damage', damage, place: at, unfinished, head: head() };
      restart();
      continue;
    }
    let { bytes, offset } = piece;
    while (bytes.length > 0) {
      if (long !== null || dropped > 0) {
        const newline = bytes.indexOf(NEWLINE);
        const part = newline < 0 ? bytes : bytes.subarray(0, newline);
        const sofar = dropped || long!.length;
        if (sofar + part.length > maxLine) {
          if (dropped === 0) blank = isBlank(long!.bytes());
          blank &&= isBlank(part);
          dropped = sofar + part.length;
          long = null;
        } else long!.append(part);
        const taken = newline < 0 ? part.length : newline + 1;
        bytes = bytes.subarray(taken);
        offset += taken;
        if (newline >= 0) {
          const event = endLong();
          if (event) yield event;
          restart();
        }
        continue;
      }
      const last = marks[marks.length - 1];
      if (!last || last.block !== piece.block) marks.push({ at: filled, block: piece.block, offset });
      // A chunk at least, and no more than the buffer has room for.
      const take = Math.min(
        bytes.length,
        Math.max(CHUNK_BYTES - filled, Math.min(CHUNK_BYTES, buffer.length - filled)),
      );
      buffer.set(bytes.subarray(0, take), filled);
      filled += take;
      bytes = bytes.subarray(take);
      offset += take;
      if (filled < CHUNK_BYTES) continue;
      const newline = buffer.subarray(searched, filled).lastIndexOf(NEWLINE);
      if (newline >= 0) {
        const end = searched + newline + 1;
        yield { kind: 'lines', bytes: buffer.subarray(0, end), place };
        forget(end);
        continue;
      }
      searched = filled;
      if (filled > maxLine) {
        dropped = filled;
        blank = isBlank(buffer.subarray(0, filled));
      } else if (filled === buffer.length) {
        long = await openLongLine(maxLine);
        long.append(buffer.subarray(0, filled));
      }
    }
  }
  const event = long !== null || dropped > 0 ? endLong() : null;
  if (event) yield event;
  else if (filled > 0 && dropped === 0) yield { kind: 'lines', bytes: buffer.subarray(0, filled), place };
}
