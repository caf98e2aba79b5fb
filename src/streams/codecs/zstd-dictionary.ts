import type { FileWindow } from './window.ts';
import type { FrameHeader } from './zstd-frames.ts';
import { loadZstdUnpack } from './zstd-memory.ts';

/** A dictionary in the format of RFC 8878, section 5. */
export interface ZstdDictionary {
  readonly id: number;
  /** With its magic number. */
  readonly bytes: Uint8Array;
}

/** The skippable frame of `.warc.zst` that holds a dictionary, itself packed or not. */
const FRAME_MAGIC = 0x184d2a5d;
const DICTIONARY_MAGIC = 0xec30a437;
const ZSTD_MAGIC = 0xfd2fb528;
/** Dictionaries in use have 0.1 to 1 MB. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Does a file begin with a frame that may hold a dictionary? @param head its first 8 bytes or more */
export const mayHaveDictionary = (head: Uint8Array): boolean => word(head, 0) === FRAME_MAGIC;

/** The dictionary that a file begins with; null where there is none; what is wrong with it. */
export async function dictionaryOf(file: FileWindow): Promise<ZstdDictionary | string | null> {
  const head = await file.peek(0, 12);
  if (!mayHaveDictionary(head)) return null;
  const size = word(head, 4);
  const magic = word(head, 8);
  if (magic !== ZSTD_MAGIC && magic !== DICTIONARY_MAGIC) return null;
  if (size > MOST_BYTES) return `expected a zstd dictionary of at most ${MOST_BYTES} bytes, got ${size}`;
  let bytes: Uint8Array = (await file.peek(8, size)).slice();
  if (bytes.length < size) return 'expected a zstd dictionary, got the end of the file';
  if (magic === ZSTD_MAGIC) {
    const unpack = await loadZstdUnpack();
    try {
      bytes = unpack(bytes, MOST_BYTES);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return 'expected a packed zstd dictionary, got damage';
    }
    // A packed frame of anything else is skipped, as such frames are.
    if (word(bytes, 0) !== DICTIONARY_MAGIC) return null;
  }
  return { id: word(bytes, 4), bytes };
}

/** Why a frame cannot be unpacked with the dictionary of its file, or null. */
export function dictionaryFault(
  { dictionary: needed }: Pick<FrameHeader, 'dictionary'>,
  found: ZstdDictionary | string | null,
): string | null {
  if (typeof found === 'string') return found;
  if (needed === 0 || found?.id === needed) return null;
  const other = found === null ? 'which the file does not begin with' : `but the file begins with ${found.id}`;
  return `needs zstd dictionary ${needed}, ${other}: ${WAY}`;
}

const WAY = 'zstd -dc -D DICTIONARY FILE | sluice run ... --input -';

const word = (b: Uint8Array, at: number): number =>
  b.length < at + 4 ? 0 : (b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24)) >>> 0;
