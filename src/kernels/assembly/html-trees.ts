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

/** Blocks that one tree judges before the next does: their numbers and the tree stay in the fastest cache. */
const AT_ONCE: i32 = 16;
const ROW: usize = <usize>(FEATURES + REPEATS) * 4;

/** Adds what the trees say of each of some blocks, whose numbers follow each other, to their scores. */
function addTrees(numbers: usize, blocks: i32, sums: usize): void {
  let at = trees;
  for (let t: u32 = 0; t < count; t++) {
    const nodes = <usize>load<u16>(at);
    const leaves = <usize>load<u16>(at, 2);
    const first = at + 4;
    const values = first + nodes * NODE_BYTES;
    for (let b: i32 = 0; b < blocks; b++) {
      const row = numbers + <usize>b * ROW;
      let node: i32 = nodes == 0 ? -1 : 0;
      while (node >= 0) {
        const here = first + <usize>node * NODE_BYTES;
        const value = load<i32>(row + (<usize>load<u16>(here) << 2));
        node = <i32>(value <= load<i32>(here, 2) ? load<i16>(here, 6) : load<i16>(here, 8));
      }
      const sum = sums + (<usize>b << 2);
      store<i32>(sum, load<i32>(sum) + load<i32>(values + (<usize>(-1 - node) << 2)));
    }
    at = values + (leaves << 2);
  }
}

export function scoreBlocks(): void {
  openRepeats();
  const n = <i32>blockCount;
  const numbers = arenaAlloc(ROW * <usize>AT_ONCE);
  scores = arenaAlloc(<usize>n * 4 + 4);
  memory.fill(scores, 0, <usize>n * 4);
  for (let from = 0; from < n; from += AT_ONCE) {
    const blocks = min(AT_ONCE, n - from);
    for (let b: i32 = 0; b < blocks; b++) {
      const row = numbers + <usize>b * ROW;
      writeFeatures(from + b, row);
      writeRepeats(from + b, row + <usize>FEATURES * 4);
    }
    addTrees(numbers, blocks, scores + (<usize>from << 2));
  }
  for (let i = 0; i < n; i++) {
    const score = scores + (<usize>i << 2);
    store<i32>(score, max(-MOST_SCORE, min(MOST_SCORE, load<i32>(score))));
  }
}
