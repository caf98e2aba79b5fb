// What documents are made of: kinds of lines, words that tell a language, marks of broken text; and their prose apart.
import {
  BLANK, CODE, lineChars, lineEnd, lineStart, LIST, nextLine, openLines, PROSE, SHORT, TABLE,
} from './line-kinds';
import {
  countWordsOf, nEnglish, nFiller, nForeign, nLetters, nMojibake, nOdd, nOtherScript, nPairs, nRunOn, nWords, openWords,
} from './line-words';
import { classOfByte, SPACE } from './part-tables';

const COLUMNS: usize = 16;
const MENU: u32 = 10;
const BAR: u32 = 0x7c;

const chars = memory.data(8 * 4);

// @ts-ignore: decorator
@inline
function ratio(a: u32, b: u32): f64 {
  return b == 0 ? NaN : <f64>a / <f64>b;
}

// @ts-ignore: decorator
@inline
function beyondFirst(n: u32): f64 {
  return ratio(n == 0 ? 0 : n - 1, nWords);
}

// @ts-ignore: decorator
@inline
function share(kind: u32, all: u32): f64 {
  return ratio(load<u32>(chars + (<usize>kind << 2)), all);
}

/** Where a line of prose begins: after the bar of a table that an extractor left, and the white space after it. */
function afterBar(at: usize, end: usize): usize {
  if (load<u8>(at) != BAR || end - at < 2 || (classOfByte(at + 1) & SPACE) == 0) return at;
  do at++; while ((classOfByte(at) & SPACE) != 0);
  return at;
}

/** Where it ends: before such a bar and the white space before it. */
function beforeBar(at: usize, end: usize): usize {
  if (end - at < 2 || load<u8>(end - 1) != BAR || (classOfByte(end - 2) & SPACE) == 0) return end;
  do end--; while (end > at && (classOfByte(end - 1) & SPACE) != 0);
  return end;
}

/** Where the line that begins at `at` ends. */
// @ts-ignore: decorator
@inline
function endOfLine(at: usize, stop: usize): usize {
  while (at < stop) {
    const found = <u32>i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(10)));
    if (found != 0) return min(at + <usize>ctz(found), stop);
    at += 16;
  }
  return stop;
}

/**
 * Writes 16 float64 a row to `out` and the prose of all rows to `prose`, one after the other, with rows + 1 ends in
 * `proseOffsets` (int32). `prose` has room for the bytes of all rows, a byte more a row, and 16 more. Rows that are not
 * `alive` (0: all are) get NaN and no prose.
 */
export function parts(
  values: usize, offsets: usize, rows: u32, alive: usize, out: usize, prose: usize, proseOffsets: usize,
): void {
  let to = prose;
  store<u32>(proseOffsets, 0);
  for (let row: usize = 0; row < <usize>rows; row++) {
    const line = out + row * COLUMNS * 8;
    if (alive != 0 && load<u8>(alive + row) == 0) {
      for (let k: usize = 0; k < COLUMNS; k++) store<f64>(line + (k << 3), NaN);
    } else {
      const start = values + <usize>load<u32>(offsets + (row << 2));
      to = readParts(start, values + <usize>load<u32>(offsets + (row << 2), 4), line, to);
    }
    store<u32>(proseOffsets + (row << 2), <u32>(to - prose), 4);
  }
}

function readParts(text: usize, stop: usize, out: usize, to: usize): usize {
  memory.fill(chars, 0, 8 * 4);
  openLines();
  openWords();
  let all: u32 = 0;
  let filled: u32 = 0;
  let menu: u32 = 0;
  let run: u32 = 0;
  let n: u32 = 0;
  for (let from = text; from <= stop; n++) {
    const end = endOfLine(from, stop);
    const kind = nextLine(from, end, n);
    from = end + 1;
    if (kind == BLANK) {
      store<u8>(to++, 10);
      continue;
    }
    const counted = chars + (<usize>kind << 2);
    store<u32>(counted, load<u32>(counted) + lineChars);
    all += lineChars;
    filled++;
    if (kind <= LIST) countWordsOf(lineStart, lineEnd);
    if (kind == PROSE) {
      const begin = afterBar(lineStart, lineEnd);
      const size = beforeBar(begin, lineEnd) - begin;
      memory.copy(to, begin, size);
      to += size;
      store<u8>(to++, 10);
    }
    if (kind == SHORT || kind == LIST) {
      run++;
      menu += run == MENU ? MENU : <u32>(run > MENU);
    } else {
      run = 0;
    }
  }
  store<f64>(out, share(PROSE, all));
  store<f64>(out, share(SHORT, all), 8);
  store<f64>(out, share(LIST, all), 16);
  store<f64>(out, share(CODE, all), 24);
  store<f64>(out, share(TABLE, all), 32);
  store<f64>(out, ratio(menu, filled), 40);
  store<f64>(out, <f64>nWords, 48);
  store<f64>(out, ratio(nEnglish, nWords), 56);
  store<f64>(out, <f64>nForeign, 64);
  store<f64>(out, ratio(nForeign, nWords), 72);
  store<f64>(out, ratio(nOtherScript, nLetters), 80);
  store<f64>(out, beyondFirst(nOdd), 88);
  store<f64>(out, beyondFirst(nPairs), 96);
  store<f64>(out, ratio(nRunOn, nWords), 104);
  store<f64>(out, ratio(nFiller, nWords), 112);
  store<f64>(out, <f64>nMojibake, 120);
  return to;
}
