import type { TokenRows } from '../../streams/tokens/documents.ts';
import type { TokenVocabulary } from '../../streams/tokens/token-kind.ts';

/** What a format is told before the first row. */
export interface ExportPlace {
  /** Absolute; for the files of this export alone, which get their place in the output later. */
  readonly folder: string;
  /** `train` or `val`. */
  readonly part: ExportPart;
  readonly vocabulary: TokenVocabulary;
}

export type ExportPart = 'train' | 'val';

/** What came of one part. */
export interface Exported {
  /** Names of files in the folder, in the order in which they are put in place: what readers look for comes last. */
  readonly files: readonly string[];
  readonly rows: number;
  readonly tokens: number;
  /** Documents without a single token, which the format cannot hold. */
  readonly empty: number;
}

export interface ExportWriter {
  /** Writes rows; they may be let go when it resolves. One call at a time. */
  write(rows: TokenRows): Promise<void>;
  /** Null: there was not a row, and there is no file. */
  finish(): Promise<Exported | null>;
  /** Closes what is open; what was written is thrown away with the folder. */
  abort(): Promise<void>;
}

/** One kind of file that trainers read. */
export interface ExportFormat {
  readonly name: string;
  /** One line for the help. */
  readonly about: string;
  /** What a row may be; the first is the default. */
  readonly rows: readonly ('documents' | 'sequences')[];
  /** Share of documents put apart for validation unless told otherwise. */
  readonly valShare: number;
  open(place: ExportPlace): Promise<ExportWriter>;
  /** Things to know about the files with this vocabulary. */
  notes(vocabulary: TokenVocabulary): readonly string[];
  /** A further file that says what the ids are; written once both parts are done. */
  meta?(facts: MetaFacts): { readonly name: string; readonly data: string | Uint8Array }[];
}

export interface MetaFacts {
  readonly tokenizer: string;
  readonly vocabulary: TokenVocabulary;
  readonly tokens: Readonly<Partial<Record<ExportPart, number>>>;
}

/** Rows `from` to `to`, without a copy; their first offset is that of the row. */
export const rowsBetween = (rows: TokenRows, from: number, to: number): TokenRows => ({
  ids: rows.ids,
  offsets: rows.offsets.subarray(from, to + 1),
  domains: rows.domains.slice(from, to),
  ...(rows.names && { names: rows.names.slice(from, to) }),
  ...(rows.starts && { starts: rows.starts.slice(from, to) }),
});

/** Ids of the rows, as they stand in memory. */
export const idsOf = ({ ids, offsets }: TokenRows): TokenRows['ids'] =>
  ids.subarray(offsets[0], offsets[offsets.length - 1]);

/** The bytes of ids; every machine that Node runs on is little-endian. */
export const bytesOf = (ids: {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
}): Uint8Array => new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
