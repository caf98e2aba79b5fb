import { InputError } from '../../errors.ts';
import { shownUrl } from '../../files/stores/url.ts';
import type { FileWindow } from '../codecs/window.ts';
import type { ReadOptions } from '../inputs/read-options.ts';
import type { InputRange, PlannedFile } from '../plan/splits.ts';
import type { ReadContext, ReadEvent } from './context.ts';
import type { Format } from './names.ts';

/** The first bytes of a file, and what its name says. */
export interface Head {
  /** Its first SNIFF_BYTES bytes. */
  readonly bytes: Uint8Array;
  /** The first bytes of its content: `bytes` itself when it is not packed. */
  readonly unpacked: Uint8Array;
  /** Extension without the dot and that of the packing, lower case; '' for none. */
  readonly extension: string;
}

/** A range, and the text bytes expected in it. */
export interface Part {
  readonly range: InputRange;
  readonly textBytes: number;
}

/** How a file is cut. */
export interface FileParts {
  readonly parts: readonly Part[];
  /** Row groups or record batches of the file: what the reader must find there again. Of other formats absent. */
  readonly units?: number;
}

/** Where a file is cut, and into what size. */
export interface Cutting {
  /** Index of the file in the plan. */
  readonly index: number;
  readonly options: ReadOptions;
  /** Text bytes that a part aims at. */
  readonly splitBytes: number;
  /** gzip: text bytes that are expected, see `gzipText`. */
  readonly gzipBytes: number;
  /** Unpacked bytes per packed one at the beginning; null where that is not known. */
  readonly ratio: number | null;
}

/** Reads one range of a file. */
export type Reader = (
  file: PlannedFile,
  range: InputRange,
  window: FileWindow,
  context: ReadContext,
) => AsyncGenerator<ReadEvent>;

/** A field that records of a file have. */
export interface FieldSeen {
  /** Dotted for members of objects. */
  readonly name: string;
  readonly types: readonly string[];
  /** Share of the records looked at that have it; null where the file's schema says it. */
  readonly share: number | null;
  /** Mean characters of its strings; 0 for other types. */
  readonly meanLength: number;
}

export interface FileFields {
  readonly fields: readonly FieldSeen[];
  /** Records of the whole file, where it says so. */
  readonly rows: number | null;
}

/** All that is to be known of one input format. Readers are loaded when first needed. */
export interface InputFormat {
  readonly name: Format;
  /** Extensions of such files: lower case, without the dot. */
  readonly extensions: readonly string[];
  /** Do the bytes of an unpacked file begin as only this format does? Then the name does not matter. */
  readonly magic?: (head: Head) => boolean;
  /** May a file be packed with gzip or zstd? */
  readonly packed: boolean;
  /**
   * What a range counts: row groups or record batches by number, bytes where lines start, bytes where records start, or
   * the whole file. Only a range of lines may be cut anywhere.
   */
  readonly ranges: 'units' | 'lines' | 'records' | 'whole';
  /** Cuts a file into parts. Errors: InputError when it cannot be read; damage is planned as one range. */
  cut(file: PlannedFile, cutting: Cutting): Promise<FileParts>;
  reader(): Promise<Reader>;
  /** Fields of its records, by its schema or its first records; absent where records have none. Throws on damage. */
  fields?(file: PlannedFile, window: FileWindow): Promise<FileFields>;
  /** Rows of every unit, where the file says so. Throws on damage. */
  unitRows?(window: FileWindow, options: ReadOptions): Promise<readonly number[]>;
}

/** Units of a file (row groups, record batches) in runs of about `splitBytes`. */
export function unitParts(units: readonly { readonly bytes: number }[], file: number, splitBytes: number): FileParts {
  const parts: Part[] = [];
  let start = 0;
  let textBytes = 0;
  units.forEach(({ bytes }, i) => {
    if (i > start && textBytes + bytes > splitBytes) {
      parts.push({ range: { file, start, end: i }, textBytes });
      start = i;
      textBytes = 0;
    }
    textBytes += bytes;
  });
  if (units.length > start) parts.push({ range: { file, start, end: units.length }, textBytes });
  return { parts, units: units.length };
}

/** One range for a file whose footer is damaged: the reader meets the damage again, and says what is lost. */
export const damagedWhole = (file: PlannedFile, index: number): FileParts => ({
  parts: [{ range: { file: index, start: 0, end: Number.MAX_SAFE_INTEGER, damaged: true }, textBytes: file.size }],
});

/** An error of the disk, of a changed file or of a module that is not there is no damage of the input: it is thrown. */
export function damageOnly(error: unknown): Error {
  const { parts, syscall, code } = error as { parts?: unknown; syscall?: unknown; code?: unknown };
  const foreign = typeof code === 'string' && /^ERR_(MODULE|PACKAGE|UNSUPPORTED|DLOPEN|WORKER)/.test(code);
  if (!(error instanceof Error) || parts !== undefined || syscall !== undefined || foreign) throw error;
  if (error instanceof ReferenceError || error.name === 'AbortError') throw error;
  return error;
}

/** Throws when a file has other units than at planning: some would be read twice, or never. */
export function refuseOtherUnits(file: PlannedFile, range: InputRange, found: number): void {
  if (range.damaged || file.units === found) return;
  throw new InputError({
    expected: `a file of ${file.units ?? 'an unknown number of'} row groups or record batches, as planned`,
    got: `${found} of them`,
    where: shownUrl(file.absolutePath),
    fix: 'The file has changed, or could not be read well when the run was planned: start again with --fresh.',
  });
}
