import { rootTable, viewOf } from './flat.ts';

/** Of a message that holds a schema. */
const SCHEMA = 1;
const LEAST_BYTES = 16;
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Do the bytes begin with the schema of an Arrow stream? Before format version 5, and with `use_legacy_format`, its
 * size comes first, later a marker of four bytes before that.
 */
export function isSchemaMessage(bytes: Uint8Array): boolean {
  if (bytes.length < 8 + LEAST_BYTES) return false;
  const view = viewOf(bytes);
  const start = view.getUint32(0, true) === 0xffffffff ? 8 : 4;
  const size = view.getInt32(start - 4, true);
  if (size < LEAST_BYTES || size > MOST_BYTES || size % 4 !== 0) return false;
  try {
    const message = rootTable(bytes.subarray(start, start + size));
    const version = message.int16(0);
    return message.at >= 4 && version >= 0 && version <= 4 && message.uint8(1) === SCHEMA && message.field(2) > 0;
  } catch (error) {
    // A place outside of these bytes: they are something else.
    if (error instanceof RangeError) return false;
    throw error;
  }
}
