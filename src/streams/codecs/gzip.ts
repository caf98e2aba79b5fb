import { constants, crc32, createInflateRaw, type InflateRaw } from 'node:zlib';
import { lostBytes, ratioDamage, type Unpacked, type UnpackLimits } from './piece.ts';
import type { FileWindow } from './window.ts';

const INPUT_BYTES = 64 * 1024;
/** Measured: the default of 16 KiB costs a fifth. */
const OUTPUT_BYTES = 64 * 1024;
const TRAILER_BYTES = 8;

/**
 * Unpacks gzip from the member at `start` on, member by member (RFC 1952); every member is a block of its own. Zero
 * bytes after a member are padding; anything else that is not a member, a wrong checksum or length, and a cut-off end
 * are damage, and end the file. A damaged member that says how long it is (bgzip) is passed over: the members after it
 * do not depend on it.
 */
export async function* readGzip(file: FileWindow, limits: UnpackLimits, start = 0): AsyncGenerator<Unpacked> {
  for (let block = start; block < file.size; ) {
    const header = await memberHeader(file, block);
    const next = header?.end ?? file.size;
    const lost = (offset: number, detail: string, unpacked: number): Unpacked => ({
      damage: { block, offset, bytes: next - block, unpacked, detail },
    });
    if (header === null) {
      if (block > 0 && (await onlyZeros(file, block))) return;
      yield lost(0, `expected a gzip member at byte ${block}, got other bytes`, lostBytes(next - block));
      return;
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
    if (member.error() === null && (!member.ended() || end > file.size)) {
      // All of its bytes were unpacked.
      const got = 'the end of the file: it is cut off, and what is missing is unknown';
      const detail = `expected the end of the gzip member at byte ${block}, got ${got}`;
      yield { damage: { block, offset, bytes: 0, unpacked: 0, detail, cut: true } };
      return;
    }
    const detail = member.error() ?? (await trailerFault(file, member, block, header, offset, crc));
    if (detail !== null) {
      // Damage may look like the end of the member: then what is left of the file is lost with it.
      const early = member.error() !== null || (end < next && !(await onlyZeros(file, end)));
      yield lost(offset, detail, early ? await restOf(file, block, next, offset) : 0);
    }
    if (detail !== null && header.end === null) return;
    block = header.end ?? end;
  }
}

/** Sizes per packed byte that the end of a member is believed to tell of text. */
const [LEAST_RATIO, MOST_RATIO] = [1.1, 50];

/**
 * Unpacked bytes of a damaged member that did not come out: its last four bytes tell its size, if it is the last one.
 * How far the packed bytes were read is no measure: that differs between versions of zlib.
 */
async function restOf(file: FileWindow, block: number, end: number, came: number): Promise<number> {
  const packed = end - block;
  const tail = Buffer.from(await file.copy(end - 4, 4));
  const told = tail.length === 4 ? tail.readUInt32LE(0) : 0;
  if (told >= Math.max(came, packed * LEAST_RATIO) && told <= packed * MOST_RATIO) return told - came;
  return Math.max(0, lostBytes(packed) - came);
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

export interface MemberHeader {
  /** Bytes of the header. */
  readonly bytes: number;
  /** One past the member, where its header says so (bgzip) and another member or the end of the file is there. */
  readonly end: number | null;
}

/** Header of the member at `at`, or null when there is none. */
export async function memberHeader(file: FileWindow, at: number): Promise<MemberHeader | null> {
  let b = await file.peek(at, 18);
  if (b.length < 10 || b[0] !== 0x1f || b[1] !== 0x8b || b[2] !== 8) return null;
  const flags = b[3];
  let bytes = 10;
  let end: number | null = null;
  if (flags & 4) {
    const length = b[bytes] + 256 * b[bytes + 1];
    b = await file.peek(at, bytes + 2 + (length || 0));
    end = await blockedEnd(file, at, b.subarray(bytes + 2, bytes + 2 + length));
    bytes += 2 + length;
  }
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    b = await file.peek(at, bytes + 64 * 1024);
    const nul = b.indexOf(0, bytes);
    if (nul < 0) return null;
    bytes = nul + 1;
  }
  if (flags & 2) bytes += 2;
  return Number.isNaN(bytes) ? null : { bytes, end };
}

/**
 * The end of a member by its BC field (SAM specification, section 4.1), when it leads to another such member or the end
 * of the file.
 */
async function blockedEnd(file: FileWindow, at: number, extra: Uint8Array): Promise<number | null> {
  for (let i = 0; i + 4 <= extra.length; i += 4 + extra[i + 2] + 256 * extra[i + 3]) {
    if (extra[i] !== 0x42 || extra[i + 1] !== 0x43 || extra[i + 2] !== 2 || extra[i + 3] !== 0 || i + 6 > extra.length)
      continue;
    const end = at + extra[i + 4] + 256 * extra[i + 5] + 1;
    if (end === file.size) return end;
    const b = await file.peek(end, 4);
    return b.length === 4 && b[0] === 0x1f && b[1] === 0x8b && b[2] === 8 && (b[3] & 4) !== 0 ? end : null;
  }
  return null;
}

/** Nothing but zero bytes from `from` to the end: padding. */
export async function onlyZeros(file: FileWindow, from: number): Promise<boolean> {
  for (let at = from; at < file.size; ) {
    const bytes = await file.at(at);
    if (bytes.some((b) => b !== 0)) return false;
    at += bytes.length;
  }
  return true;
}

interface Member {
  readonly pieces: AsyncGenerator<Uint8Array>;
  /** Packed bytes taken so far. */
  consumed(): number;
  /** The deflate data said that it is complete. */
  ended(): boolean;
  /** What is wrong with it, or null. */
  error(): string | null;
}

/** Raw deflate data from `start` on, until it says that it ends. */
function inflateMember(file: FileWindow, start: number, limits: UnpackLimits): Member {
  // Sync flush: a cut-off end is no error of zlib's, and everything before it comes out.
  const inflate: InflateRaw = createInflateRaw({ chunkSize: OUTPUT_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
  let error: string | null = null;
  let fed = 0;
  let out = 0;
  let atEnd = false;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let wake: () => void = () => {};
    let taken = true;
    let finished = false;
    inflate.on('readable', () => wake());
    inflate.on('end', () => {
      finished = true;
      wake();
    });
    inflate.on('error', (e: NodeJS.ErrnoException) => {
      error = `expected deflate data, got damage after ${out} unpacked bytes (${e.code ?? e.message})`;
      wake();
    });
    try {
      for (;;) {
        const chunk = inflate.read() as Uint8Array | null;
        if (chunk !== null) {
          out += chunk.length;
          yield chunk;
          continue;
        }
        if (error !== null) return;
        if (finished || taken) {
          // Asked only when a chunk is used up: how pieces fall within it is a matter of timing.
          error = ratioDamage(out, fed, limits);
          if (finished || error !== null) return;
        }
        if (taken && !atEnd) {
          // Stands until it is taken: nobody else reads from the window meanwhile.
          const bytes = (await file.at(start + fed, INPUT_BYTES)).subarray(0, INPUT_BYTES);
          fed += bytes.length;
          atEnd = start + fed >= file.size;
          taken = false;
          inflate.write(bytes, () => {
            taken = true;
            wake();
          });
          if (atEnd) inflate.end();
          continue;
        }
        await new Promise<void>((r) => {
          wake = r;
        });
      }
    } finally {
      inflate.destroy();
    }
  }
  return {
    pieces: pieces(),
    consumed: () => inflate.bytesWritten,
    ended: () => error === null && inflate.bytesWritten < fed,
    error: () => error,
  };
}
