import { constants, crc32, createInflateRaw, type InflateRaw } from 'node:zlib';
import { ratioDamage, type Unpacked, type UnpackLimits } from './piece.ts';
import type { FileWindow } from './window.ts';

const INPUT_BYTES = 64 * 1024;
/** Measured: the default of 16 KiB costs a fifth. */
const OUTPUT_BYTES = 64 * 1024;
const TRAILER_BYTES = 8;

/**
 * Unpacks gzip, member by member (RFC 1952); every member is a block of its own. Zero bytes after a member are padding; anything else that
 * is not a member, a wrong checksum or length, and a cut-off end are damage, and end the file.
 */
export async function* readGzip(file: FileWindow, limits: UnpackLimits): AsyncGenerator<Unpacked> {
  for (let block = 0; block < file.size; ) {
    const lost = (offset: number, detail: string): Unpacked => ({
      damage: { block, offset, bytes: file.size - block, detail },
    });
    const header = await headerBytes(file, block);
    if (header === null) {
      if (block > 0 && (await onlyZeros(file, block))) return;
      yield lost(0, `expected a gzip member at byte ${block}, came other bytes`);
      return;
    }
    const member = inflateMember(file, block + header, limits);
    let crc = 0;
    let offset = 0;
    for await (const bytes of member.pieces) {
      crc = crc32(bytes, crc);
      yield { block, offset, bytes };
      offset += bytes.length;
    }
    const error = member.error();
    if (error !== null) {
      yield lost(offset, error);
      return;
    }
    const end = block + header + member.consumed();
    const trailer = Buffer.from(await file.copy(end, TRAILER_BYTES));
    if (!member.ended() || trailer.length < TRAILER_BYTES) {
      yield lost(offset, `expected the end of the gzip member at byte ${block}, came the end of the file`);
      return;
    }
    if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== offset % 2 ** 32) {
      yield lost(
        offset,
        `expected checksum ${trailer.readUInt32LE(0)} and ${trailer.readUInt32LE(4)} bytes, came ${crc} and ${offset}`,
      );
      return;
    }
    block = end + TRAILER_BYTES;
  }
}

/** Length of the member header at `at`, or null when there is none. */
async function headerBytes(file: FileWindow, at: number): Promise<number | null> {
  let b = await file.at(at, 10);
  if (b.length < 10 || b[0] !== 0x1f || b[1] !== 0x8b || b[2] !== 8) return null;
  const flags = b[3];
  let length = 10;
  if (flags & 4) {
    b = await file.at(at, length + 2);
    length += 2 + b[length] + 256 * b[length + 1];
  }
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    b = await file.at(at, length + 64 * 1024);
    const nul = b.indexOf(0, length);
    if (nul < 0) return null;
    length = nul + 1;
  }
  if (flags & 2) length += 2;
  return Number.isNaN(length) ? null : length;
}

async function onlyZeros(file: FileWindow, from: number): Promise<boolean> {
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
      error = `expected deflate data, came damage after ${out} unpacked bytes (${e.code ?? e.message})`;
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
