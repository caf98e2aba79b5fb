/** Decompressed bytes, in order, and where they stand. */
export interface Piece {
  /** Compressed start of the gzip member or zstd frame; 0 in plain files. */
  readonly block: number;
  /** Decompressed offset in the block of the first byte; in plain files the file position. */
  readonly offset: number;
  /** Good until the next piece is asked for. */
  readonly bytes: Uint8Array;
}

/** Packed bytes that cannot be unpacked. Pieces that came before stand. */
export interface Damage {
  /** Block that is broken, and how many bytes of it came out well. */
  readonly block: number;
  readonly offset: number;
  /** Packed bytes that are lost. */
  readonly bytes: number;
  /** Unpacked bytes that are lost: as a header tells, else by how well what came before was packed. */
  readonly unpacked: number;
  /** What was expected and what came. */
  readonly detail: string;
  /** The file ends in the middle, and nothing tells what is missing. */
  readonly cut?: true;
}

export type Unpacked = Piece | { readonly damage: Damage };

/** What is believed of packed input. */
export interface UnpackLimits {
  /** Decompressed bytes per compressed byte, after RATIO_FREE_BYTES. */
  readonly maxRatio: number;
  /** Memory that a zstd window beyond the usual size may take. Default 0. */
  readonly windowBytes?: number;
}

/** Decompressed bytes of a block that may come at any ratio. */
export const RATIO_FREE_BYTES = 64 * 1024 * 1024;

/** Unpacked bytes per packed byte of text, where none came out that could tell. */
const TEXT_RATIO = 3.5;

/** Unpacked bytes of `packed` ones that are lost, after `came` came out of `read`; else by the usual ratio. */
export const lostBytes = (packed: number, came = 0, read = 0): number =>
  Math.round(Math.max(0, packed) * (came > 0 && read > 0 ? came / read : TEXT_RATIO));

/** Sentence about a ratio that is not believed, or null. */
export function ratioDamage(unpacked: number, packed: number, { maxRatio }: UnpackLimits): string | null {
  if (unpacked <= RATIO_FREE_BYTES || unpacked <= packed * maxRatio) return null;
  return `expected at most ${maxRatio} bytes for each packed byte, got ${unpacked} from ${packed}`;
}
