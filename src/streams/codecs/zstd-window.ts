import { zstdMemory } from '../../kernels/zstd.ts';
import { type FilePlace, openPlanned } from './window.ts';
import { frameAt, frameHeaderOf, SKIPPABLE_MAGIC, SKIPPABLE_MASK, type ZstdFrame } from './zstd-frames.ts';

/** What a window may take without being counted: that of `zstd` without --long. */
export const WINDOW_LIMIT = 128 * 1024 * 1024;
/** More memory than this no WebAssembly module has, with what else it needs. */
export const MOST_WINDOW_MEMORY = 3.5e9;

/** Memory that unpacking a frame takes, or 0 where its window is of a usual size. */
export function windowMemory({ windowSize, contentAtMost }: ZstdFrame): number {
  const window = Math.min(windowSize, contentAtMost);
  return window > WINDOW_LIMIT ? zstdMemory(window, contentAtMost) : 0;
}

/** Header of the first frame with data; null where there is none in `first`. */
function firstHeader(first: Uint8Array): ReturnType<typeof frameHeaderOf> | null {
  const word = (at: number): number =>
    at + 8 <= first.length ? Buffer.from(first.buffer, first.byteOffset + at, 4).readUInt32LE(0) : 0;
  let at = 0;
  while ((word(at) & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC) at += 8 + word(at + 4);
  return at < first.length ? frameHeaderOf(first.subarray(at)) : null;
}

/**
 * Memory that the frame of a zstd file with the largest window takes (`--long`); 0 where the first one asks for no more
 * than usual. Reads the headers of all blocks then.
 * @param first bytes of the file
 */
export async function largestWindow(place: FilePlace, first: Uint8Array): Promise<number> {
  const header = firstHeader(first);
  if (header === null || typeof header === 'string' || header.windowSize <= WINDOW_LIMIT) return 0;
  const { size } = place;
  const file = await openPlanned(place);
  let most = 0;
  try {
    for (let at = 0; at < size; ) {
      const { frame, damage } = await frameAt(file, at);
      if (frame !== null && !frame.skippable) most = Math.max(most, windowMemory(frame));
      if (frame === null || damage !== undefined) break;
      at = frame.end;
    }
  } finally {
    await file.close();
  }
  return most;
}
