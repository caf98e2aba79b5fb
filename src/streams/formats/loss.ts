/** Documents that are lost with input that cannot be read. */
export interface Loss {
  readonly rows: number;
  /** Nothing tells how many they are: by the bytes of those around them. Absent: counted. */
  readonly estimated?: true;
  /** Nothing of the file was read that could tell: totals of the run estimate it by what was read of others. */
  readonly blind?: Blind;
}

/** How bytes of input are compared: unpacked bytes of lines of text, file bytes of Parquet and Arrow. */
export type SeenUnit = 'lines' | 'parquet' | 'arrow';

/** Bytes that are lost, where only other files can tell how many documents they hold. */
export interface Blind {
  readonly unit: SeenUnit;
  readonly bytes: number;
}

/** Documents that were read well, and how many bytes of it they took. */
export interface Seen extends Blind {
  readonly documents: number;
}

/** Bytes of a document where none was read that could tell. */
const ASSUMED_DOCUMENT_BYTES = 2048;

/** So many as a footer, an index or a header tells; what it says of none is one at least. */
export const toldLoss = (rows: number): Loss => ({ rows: Math.max(1, rows) });

/**
 * How many documents lost bytes stand for, at the size of those that were read.
 * @param unit of the bytes. @param bytes lost.
 * @param documents read from the same range, and `ofBytes`: how many such bytes they took
 */
export function estimatedLoss(unit: SeenUnit, bytes: number, documents = 0, ofBytes = 0): Loss {
  const known = documents > 0 && ofBytes > 0;
  const each = known ? ofBytes / documents : ASSUMED_DOCUMENT_BYTES;
  const rows = Math.max(1, Math.round(bytes / each));
  return { rows, estimated: true, ...(known || bytes === 0 ? {} : { blind: { unit, bytes } }) };
}
