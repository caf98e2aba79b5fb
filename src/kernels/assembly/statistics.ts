// Statistics of whole batches: one pass over each document, then the tables of copies that the chosen families need.
import { arenaMark, arenaRelease } from './arena';
import {
  nContinuations, nControls, nDigitRuns, nDigits, nEllipses, nFourByte, nHashes, nLetterRuns, nLetters, nMarkRuns,
    nNewlines, nPunctuation,
  nReplacements, nSymbols, nThreeByte, nTwoByte, nUppers, nWhiteRuns, nWhites,
} from './classify';
import {
  countLines, countWords, nDistinctWords, nLineCopies, nLineCopyChars, nParagraphChars, nParagraphCopies,
    nParagraphCopyChars,
} from './duplicates';
import { nDotRuns } from './edges';
import {
  maxLine, maxWord, nAlphaTokens, nBulletLines, nCapitalLines, nEllipsisLines, nFunctionWords, nLineChars, nLines,
    nParagraphs,
  nSentences, nShortLines, nTerminalLines, nTokens, nWordChars, nWords, readText, stopWords,
} from './pass';

// Bits of a family, as in ../statistics.ts.
const GOPHER_QUALITY: u32 = 1;
const GOPHER_REPETITION: u32 = 2;
const FINEWEB: u32 = 4;
const TEXT: u32 = 8;

/** Number of columns; the first of each family. */
const COLUMNS: usize = 44;
const REPETITION_AT: usize = 8;
const FINEWEB_AT: usize = 21;
const TEXT_AT: usize = 25;

const grams = memory.data(9 * 4);

/** a / b; 0 / 0 is NaN, and b = 0 only where a = 0 or the value is none as well. */
// @ts-ignore: decorator
@inline
function ratio(a: u32, b: u32): f64 {
  return b == 0 ? NaN : <f64>a / <f64>b;
}

/**
 * Fills `out` (rows x 44 float64, row by row) with NaN, then with the statistics of `families`. `offsets` are rows + 1
 * int32 into `values`; `alive` is 0 (all) or the address of one byte per row.
 */
export function statistics(values: usize, offsets: usize, rows: u32, alive: usize, families: u32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const line = out + row * COLUMNS * 8;
    for (let k: usize = 0; k < COLUMNS; k++) store<f64>(line + (k << 3), NaN);
    if (alive != 0 && load<u8>(alive + row) == 0) continue;
    const start = load<u32>(offsets + (row << 2));
    const bytes = load<u32>(offsets + (row << 2), 4) - start;
    const mark = arenaMark();
    readText(values + start, bytes, (families & TEXT) != 0);
    if (families & (GOPHER_REPETITION | FINEWEB)) countLines();
    if (families & (GOPHER_REPETITION | TEXT)) countWords(families & GOPHER_REPETITION ? grams : 0);
    if (families & GOPHER_QUALITY) gopherQuality(line);
    if (families & GOPHER_REPETITION) gopherRepetition(line + REPETITION_AT * 8);
    if (families & FINEWEB) fineweb(line + FINEWEB_AT * 8);
    if (families & TEXT) text(line + TEXT_AT * 8, bytes);
    arenaRelease(mark);
  }
}

function gopherQuality(at: usize): void {
  store<f64>(at, <f64>nWords);
  store<f64>(at, ratio(nWordChars, nWords), 8);
  store<f64>(at, ratio(nHashes, nTokens), 16);
  store<f64>(at, ratio(nDotRuns + nEllipses, nTokens), 24);
  store<f64>(at, ratio(nBulletLines, nLines), 32);
  store<f64>(at, ratio(nEllipsisLines, nLines), 40);
  store<f64>(at, ratio(nAlphaTokens, nTokens), 48);
  store<f64>(at, <f64>popcnt(stopWords), 56);
}

function gopherRepetition(at: usize): void {
  store<f64>(at, ratio(nLineCopies, nLines));
  store<f64>(at, ratio(nLineCopyChars, nLineChars), 8);
  store<f64>(at, ratio(nParagraphCopies, nParagraphs), 16);
  store<f64>(at, ratio(nParagraphCopyChars, nParagraphChars), 24);
  for (let k: usize = 0; k < 9; k++) store<f64>(at + (k << 3), ratio(load<u32>(grams + (k << 2)), nWordChars), 32);
}

function fineweb(at: usize): void {
  store<f64>(at, ratio(nTerminalLines, nLines));
  store<f64>(at, ratio(nShortLines, nLines), 8);
  store<f64>(at, ratio(nLineCopyChars, nLineChars), 16);
  store<f64>(at, ratio(nNewlines, nWords), 24);
}

function text(at: usize, bytes: u32): void {
  const chars = bytes - nContinuations;
  store<f64>(at, <f64>chars);
  store<f64>(at, <f64>nLines, 8);
  store<f64>(at, ratio(nLineChars, nLines), 16);
  store<f64>(at, <f64>maxLine, 24);
  store<f64>(at, <f64>maxWord, 32);
  store<f64>(at, ratio(nLetters, chars), 40);
  store<f64>(at, ratio(nDigits, chars), 48);
  store<f64>(at, ratio(nUppers, nLetters), 56);
  store<f64>(at, ratio(nWhites, chars), 64);
  store<f64>(at, ratio(nPunctuation, chars), 72);
  store<f64>(at, ratio(nSymbols, chars), 80);
  store<f64>(at, ratio(nControls, chars), 88);
  store<f64>(at, <f64>nReplacements, 96);
  store<f64>(at, ratio(nDistinctWords, nWords), 104);
  store<f64>(at, ratio(nFunctionWords, nWords), 112);
  store<f64>(at, <f64>nSentences, 120);
  store<f64>(at, ratio(nWords, nSentences), 128);
  store<f64>(at, ratio(nCapitalLines, nLines), 136);
  // The linear model of ../reference/text.ts, term for term.
  const estimate =
    0.65 * <f64>nLetterRuns +
    0.083 * <f64>nLetters +
    0.15 * <f64>nUppers +
    0.66 * <f64>nDigitRuns +
    0.2 * <f64>nDigits +
    0.96 * <f64>nMarkRuns +
    0.15 * <f64>(nPunctuation + nSymbols) +
    0.94 * <f64>(nWhites - nWhiteRuns) +
    0.82 * <f64>nNewlines +
    1.43 * <f64>(nTwoByte - nThreeByte - nFourByte) +
    1.63 * <f64>nThreeByte +
    2.5 * <f64>nFourByte;
  store<f64>(at, Math.floor(estimate + 0.5), 144);
}
