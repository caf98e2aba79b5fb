/** The shortest gzip member there can be: header, an empty block and the trailer. */
const LEAST_MEMBER = 20;
/** Blocks that tapes, disks and tar (its record of 20 blocks) fill up. */
const BLOCKS = [512, 1024, 2048, 4096, 8192, 10_240, 16_384, 32_768, 65_536];

/**
 * Are zero bytes between or after members padding? Fewer than the shortest member never stand for a lost one; more are
 * padding only where they fill up a block of the file. Others are a hole: of a copy that did not end, of a bad disk.
 * @param end one past the last zero
 */
export const isPadding = (zeros: number, end: number): boolean =>
  zeros < LEAST_MEMBER || BLOCKS.some((block) => zeros < block && end % block === 0);
