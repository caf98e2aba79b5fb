// Scores of the blocks of a page: what the trees say of the numbers of each.
import { arenaAlloc } from './arena';
import { FEATURES, writeFeatures } from './html-features';
import { openRepeats, REPEATS, writeRepeats } from './html-repeats';
import { blockCount } from './html-state';

const MOST_SCORE: i32 = 6000;
const NODE_BYTES: usize = 10;

/** The trees, as html-model.ts describes them. */
let trees: usize = 0;
let count: u32 = 0;

export function htmlTrees(at: usize, all: u32): void {
  trees = at;
  count = all;
}

/** The score of each block, as int32. */
export let scores: usize = 0;

function scoreOf(numbers: usize): i32 {
  let at = trees;
  let all: i32 = 0;
  for (let t: u32 = 0; t < count; t++) {
    const nodes = <usize>load<u16>(at);
    const leaves = <usize>load<u16>(at, 2);
    const first = at + 4;
    let node: i32 = nodes == 0 ? -1 : 0;
    while (node >= 0) {
      const here = first + <usize>node * NODE_BYTES;
      const value = load<i32>(numbers + (<usize>load<u16>(here) << 2));
      node = <i32>(value <= load<i32>(here, 2) ? load<i16>(here, 6) : load<i16>(here, 8));
    }
    all += load<i32>(first + nodes * NODE_BYTES + (<usize>(-1 - node) << 2));
    at = first + nodes * NODE_BYTES + (leaves << 2);
  }
  return max(-MOST_SCORE, min(MOST_SCORE, all));
}

export function scoreBlocks(): void {
  openRepeats();
  const n = <i32>blockCount;
  const numbers = arenaAlloc(<usize>(FEATURES + REPEATS) * 4);
  scores = arenaAlloc(<usize>n * 4 + 4);
  for (let i = 0; i < n; i++) {
    writeFeatures(i, numbers);
    writeRepeats(i, numbers + <usize>FEATURES * 4);
    store<i32>(scores + (<usize>i << 2), scoreOf(numbers));
  }
}
