import { crc32 } from 'node:zlib';
import { inflateMember, type Member, type MemberHeader, memberHeader, TRAILER_BYTES } from './gzip-member.ts';
import { memberOpens, nextMember } from './gzip-search.ts';
import { isPadding } from './padding.ts';
import { lostBytes, type Unpacked, type UnpackLimits } from './piece.ts';
import type { FileWindow } from './window.ts';

/** Packed bytes of members that came out well, and what they were unpacked to. */
interface Good {
  packed: number;
  unpacked: number;
}

/**
 * Unpacks gzip from the member at `start` on, member by member (RFC 1952); every member is a block of its own. Zero
 * bytes after a member are padding where they are few or fill up a block of the file (`isPadding`); anything else that
 * is not a member, a wrong checksum or length, and a cut-off end are damage. What follows damage is read again from the
 * next member that can be unpacked: that of a damaged one which says how long it is (bgzip), else the first that a
 * search finds. The bytes between are lost, and counted.
 */
export async function* readGzip(file: FileWindow, limits: UnpackLimits, start = 0): AsyncGenerator<Unpacked> {
  const good: Good = { packed: 0, unpacked: 0 };
  for (let block = start; block < file.size; ) {
    const header = await memberHeader(file, block);
    if (header === null) {
      const data = await afterZeros(file, block);
      const padding = data > block && isPadding(data - block, data);
      if (padding && block > 0 && data === file.size) return;
      const opens = data > block && (await memberOpens(file, data, limits));
      if (padding && opens) {
        block = data;
        continue;
      }
      const next = opens ? data : ((await nextMember(file, data + 1, limits)) ?? file.size);
      const got = otherBytes(data - block, data === file.size);
      const detail = `expected a gzip member at byte ${block}, got ${got}`;
      const unpacked = lostBytes(next - block, good.unpacked, good.packed);
      yield { damage: { block, offset: 0, bytes: next - block, unpacked, detail } };
      block = next;
      continue;
    }
    const member = inflateMember(file, block + header.bytes, limits);
    let crc = 0;
    let offset = 0;
    for await (const bytes of member.pieces) {
      crc = crc32(bytes, crc);
      yield { block, offset, bytes };
      offset += bytes.length;
    }
    const end = block + header.bytes + member.consumed() + TRAILER_BYTES;
    const cut = member.error() === null && (!member.ended() || end > file.size);
    const detail = cut ? null : (member.error() ?? (await trailerFault(file, member, block, header, offset, crc)));
    if (!cut && detail === null) {
      good.packed += end - block;
      good.unpacked += offset;
      block = header.end ?? end;
      continue;
    }
    // All of its bytes came out, and where they end another begins: what is wrong is in them. But one that is cut in
    // half runs on into the members behind it, and may end where one of these does.
    const ends = !cut && member.error() === null;
    const inside =
      ends && header.end === null
        ? await nextMember(file, block + header.bytes, limits, Math.min(end, file.size))
        : null;
    const whole = ends && inside === null && (header.end === end || (await followed(file, end, limits)));
    const next = header.end ?? inside ?? (whole ? end : await nextMember(file, block + header.bytes, limits));
    if (cut && (next === null || next === file.size)) {
      // What a blocked member says of its length holds for the file as well: then nothing of it is cut off.
      const got = 'the end of the file: it is cut off, and what is missing is unknown';
      const says = `expected the end of the gzip member at byte ${block}, got ${got}`;
      yield { damage: { block, offset, bytes: 0, unpacked: 0, detail: says, cut: true } };
      return;
    }
    const to = next ?? file.size;
    const says = detail ?? `expected the end of the gzip member at byte ${block} before the next one at byte ${to}`;
    const unpacked = whole ? 0 : await restOf(file, block, to, offset, good);
    yield { damage: { block, offset, bytes: to - block, unpacked, detail: says } };
    block = to;
  }
}

/** Nothing but zeros to the end of the file, or zeros (or nothing) and another member. */
async function followed(file: FileWindow, end: number, limits: UnpackLimits): Promise<boolean> {
  const data = await afterZeros(file, end);
  return data === file.size || memberOpens(file, data, limits);
}

/** Sizes per packed byte that the end of a member is believed to tell of text. */
const [LEAST_RATIO, MOST_RATIO] = [1.1, 50];
/** Of what its packed bytes let expect, where members before it can tell: more or less is the size of another one. */
const [LEAST_SHARE, MOST_SHARE] = [0.6, 1.7];

/**
 * Unpacked bytes of a damaged member that did not come out: its last four bytes tell its size, if no other member is
 * lost with it. How far the packed bytes were read is no measure: that differs between versions of zlib.
 * @param end where the next member begins
 */
async function restOf(file: FileWindow, block: number, end: number, came: number, good: Good): Promise<number> {
  const packed = end - block;
  const expected = lostBytes(packed, good.unpacked, good.packed);
  const tail = Buffer.from(await file.copy(end - 4, 4));
  const told = tail.length === 4 ? tail.readUInt32LE(0) : 0;
  const [least, most] =
    good.packed > 0
      ? [LEAST_SHARE * expected, MOST_SHARE * expected]
      : [Math.max(came, packed * LEAST_RATIO), packed * MOST_RATIO];
  return Math.max(0, (told >= least && told <= most ? told : expected) - came);
}

/** What is wrong with the end of a member, or null. */
async function trailerFault(
  file: FileWindow,
  member: Member,
  block: number,
  header: MemberHeader,
  bytes: number,
  crc: number,
): Promise<string | null> {
  const end = block + header.bytes + member.consumed();
  const trailer = Buffer.from(await file.copy(end, TRAILER_BYTES));
  if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== bytes % 2 ** 32)
    return `expected checksum ${trailer.readUInt32LE(0)} and ${trailer.readUInt32LE(4)} bytes, got ${crc} and ${bytes}`;
  if (header.end !== null && header.end !== end + TRAILER_BYTES)
    return `expected a gzip member of ${header.end - block} bytes, got one of ${end + TRAILER_BYTES - block}`;
  return null;
}

/** Bytes that are no member, in words. @param zeros with which they begin. @param toEnd of the file */
export const otherBytes = (zeros: number, toEnd: boolean): string =>
  zeros === 0
    ? 'other bytes'
    : `${zeros} zero byte${zeros === 1 ? '' : 's'}${toEnd ? ' to the end of the file: the copy did not end' : ''}`;

/** The first byte from `from` on that is not zero; the size of the file where all are. */
export async function afterZeros(file: FileWindow, from: number): Promise<number> {
  for (let at = from; at < file.size; ) {
    const bytes = await file.at(at);
    const data = bytes.findIndex((b) => b !== 0);
    if (data >= 0) return at + data;
    at += bytes.length;
  }
  return file.size;
}
