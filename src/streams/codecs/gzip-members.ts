import { constants, crc32, gunzipSync, inflateRawSync } from 'node:zlib';
import { afterZeros, otherBytes, readGzip } from './gzip.ts';
import { type MemberHeader, memberHeader, TRAILER_BYTES } from './gzip-member.ts';
import { isPadding } from './padding.ts';
import { lostBytes, type Unpacked, type UnpackLimits } from './piece.ts';
import type { FileWindow } from './window.ts';

/** Packed bytes that a member is tried with first; most records need less. */
const FIRST_BYTES = 256 * 1024;
/** Bytes in which the next member is looked for: those that are read already, then more. */
const LOOKS = [1, FIRST_BYTES, 8 * FIRST_BYTES];
/** Most pages unpack in one go: chunks would be put together once more. */
const OUTPUT_BYTES = 512 * 1024;
/** Bytes that are looked at together for the start of a member. */
const SCAN_BYTES = 256 * 1024;
/** Packed bytes that show how the content of a member begins. */
const HEAD_BYTES = 4096;

/** What a member must begin with, so that bytes which only look like one are passed over. */
export type StartOf = (head: Uint8Array) => boolean;

/** What came of one member: its bytes and its end, or why they are not there. */
type Inflated =
  | { readonly bytes: Uint8Array; readonly end: number }
  | { readonly fault: string; readonly cut?: true; readonly end?: number }
  | 'large';

/**
 * Unpacks the gzip members that start in file bytes [start, end), each in one go where it unpacks to `atMost` bytes at
 * most, and piece by piece where it is larger. After damage the next member whose content begins as `startOf` asks is
 * looked for: unlike `readGzip` no member is lost with the one before it.
 */
export async function* readGzipMembers(
  file: FileWindow,
  [start, end]: readonly [number, number],
  atMost: number,
  startOf: StartOf,
  limits: UnpackLimits,
): AsyncGenerator<Unpacked> {
  const stop = Math.min(end, file.size);
  for (let block = start; block < stop; ) {
    const header = await memberHeader(file, block);
    const data = header === null ? await afterZeros(file, block) : block;
    if (
      data > block &&
      isPadding(data - block, data) &&
      (data === file.size || (await beginsAs(file, data, startOf)))
    ) {
      block = data;
      continue;
    }
    const got: Inflated =
      header === null
        ? { fault: `expected a gzip member at byte ${block}, got ${otherBytes(data - block, data === file.size)}` }
        : ((await memberBeforeNext(file, block, header, atMost)) ?? (await inflateWhole(file, block, header, atMost)));
    if (got === 'large') {
      const next = yield* large(file, block, limits);
      block = next ?? (await nextMember(file, block + 1, stop, startOf)) ?? stop;
      continue;
    }
    if ('bytes' in got) {
      yield { block, offset: 0, bytes: got.bytes };
      block = got.end;
      continue;
    }
    const next =
      got.end === undefined
        ? ((await nextMember(file, block + 1, stop, startOf)) ?? stop)
        : ((await swallowed(file, [block + 1, Math.min(got.end, stop)], atMost, startOf)) ?? got.end);
    const lost = { block, offset: 0, bytes: next - block, unpacked: lostBytes(next - block), detail: got.fault };
    yield { damage: got.cut && next >= file.size ? { ...lost, cut: true } : lost };
    block = next;
  }
}

