import { crc32 } from 'node:zlib';
import { inflateMember, memberHeader, OUTPUT_BYTES, TRAILER_BYTES } from './gzip-member.ts';
import type { UnpackLimits } from './piece.ts';
import type { FileWindow } from './window.ts';

/** How a member begins: its mark, and deflate as the method. */
const MARK = Buffer.from([0x1f, 0x8b, 0x08]);
/** Bits of its flags that are always 0 (RFC 1952, 2.3.1.2). */
const RESERVED_FLAGS = 0xe0;
/** A member that goes on for so many bytes without damage is one. */
const PROBE_BYTES = OUTPUT_BYTES;
/** Of a member that the end of the file cuts off before: random bytes are damaged sooner. */
const CUT_BYTES = 1024;

/**
 * Where the next member begins that can be unpacked, from byte `from` on and before `stop`; null where none does. The
 * three bytes that a member begins with come by chance once in 16 MB of packed bytes, so each is tried: a member that
 * is shorter than 64 KB unpacked must have the right checksum, a longer one must come that far.
 */
export async function nextMember(
  file: FileWindow,
  from: number,
  limits: UnpackLimits,
  stop = file.size,
): Promise<number | null> {
  for (let at = from; at < stop && at + MARK.length <= file.size; ) {
    const bytes = await file.at(at, MARK.length);
    const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(MARK);
    if (found < 0) {
      at += bytes.length - MARK.length + 1;
      continue;
    }
    at += found;
    if (at >= stop) return null;
    if (await memberOpens(file, at, limits)) return at;
    at++;
  }
  return null;
}

/** Does a member begin at `at` that can be unpacked, as far as `nextMember` looks? */
export async function memberOpens(file: FileWindow, at: number, limits: UnpackLimits): Promise<boolean> {
  const header = await memberHeader(file, at);
  if (header === null || ((await file.peek(at, 4))[3] & RESERVED_FLAGS) !== 0) return false;
  const member = inflateMember(file, at + header.bytes, limits);
  let crc = 0;
  let came = 0;
  for await (const bytes of member.pieces) {
    crc = crc32(bytes, crc);
    came += bytes.length;
    if (came >= PROBE_BYTES) return true;
  }
  if (member.error() !== null) return false;
  if (!member.ended()) return came >= CUT_BYTES;
  const trailer = Buffer.from(await file.copy(at + header.bytes + member.consumed(), TRAILER_BYTES));
  return trailer.length === TRAILER_BYTES && trailer.readUInt32LE(0) === crc && trailer.readUInt32LE(4) === came;
}
