import { type KernelArena, kernelModule, openArena } from './arena.ts';
import type { ScanFields } from './reference/scanner.ts';

export type { ScanFault, ScanFields, ScannedRecord } from './reference/scanner.ts';

/** Bits of `ScannedLines.status`. Nothing else set: a document without id and domain. */
export const LINE = {
  /**
   * Not plain sailing (duplicate or escaped keys, another type, no JSON ...): ask `referenceRecord`. All its values are
   * empty.
   */
  irregular: 1,
  hasId: 2,
  hasDomain: 4,
  /** Longer than allowed. All its values are empty. */
  tooLong: 8,
} as const;

/** A utf8 column in kernel memory; row i is `values[offsets[i] .. offsets[i + 1])`. */
export interface ScannedColumn {
  readonly offsets: Int32Array;
  readonly values: Uint8Array;
}

/**
 * Records of some lines; blank lines are none. Everything is a view of kernel memory and dies at the next call of any
 * kernel function.
 */
export interface ScannedLines {
  readonly rows: number;
  /** Bytes of the chunk that were read; the rest needs another call. */
  readonly consumed: number;
  /** Where the line of each row starts and ends (newline excluded) in the chunk. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly status: Uint8Array;
  readonly text: ScannedColumn;
  readonly id: ScannedColumn;
  readonly domain: ScannedColumn;
  readonly metadata: ScannedColumn;
}

/**
 * Reads JSON lines to columns. Equal to `referenceRecord` for every row that is not irregular, provided the chunk is
 * valid UTF-8, which is the caller's to check.
 * @param chunk whole lines; the last one may lack its newline. @param maxLine bytes of the longest line that is read.
 */
export type ScanFunction = (chunk: Uint8Array, fields: ScanNames, maxLine: number) => ScannedLines;

/** Names that the kernel looks for; '' = none. Top-level members, but `inner` is a member of the object `metadata`. */
export interface ScanNames {
  readonly text: string;
  readonly id: string;
  readonly domain: string;
  readonly inner: string;
}

const METADATA = 'metadata';

/** The names of fields as the kernel can look for them, or null when only `referenceRecord` can read such fields. */
export function scanNames({ text, id, domain }: ScanFields): ScanNames | null {
  if (text.includes('.') || id.includes('.')) return null;
  const [first = '', second = '', ...more] = domain;
  if (more.length > 0) return null;
  const inMetadata = (name: string): string | null => {
    const [outer, inner, ...rest] = name.split('.');
    return outer === METADATA && inner !== undefined && inner !== '' && rest.length === 0 ? inner : null;
  };
  let names: ScanNames | null = null;
  if (second === '' && !first.includes('.')) names = { text, id, domain: first, inner: '' };
  // A member with the dots in its name is stronger than one inside `metadata`, and so is an earlier field than a later
  // one.
  else if (second === '' && inMetadata(first) !== null) names = { text, id, domain: first, inner: inMetadata(first)! };
  else if (!first.includes('.') && inMetadata(second) !== null)
    names = { text, id, domain: first, inner: inMetadata(second)! };
  if (names === null) return null;
  const top = [names.text, names.id, names.domain, METADATA].filter((n) => n !== '');
  return names.text !== '' && names.id !== '' && new Set(top).size === top.length ? names : null;
}

/** Rows of one call at most. */
const MAX_ROWS = 16384;
/** Vector stores may run over the end of a value; and the text is written from so many bytes before the chunk on. */
const SLACK = 64;

/** Scans with the kernel of an arena; frees what was in it. */
export function scannerOver(arena: KernelArena): ScanFunction {
  return (chunk, names, maxLine) => {
    arena.reset();
    arena.alloc(SLACK);
    return scanAt(arena, arena.copyIn(chunk), chunk.length, names, maxLine, false);
  };
}

/**
 * One line that is too long for a chunk, collected in kernel memory of its own, which is given back with it: the memory
 * of the thread's kernel never shrinks.
 */
export interface LongLine {
  readonly length: number;
  append(bytes: Uint8Array): void;
  /** The line as it came; a view that dies with `scan`. */
  bytes(): Uint8Array;
  /** Can the kernel read it? Leaves the bytes as they are. */
  isRegular(names: ScanNames): boolean;
  /** The one row of the line; the bytes are gone after it. */
  scan(names: ScanNames): ScannedLines;
}

/** @param capacity bytes that the line may have; memory is touched only as it fills. */
export async function openLongLine(capacity: number): Promise<LongLine> {
  const arena = openArena(await kernelModule());
  arena.alloc(SLACK);
  const at = arena.alloc(capacity + SLACK);
  arena.keep();
  let length = 0;
  const view = (from: number, bytes: number): Uint8Array =>
    new Uint8Array(arena.exports.memory.buffer, at + from, bytes);
  return {
    get length() {
      return length;
    },
    append(bytes) {
      view(length, bytes.length).set(bytes);
      length += bytes.length;
      view(length, SLACK).fill(0);
    },
    bytes: () => view(0, length),
    isRegular(names) {
      arena.reset();
      const { rows, status } = scanAt(arena, at, length, names, length, true);
      return rows === 1 && (status[0] & LINE.irregular) === 0;
    },
    scan(names) {
      arena.reset();
      return scanAt(arena, at, length, names, length, false);
    },
  };
}

function scanAt(
  arena: KernelArena,
  at: number,
  length: number,
  names: ScanNames,
  maxLine: number,
  dry: boolean,
): ScannedLines {
  const keys = [names.text, names.id, names.domain, names.inner].flatMap((n) => {
    const bytes = Buffer.from(n);
    return [arena.copyIn(bytes), bytes.length];
  });
  const maxRows = Math.min(MAX_ROWS, (length >> 1) + 1);
  const ints = (): number => arena.alloc(4 * (maxRows + 1));
  const values = (): number => arena.alloc(length + SLACK);
  const [start, end, status] = [ints(), ints(), arena.alloc(maxRows)];
  const textOffsets = ints();
  const [idOffsets, idValues, domainOffsets, domainValues, metadataOffsets, metadataValues] = [
    ints(),
    values(),
    ints(),
    values(),
    ints(),
    values(),
  ];
  const scratch = [values(), values(), values()];
  const words = [
    ...keys,
    start,
    end,
    status,
    textOffsets,
    idOffsets,
    idValues,
    domainOffsets,
    domainValues,
    metadataOffsets,
    metadataValues,
    ...scratch,
    0,
  ];
  const table = arena.copyInInt32(Int32Array.from(words));
  const consumed = arena.exports.scanLines(at, length, table, maxLine, maxRows, dry ? 1 : 0) >>> 0;
  const { buffer } = arena.exports.memory;
  const rows = new Int32Array(buffer, table, words.length)[words.length - 1];
  const column = (offsetsAt: number, valuesAt: number): ScannedColumn => {
    const offsets = new Int32Array(buffer, offsetsAt, rows + 1);
    return { offsets, values: new Uint8Array(buffer, valuesAt, offsets[rows]) };
  };
  return {
    rows,
    consumed,
    start: new Int32Array(buffer, start, rows),
    end: new Int32Array(buffer, end, rows),
    status: new Uint8Array(buffer, status, rows),
    text: column(textOffsets, at - SLACK),
    id: column(idOffsets, idValues),
    domain: column(domainOffsets, domainValues),
    metadata: column(metadataOffsets, metadataValues),
  };
}
