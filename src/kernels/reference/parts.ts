import { BYTE, BYTE_CLASSES, PART_WORDS, WORD } from '../part-tables.ts';
import { LINE_KIND, lineKinds } from './line-kinds.ts';
import { ratio, sum } from './words.ts';

const LETTER_RUN = 20;
/** Lines in a row, from this number on, that are a menu. */
const MENU = 10;

/** A word: a run of letters, without the punctuation beyond ASCII; the text between it and the one before. */
const WORDS = /(?:[A-Za-z]|[^\0-\x7f\u0080-\u00bf\u2000-\u203f])+/gu;

const lowered = (s: string): string => s.replace(/[A-Z]/g, (c) => c.toLowerCase());

/** Runs of bytes that are no white space. */
const tokensOf = (line: string): string[] => line.split(/[ \t\v\f\r]+/);

/** A mark between two lower-case letters, in a word that is no address, no name of a program and no hash. */
function isOdd(token: string): boolean {
  const classes = Array.from(new TextEncoder().encode(token), (b) => BYTE_CLASSES[b]);
  const count = (bit: number): number => classes.filter((c) => c & bit).length;
  return /[a-z][0-9^~|][a-z]/.test(token) && !/[/_#@=]/.test(token) && count(BYTE.letter) >= 2 * count(BYTE.digit);
}

/** Counts over the words of a line. */
function wordCounts(line: string): Record<string, number> {
  const words = Array.from(line.matchAll(WORDS), (m) => ({ word: m[0], from: m.index, to: m.index + m[0].length }));
  const bits = words.map(({ word }) => PART_WORDS.get(lowered(word)) ?? 0);
  // As it is written: "the US", "the IT department".
  const plainly = (i: number, bit: number): boolean =>
    (bits[i] & bit) !== 0 && words[i].word === lowered(words[i].word);
  const letters = words.flatMap(({ word }) => Array.from(word, (c) => c.codePointAt(0)!));
  return {
    words: words.length,
    english: bits.filter((b) => b & WORD.english).length,
    foreign: bits.filter((b) => b & WORD.foreign).length,
    filler: bits.filter((b) => b & WORD.filler).length,
    pairs: words.filter(
      ({ from }, i) =>
        i > 0 &&
        from === words[i - 1].to + 1 &&
        line[from - 1] === ' ' &&
        plainly(i - 1, WORD.determiner) &&
        // "INK4a and": what a digit stands before is no determiner.
        !/[0-9]/.test(line.charAt(words[i - 1].from - 1)) &&
        plainly(i, WORD.notAfter),
    ).length,
    letters: letters.length,
    otherScript: letters.filter((cp) => cp >= 0x340 && !(cp >= 0x2000 && cp < 0x2c00)).length,
    odd: tokensOf(line).filter(isOdd).length,
    runOn: (line.match(/[a-z]+/g) ?? []).filter((run) => run.length >= LETTER_RUN).length,
    mojibake: Array.from(
      line.matchAll(/[ÂÃâÄÅ](?=[\u0080-\u00bf\u0140-\u01bf\u02c0-\u02ff\u2000-\u203f\u2080-\u20bf\u2100-\u213f])/gu),
    ).length,
  };
}

/** Lines of at least `MENU` short lines and list items in a row, blank lines between them allowed. */
function menuLines(kinds: readonly number[]): number {
  let menu = 0;
  let run = 0;
  for (const kind of kinds) {
    if (kind === LINE_KIND.short || kind === LINE_KIND.list) {
      run++;
      if (run === MENU) menu += MENU;
      else if (run > MENU) menu++;
    } else if (kind !== LINE_KIND.blank) run = 0;
  }
  return menu;
}

/**
 * What a text is made of, as plain data; see `textParts()` for the meaning of each.
 * Slow; the kernel is equal to it.
 */
export function referenceParts(text: string): Record<string, number> {
  const bytes = new TextEncoder().encode(text);
  const kinds = lineKinds(bytes);
  const filled = kinds.filter((k) => k.kind !== LINE_KIND.blank);
  const all = sum(filled.map((k) => k.line.chars));
  const share = (wanted: number): number =>
    ratio(sum(filled.flatMap(({ kind, line }) => (kind === wanted ? [line.chars] : []))), all);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const counts = filled
    .filter(({ kind }) => kind >= LINE_KIND.prose && kind <= LINE_KIND.list)
    .map(({ line }) => wordCounts(decoder.decode(bytes.subarray(line.start, line.end))));
  const total = (name: string): number => sum(counts.map((c) => c[name]));
  const words = total('words');
  const beyondFirst = (n: number): number => ratio(Math.max(0, n - 1), words);
  return {
    parts_prose_ratio: share(LINE_KIND.prose),
    parts_short_ratio: share(LINE_KIND.short),
    parts_list_ratio: share(LINE_KIND.list),
    parts_code_ratio: share(LINE_KIND.code),
    parts_table_ratio: share(LINE_KIND.table),
    parts_menu_line_ratio: ratio(menuLines(kinds.map((k) => k.kind)), filled.length),
    parts_words: words,
    parts_english_ratio: ratio(total('english'), words),
    parts_foreign_words: total('foreign'),
    parts_foreign_ratio: ratio(total('foreign'), words),
    parts_other_script_ratio: ratio(total('otherScript'), total('letters')),
    parts_odd_word_ratio: beyondFirst(total('odd')),
    parts_impossible_pair_ratio: beyondFirst(total('pairs')),
    parts_run_on_ratio: ratio(total('runOn'), words),
    parts_filler_ratio: ratio(total('filler'), words),
    parts_mojibake_count: total('mojibake'),
  };
}

/** A line of prose without the bars of a table that an extractor left at its ends, and white space beside them. */
function withoutBars(line: string): string {
  const isBlank = (at: number): boolean => ' \t\v\f\r'.includes(line[at]);
  let from = 0;
  if (line[0] === '|') for (from = 1; from < line.length && isBlank(from); ) from++;
  // A bar without white space beside it stays.
  if (from === 1) from = 0;
  if (line.at(-1) !== '|') return line.slice(from);
  let to = line.length - 1;
  while (to > from && isBlank(to - 1)) to--;
  return line.slice(from, to === line.length - 1 ? line.length : to);
}

/**
 * The prose of a text: its lines of prose, trimmed, without bars at their ends, and its blank lines, each with a line
 * end.
 */
export function referenceProse(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return lineKinds(bytes)
    .filter(({ kind }) => kind === LINE_KIND.blank || kind === LINE_KIND.prose)
    .map(({ line }) => `${withoutBars(decoder.decode(bytes.subarray(line.start, line.end)))}\n`)
    .join('');
}
