import type { Damage, Unpacked } from '../codecs/piece.ts';
import type { Codec, InputRange } from '../plan/splits.ts';

const NEWLINE = 10;

/** Where the unpacking of a range has to begin, so that the end of the line before it is seen. */
export function startOfUnpacking(range: InputRange, codec: Codec): number {
  if (range.start === 0) return 0;
  return codec === 'none' ? range.start - 1 : (range.previous ?? range.start);
}

/**
 * Of the unpacked bytes from `startOfUnpacking` on exactly those of the lines that START in the range: a line belongs
 * to the range with its first byte, wherever it ends. Lines start in file bytes (plain) or in the frame or member at a
 * file byte (zstd, gzip). After damage a line starts.
 */
export async function* ownLines(
  unpacked: AsyncIterable<Unpacked>,
  range: InputRange,
  codec: Codec,
): AsyncGenerator<Unpacked> {
  /** Frames or members, each at a file byte; else file bytes themselves. */
  const blocks = codec !== 'none';
  // Before the range: whether the last byte seen ends a line.
  let lineStarts = true;
  /** In the rest of a line that started before the range. */
  let skipping = false;
  let inside = range.start === 0;
  for await (const piece of unpacked) {
    if ('damage' in piece) {
      if (isBefore(piece.damage, range, codec)) {
        lineStarts = true;
        continue;
      }
      // A line of this range that runs into damage of the next: `finish` of the caller sees it unfinished.
      yield piece.damage.block >= range.end && blocks
        ? { damage: { ...piece.damage, bytes: 0, unpacked: 0, cut: undefined } }
        : piece;
      if (blocks && piece.damage.block >= range.end) return;
      skipping = false;
      lineStarts = true;
      continue;
    }
    let { bytes, offset } = piece;
    const { block } = piece;
    if (!inside) {
      if (blocks) {
        if (block < range.start) {
          lineStarts = bytes[bytes.length - 1] === NEWLINE;
          continue;
        }
        skipping = !lineStarts;
      } else skipping = true;
      inside = true;
    }
    const past = blocks ? block >= range.end : offset + bytes.length >= range.end;
    // Decided before anything is cut off: does a line start with the first byte after the range?
    if (past && blocks && !skipping && lineStarts) return;
    if (skipping) {
      const newline = bytes.indexOf(NEWLINE);
      if (newline < 0) {
        if (past) return;
        continue;
      }
      bytes = bytes.subarray(newline + 1);
      offset += newline + 1;
      skipping = false;
      lineStarts = true;
      if (past && (blocks || offset >= range.end)) return;
      if (bytes.length === 0) continue;
    }
    if (past) {
      const newline = bytes.indexOf(NEWLINE, blocks ? 0 : Math.max(0, range.end - 1 - offset));
      if (newline >= 0) {
        yield { block, offset, bytes: bytes.subarray(0, newline + 1) };
        return;
      }
    }
    lineStarts = bytes[bytes.length - 1] === NEWLINE;
    yield { block, offset, bytes };
  }
}

const isBefore = (damage: Damage, range: InputRange, codec: Codec): boolean =>
  codec !== 'none' && damage.block < range.start;
