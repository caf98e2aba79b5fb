/** Text bytes per packed byte where nothing could be unpacked. */
const RATIO = 3.5;
/** A file is packed so much better or worse than its beginning, at most, where its end is believed. */
const BELIEVED = 2;
const TURN = 2 ** 32;

/**
 * Text bytes that are expected in a gzip file. Its last four bytes are the length of the last member, less whole turns
 * of 4 GiB: mostly of the only one. Of a file that is cut off they are anything, of one with several members too
 * little: they are believed where they fit what its beginning tells, else the beginning tells alone.
 * @param last four bytes
 * @param ratio unpacked bytes per packed one at its beginning; null where nothing could be unpacked
 */
export function gzipText(size: number, last: Uint8Array, ratio: number | null): number {
  const told = last.length === 4 ? Buffer.from(last).readUInt32LE(0) : 0;
  if (ratio === null) return told > size && told < size * 1100 ? told : size * RATIO;
  const expected = size * ratio;
  const full = told + Math.max(0, Math.round((expected - told) / TURN)) * TURN;
  return full > expected / BELIEVED && full < expected * BELIEVED ? full : expected;
}
