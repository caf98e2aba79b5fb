import { type BpeKernel, ROW } from '../../kernels/bpe.ts';
import { normalFormC } from '../../unicode/normal-form.ts';
import type { TokenLists } from './tokenizer.ts';

/** Encodes the rows that are wanted; with `normalizes`, in NFC. */
export function encoderOf(
  kernel: BpeKernel,
  normalizes: boolean,
): (utf8: Uint8Array, offsets: Int32Array, wanted: Uint8Array | null) => TokenLists {
  return (utf8, offsets, wanted) => {
    const rows = offsets.length - 1;
    const changed = normalizes ? changedRows(kernel, utf8, offsets, wanted) : null;
    if (!changed || changed.size === 0) return kernel.encode(utf8, offsets, rows, wanted);
    const others = Uint8Array.from({ length: rows }, (_, row) =>
      wanted?.[row] === 0 || changed.has(row) ? ROW.none : ROW.all,
    );
    return merged(kernel.encode(utf8, offsets, rows, others), changed);
  };
}

/** Ids of the rows that NFC changes. */
function changedRows(
  kernel: BpeKernel,
  utf8: Uint8Array,
  offsets: Int32Array,
  wanted: Uint8Array | null,
): Map<number, Uint32Array> {
  const out = new Map<number, Uint32Array>();
  for (const [row, unusual] of kernel.unusual(utf8, offsets, offsets.length - 1).entries()) {
    if (unusual === 0 || wanted?.[row] === 0) continue;
    const own = utf8.subarray(offsets[row], offsets[row + 1]);
    const text = textOf(own);
    if (normalFormC(text) !== text) out.set(row, encodeChanged(kernel, own));
  }
  return out;
}

/** Added tokens of the first kind are found in the text as it is; what is between them is normalised. */
function encodeChanged(kernel: BpeKernel, utf8: Uint8Array): Uint32Array {
  const matches = kernel.matches(utf8);
  const ids: number[] = [];
  let done = 0;
  const between = (to: number): void => {
    if (done >= to) return;
    const part = new TextEncoder().encode(normalFormC(textOf(utf8.subarray(done, to))));
    for (const id of kernel.encode(part, Int32Array.of(0, part.length), 1, Uint8Array.of(ROW.parted)).ids) ids.push(id);
  };
  for (let i = 0; i < matches.length; i += 3) {
    between(matches[i]);
    ids.push(matches[i + 2]);
    done = matches[i + 1];
  }
  between(utf8.length);
  return Uint32Array.from(ids);
}

function merged(lists: TokenLists, changed: ReadonlyMap<number, Uint32Array>): TokenLists {
  const rows = lists.offsets.length - 1;
  let more = 0;
  for (const list of changed.values()) more += list.length;
  const ids = new Uint32Array(lists.ids.length + more);
  const offsets = new Int32Array(rows + 1);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const own = changed.get(row) ?? lists.ids.subarray(lists.offsets[row], lists.offsets[row + 1]);
    ids.set(own, at);
    at += own.length;
    offsets[row + 1] = at;
  }
  return { ids, offsets };
}

const textOf = (utf8: Uint8Array): string =>
  Buffer.from(utf8.buffer, utf8.byteOffset, utf8.byteLength).toString('utf8');
