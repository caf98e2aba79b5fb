import type { Delimiter, Format } from '../formats/names.ts';

/** How the bytes of an input file are packed. */
export type Codec = 'none' | 'gzip' | 'zstd';

/**
 * A part of one file that is read in one go. Offsets are file bytes. Plain JSONL: the lines that START in [start, end).
 * zstd: the frames that start in [start, end). Parquet: row groups, Arrow: record batches, numbered from `start`
 * (inclusive) to `end` (exclusive). gzip: the whole file, or the members of a blocked file (bgzip) that start in
 * [start, end). Text: the whole file.
 */
export interface InputRange {
  /** Index into `SplitPlan.files`. */
  readonly file: number;
  readonly start: number;
  readonly end: number;
  /**
   * JSONL in one gzip stream or one zstd frame: `start` and `end` are unpacked bytes; the file is unpacked from its
   * beginning.
   */
  readonly unpacked?: true;
  /** zstd, gzip: start of the frame or member with data before `start`, to see whether a line runs over the cut. */
  readonly previous?: number;
  /** Parquet, Arrow: its footer could not be understood at planning; one range for all that the file still gives. */
  readonly damaged?: true;
}

/** The unit of commit and resume: about 32 MB of text. Depends on input and recipe only. */
export interface Split {
  readonly index: number;
  readonly ranges: readonly InputRange[];
  /** Text bytes that are expected in it; for progress and the byte budget, never for correctness. */
  readonly estimatedTextBytes: number;
}

export interface PlannedFile {
  /** Relative to the input root, forward slashes: the `file` column. */
  readonly path: string;
  /** Of an object in a store: its URL. */
  readonly absolutePath: string;
  readonly format: Format;
  readonly codec: Codec;
  /** Encoding of its text, as `encodingOf` names it; absent: UTF-8, or a format that has none. */
  readonly encoding?: string;
  /** CSV: what ends a field, where it is not what the name says. */
  readonly delimiter?: Delimiter;
  /** zstd: bytes of memory that unpacking takes, where its window is larger than usual (`zstd --long`). */
  readonly windowBytes?: number;
  /** Bytes on disk. */
  readonly size: number;
  /** Of a packed file that is one document: bytes of text that are expected, where they are more than on disk. */
  readonly textBytes?: number;
  /** Parquet, Arrow: row groups or record batches found at planning; the reader must find as many. */
  readonly units?: number;
  /** 0 of a copy of a pipe, and of an object in a store. */
  readonly mtimeMs: number;
  /** xxh64 (hex) over the first and the last 64 KB; of an object in a store over what names its content. */
  readonly probeHash: string;
  /** Of an object in a store: what names its content (`ETag`, commit, `Last-Modified`). Every read asks for it. */
  readonly version?: string;
  /** Of an object in a store: it is not kept in the local cache, because the input is larger than that. */
  readonly uncached?: true;
}

export interface SplitPlan {
  readonly version: 1;
  readonly files: readonly PlannedFile[];
  readonly splits: readonly Split[];
  /** Files that were passed over, with the reason (binary, hidden, link that leaves the root, unknown format). */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Files whose name and content disagree, empty files and the like: said aloud, not fatal. */
  readonly warnings: readonly string[];
}

/** Bytes of text that a split aims at. */
export const SPLIT_TEXT_BYTES = 32 * 1024 * 1024;
/** Bytes of text that a batch aims at (measured best between 1 and 4 MB). */
export const BATCH_TEXT_BYTES = 1024 * 1024;