/** What zlib returns with `info`. */
interface Informed {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

const MAGIC = Buffer.of(0x1f, 0x8b, 8);

/**
 * A member that ends where the next one seems to begin, unpacked with its checksum in one call: a tenth faster than
 * finding its end. Null where that is not so; then the slow way says what is there.
 */
async function memberBeforeNext(
  file: FileWindow,
  at: number,
  header: MemberHeader,
  atMost: number,
): Promise<Inflated | null> {
  let packed: Buffer = Buffer.alloc(0);
  let found = -1;
  for (const want of LOOKS) {
    const view = await file.at(at, want);
    packed = Buffer.from(view.buffer, view.byteOffset, view.length);
    found = packed.indexOf(MAGIC, header.bytes);
    if (found >= 0 || at + packed.length >= file.size) break;
  }
  if (found < 0 && at + packed.length < file.size) return null;
  const length = found < 0 ? packed.length : found;
  if (length < header.bytes + TRAILER_BYTES) return null;
  try {
    // Its last bytes tell what it unpacks to: one buffer of that size.
    const told = packed.readUInt32LE(length - 4);
    const chunkSize = Math.max(64, Math.min(told + 1, atMost));
    const { buffer: bytes, engine } = gunzipSync(packed.subarray(0, length), {
      chunkSize,
      maxOutputLength: atMost,
      info: true,
    }) as unknown as Informed;
    // Of what follows a zero byte nothing is read, were it a whole member whose first byte is damaged.
    return told === bytes.length && engine.bytesWritten === length ? { bytes, end: at + length } : null;
  } catch {
    // Damage, a member that is too large, or bytes that only look like the beginning of the next one.
    return null;
  }
}

async function inflateWhole(file: FileWindow, at: number, header: MemberHeader, atMost: number): Promise<Inflated> {
  const from = at + header.bytes;
  for (let want = FIRST_BYTES; ; want *= 8) {
    const packed = (await file.at(from, want)).subarray(0, want);
    const all = from + packed.length >= file.size;
    let bytes: Uint8Array;
    let consumed: number;
    try {
      const { buffer, engine } = inflateRawSync(packed, {
        info: true,
        chunkSize: OUTPUT_BYTES,
        maxOutputLength: atMost,
      }) as unknown as Informed;
      bytes = buffer;
      consumed = engine.bytesWritten;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ERR_BUFFER_TOO_LARGE') return 'large';
      if (code !== 'Z_BUF_ERROR') return { fault: `expected deflate data, got damage (${code ?? message})` };
      if (!all) continue;
      const detail = `expected the end of the gzip member at byte ${at}, got the end of the file: it is cut off`;
      return { fault: detail, cut: true };
    }
    const end = from + consumed + TRAILER_BYTES;
    if (end > file.size)
      return { fault: `expected the checksum of the gzip member at byte ${at}, got the end of the file`, cut: true };
    const trailer = Buffer.from(await file.peek(from + consumed, TRAILER_BYTES));
    const [crc, length] = [trailer.readUInt32LE(0), trailer.readUInt32LE(4)];
    const own = crc32(bytes);
    if (crc === own && length === bytes.length % 2 ** 32) return { bytes, end };
    return { fault: `expected checksum ${crc} and ${length} bytes, got ${own} and ${bytes.length}`, end };
  }
}

/** So many records in the bytes of a bad member are tried: damage can be made to look like any number of them. */
const MOST_TRIED = 16;

/**
 * Where a whole member starts in the bytes [from, end) of one whose checksum is wrong: the unpacking of a member that
 * is cut in half runs on into the next ones, and ends anywhere in them. Null where none does.
 */
async function swallowed(
  file: FileWindow,
  [from, end]: readonly [number, number],
  atMost: number,
  startOf: StartOf,
): Promise<number | null> {
  let at = await nextMember(file, from, end, startOf);
  for (let tried = 0; at !== null && tried < MOST_TRIED; tried++) {
    const header = await memberHeader(file, at);
    const got = header === null ? null : await inflateWhole(file, at, header, atMost);
    if (got === 'large' || (got !== null && 'bytes' in got)) return at;
    at = await nextMember(file, at + 1, end, startOf);
  }
  return null;
}

/** A member piece by piece; returns where the next one starts, or null when damage hides that. */
async function* large(file: FileWindow, block: number, limits: UnpackLimits): AsyncGenerator<Unpacked, number | null> {
  for await (const piece of readGzip(file, limits, block)) {
    if ('damage' in piece) {
      if (piece.damage.block !== block) return piece.damage.block;
      // How far it reaches is found out by what comes after it.
      yield { damage: { ...piece.damage, unpacked: lostBytes(0) } };
      return null;
    }
    if (piece.block !== block) return piece.block;
    yield piece;
  }
  return file.size;
}

/** Where the first member at or after `from` starts, before `stop`; null when there is none. */
export async function nextMember(
  file: FileWindow,
  from: number,
  stop: number,
  startOf: StartOf,
): Promise<number | null> {
  for (let at = from; at < Math.min(stop, file.size); ) {
    const bytes = (await file.at(at, SCAN_BYTES)).subarray(0, SCAN_BYTES);
    let found = -1;
    for (let i = bytes.indexOf(0x1f); i >= 0; i = bytes.indexOf(0x1f, i + 1)) {
      if (i + 3 > bytes.length && at + bytes.length < file.size) break;
      if (bytes[i + 1] === 0x8b && bytes[i + 2] === 8 && (bytes[i + 3] & 0xe0) === 0) {
        found = i;
        break;
      }
    }
    if (found < 0) {
      // The last bytes may be the beginning of one.
      at += at + bytes.length >= file.size ? bytes.length : Math.max(1, bytes.length - 3);
      continue;
    }
    at += found;
    if (at >= stop) return null;
    if (await beginsAs(file, at, startOf)) return at;
    at++;
  }
  return null;
}

async function beginsAs(file: FileWindow, at: number, startOf: StartOf): Promise<boolean> {
  const header = await memberHeader(file, at);
  if (header === null) return false;
  const packed = (await file.at(at + header.bytes, HEAD_BYTES)).subarray(0, HEAD_BYTES);
  try {
    return startOf(inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 8 * 1024 * 1024 }));
  } catch {
    // Bytes that only look like a member.
    return false;
  }
}
