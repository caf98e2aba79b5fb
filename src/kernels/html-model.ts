import { readFileSync } from 'node:fs';

/**
 * Trees that tell the blocks of a page apart. `scripts/make/html-model.py` trains them, and describes the
 * file; its bytes are copied into the kernel as they are.
 */
export interface HtmlModel {
  readonly bytes: Uint8Array;
  /** Where the trees begin, and how many there are. */
  readonly at: number;
  readonly trees: number;
}

const FILE = new URL('../../models/html/blocks.bin', import.meta.url);
/** Bytes of a node: feature u16, threshold i32, child where the value is at most that i16, other child i16. */
export const NODE_BYTES = 10;

let loaded: HtmlModel | null = null;

/** The model that ships; read once per thread. */
export function htmlModel(): HtmlModel {
  loaded ??= parsed(new Uint8Array(readFileSync(FILE)));
  return loaded;
}

/** Bytes before the first tree: version and number of trees, u32 each. */
const HEAD_BYTES = 8;

function parsed(bytes: Uint8Array): HtmlModel {
  const trees = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(4, true);
  return { bytes, at: HEAD_BYTES, trees };
}
