// Scores of the blocks of a page: two lists of trees, the second of which sees what the first says around a block.
import { arenaAlloc } from './arena';
import { FEATURES, sum, sumChars, writeFeatures } from './html-features';
import { B_CHARS, B_ELEMENT, bGet, blockCount, E_END, E_FIRST, E_PARENT, eGet } from './html-state';

const SECOND: u32 = 16;
const MOST_SCORE: i32 = 6000;
const NODE_BYTES: usize = 10;

/** Trees of the two lists, as html-model.ts describes them. */
let firstTrees: usize = 0;
let firstCount: u32 = 0;
let secondTrees: usize = 0;
let secondCount: u32 = 0;

export function htmlTrees(first: usize, firsts: u32, second: usize, seconds: u32): void {
  firstTrees = first;
  firstCount = firsts;
  secondTrees = second;
  secondCount = seconds;
}

/** The score of each block, as int32. */
export let scores: usize = 0;

function scoreOf(trees: usize, count: u32, numbers: usize): i32 {
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

let given: usize = 0;
let weighted: usize = 0;

// @ts-ignore: decorator
@inline
function score(j: i32): i32 {
  return j < 0 || j >= <i32>blockCount ? -MOST_SCORE : load<i32>(given + (<usize>j << 2));
}

// @ts-ignore: decorator
@inline
function mean(from: i32, end: i32): i32 {
  const chars = sum(sumChars, end) - sum(sumChars, from);
  return <i32>Math.floor((sum(weighted, end) - sum(weighted, from)) / (chars < 1 ? 1 : chars));
}

function highest(i: i32, step: i32): i32 {
  let most = -MOST_SCORE;
  for (let d = 1; d <= 8; d++) most = max(most, score(i + step * d));
  return most;
}

function writeSecond(i: i32, to: usize): void {
  const n = <i32>blockCount;
  store<i32>(to, score(i));
  for (let d = 1; d <= 3; d++) {
    store<i32>(to + (<usize>d << 2), score(i - d));
    store<i32>(to + (<usize>(d + 3) << 2), score(i + d));
  }
  let e = bGet(B_ELEMENT, i);
  for (let level: usize = 0; level < 4; level++) {
    store<i32>(to + ((7 + level) << 2), mean(eGet(E_FIRST, e), eGet(E_END, e)));
    e = eGet(E_PARENT, e);
  }
  store<i32>(to, mean(0, n), 44);
  store<i32>(to, mean(max(i - 5, 0), i), 48);
  store<i32>(to, mean(min(i + 1, n), min(i + 6, n)), 52);
  store<i32>(to, highest(i, -1), 56);
  store<i32>(to, highest(i, 1), 60);
}

export function scoreBlocks(): void {
  const n = <i32>blockCount;
  const numbers = arenaAlloc(<usize>(SECOND + FEATURES) * 4);
  given = arenaAlloc(<usize>n * 4 + 4);
  weighted = arenaAlloc(<usize>(n + 1) * 8);
  scores = arenaAlloc(<usize>n * 4 + 4);
  store<f64>(weighted, 0);
  for (let i = 0; i < n; i++) {
    writeFeatures(i, numbers);
    const own = scoreOf(firstTrees, firstCount, numbers);
    store<i32>(given + (<usize>i << 2), own);
    store<f64>(weighted + (<usize>(i + 1) << 3), sum(weighted, i) + <f64>own * <f64>bGet(B_CHARS, i));
  }
  for (let i = 0; i < n; i++) {
    writeFeatures(i, numbers + <usize>SECOND * 4);
    writeSecond(i, numbers);
    store<i32>(scores + (<usize>i << 2), scoreOf(secondTrees, secondCount, numbers));
  }
}
