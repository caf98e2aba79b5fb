import { readFileSync } from 'node:fs';

/**
 * Two lists of trees that tell the blocks of a page apart. `scripts/make/html-model.py` trains them, and describes the
 * file; its bytes are copied into the kernel as they are.
 */
export interface HtmlModel {
  readonly bytes: Uint8Array;
  /** Where the trees of the first and of the second list begin, and how many there are. */
  readonly lists: readonly { readonly at: number; readonly trees: number }[];
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

function parsed(bytes: Uint8Array): HtmlModel {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const lists: { at: number; trees: number }[] = [];
  let at = 8;
  for (let list = 0; list < view.getUint32(4, true); list++) {
    const trees = view.getUint32(at, true);
    at += 4;
    lists.push({ at, trees });
    for (let t = 0; t < trees; t++) at += 4 + view.getUint16(at, true) * NODE_BYTES + view.getUint16(at + 2, true) * 4;
  }
  return { bytes, lists };
}
