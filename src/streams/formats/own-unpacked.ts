import type { Unpacked } from '../codecs/piece.ts';

const NEWLINE = 10;

/**
 * Of a packed file that can only be unpacked from its beginning, the bytes of the lines that START in unpacked bytes
 * [start, end): what comes before is unpacked and passed over. Damage goes to the part whose line runs into it, else to
 * the part where it lies.
 */
export async function* ownUnpacked(
  unpacked: AsyncIterable<Unpacked>,
  start: number,
  end: number,
): AsyncGenerator<Unpacked> {
  /** Unpacked byte that the piece at hand starts with. */
  let at = 0;
  let lineStarts = true;
  /** In the rest of a line that started before the range. */
  let skipping = start > 0;
  for await (const piece of unpacked) {
    if ('damage' in piece) {
      const theirs = at < start || (skipping && !lineStarts);
      if (!theirs) {
        if (at >= end && lineStarts) return;
        yield piece;
      }
      // What comes after damage, if anything, starts a line.
      lineStarts = true;
      continue;
    }
    const { block } = piece;
    let { bytes, offset } = piece;
    const drop = (count: number): void => {
      bytes = bytes.subarray(count);
      offset += count;
      at += count;
    };
    if (at < start) {
      const before = Math.min(bytes.length, start - at);
      lineStarts = bytes[before - 1] === NEWLINE;
      drop(before);
      if (bytes.length === 0) continue;
    }
    if (skipping) {
      if (!lineStarts) {
        const newline = bytes.indexOf(NEWLINE);
        drop(newline < 0 ? bytes.length : newline + 1);
        lineStarts = newline >= 0;
        // No line starts in the range.
        if (at >= end) return;
        if (!lineStarts) continue;
      }
      skipping = false;
      if (bytes.length === 0) continue;
    }
    if (at >= end && lineStarts) return;
    if (at + bytes.length >= end) {
      const newline = bytes.indexOf(NEWLINE, Math.max(0, end - 1 - at));
      if (newline >= 0) {
        yield { block, offset, bytes: bytes.subarray(0, newline + 1) };
        return;
      }
    }
    lineStarts = bytes[bytes.length - 1] === NEWLINE;
    yield { block, offset, bytes };
    at += bytes.length;
  }
}
