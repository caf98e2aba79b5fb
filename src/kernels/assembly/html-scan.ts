// Ends of what is no markup.
import { find, isWhite, pageEnd } from './html-state';

// @ts-ignore: decorator
@inline
export function endsName(c: u32): bool {
  return isWhite(c) || c == 0x2f || c == 0x3e;
}

/** One past a comment whose text begins at `from`. */
export function endOfComment(from: usize): usize {
  if (load<u8>(from) == 0x3e) return from + 1;
  if (load<u8>(from) == 0x2d && load<u8>(from, 1) == 0x3e) return from + 2;
  for (let i = find(0x3e, from, pageEnd); i < pageEnd; i = find(0x3e, i + 1, pageEnd)) {
    if (load<u8>(i - 1) == 0x2d && load<u8>(i - 2) == 0x2d && i - 2 >= from) return i + 1;
    if (load<u8>(i - 1) == 0x21 && load<u8>(i - 2) == 0x2d && load<u8>(i - 3) == 0x2d && i - 3 >= from) return i + 1;
  }
  return pageEnd;
}

/** Where the end tag of a name begins, from `from` on; the end of the page where there is none. */
export function endOfRaw(from: usize, name: usize, length: usize): usize {
  for (let i = find(0x3c, from, pageEnd); i < pageEnd; i = find(0x3c, i + 1, pageEnd)) {
    if (load<u8>(i, 1) != 0x2f) continue;
    let n: usize = 0;
    while (n < length && (load<u8>(i + 2 + n) | 32) == (load<u8>(name + n) | 32)) n++;
    if (n == length && endsName(<u32>load<u8>(i + 2 + n))) return i;
  }
  return pageEnd;
}
