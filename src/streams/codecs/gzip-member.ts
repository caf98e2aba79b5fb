import { constants, createInflateRaw, type InflateRaw } from 'node:zlib';
import { ratioDamage, type UnpackLimits } from './piece.ts';
import type { FileWindow } from './window.ts';

const INPUT_BYTES = 64 * 1024;
/** Measured: the default of 16 KiB costs a fifth. */
export const OUTPUT_BYTES = 64 * 1024;
/** Checksum and size after the data of a member. */
export const TRAILER_BYTES = 8;

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

/** Deflate data of a member, while it is unpacked. */
export interface Member {
  readonly pieces: AsyncGenerator<Uint8Array>;
  /** Packed bytes taken so far. */
  consumed(): number;
  /** The deflate data said that it is complete. */
  ended(): boolean;
  /** What is wrong with it, or null. */
  error(): string | null;
}

/** Raw deflate data from `start` on, until it says that it ends. */
export function inflateMember(file: FileWindow, start: number, limits: UnpackLimits): Member {
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
