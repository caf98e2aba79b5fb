/** Documents that are lost with input that cannot be read. */
export interface Loss {
  readonly rows: number;
  /** Nothing tells how many they are: by the bytes of those around them. Absent: counted. */
  readonly estimated?: true;
}

/** Bytes of a document where none was read that could tell. */
const ASSUMED_DOCUMENT_BYTES = 2048;

/** So many as a footer, an index or a header tells; what it says of none is one at least. */
export const toldLoss = (rows: number): Loss => ({ rows: Math.max(1, rows) });

/**
 * How many documents lost bytes stand for, at the size of those that were read.
 * @param bytes lost. @param documents read from the same range, and `ofBytes`: how many such bytes they took
 */
export function estimatedLoss(bytes: number, documents = 0, ofBytes = 0): Loss {
  const each = documents > 0 && ofBytes > 0 ? ofBytes / documents : ASSUMED_DOCUMENT_BYTES;
  return { rows: Math.max(1, Math.round(bytes / each)), estimated: true };
}
