import { FOREIGN_WORDS } from './foreign-words.ts';
import { FUNCTION_WORDS } from './function-words.ts';

/** What a byte is to the search for parts, as bits; read by the kernel's table and by its plain reference. */
export const BYTE = {
  letter: 1,
  digit: 2,
  space: 4,
  /** Marks that program text is full of and prose is not. */
  mark: 8,
  /** Marks that prose is full of. */
  plain: 16,
  /** Marks that rules, borders and underlines are drawn with. */
  rule: 32,
  continuation: 64,
  lower: 128,
} as const;

/** Class of each byte. */
export const BYTE_CLASSES: Uint8Array<ArrayBuffer> = Uint8Array.from({ length: 256 }, (_, b) => {
  if (b >= 0x80) return BYTE.letter | ((b & 0xc0) === 0x80 ? BYTE.continuation : 0);
  const c = String.fromCharCode(b);
  return (
    (/[A-Za-z]/.test(c) ? BYTE.letter : 0) |
    (/[a-z]/.test(c) ? BYTE.lower : 0) |
    (/[0-9]/.test(c) ? BYTE.digit : 0) |
    (b === 32 || (b >= 9 && b <= 13 && b !== 10) ? BYTE.space : 0) |
    ('{}[]<>=;_\\|&*+$@^~#'.includes(c) ? BYTE.mark : 0) |
    ('.,\'"-?!:()'.includes(c) ? BYTE.plain : 0) |
    ('-=+*_~|#:.^"\'`<> \t'.includes(c) ? BYTE.rule : 0)
  );
});

/** Starts of lines that are program text whatever follows. */
export const CODE_STARTS: readonly string[] = [
  'template<',
  '>>> ',
  '//',
  '/*',
  '*/',
  '#include',
  '#define',
  '$ ',
  '#!',
  'In [',
  'Out[',
];

/** Starts of lines that are program text if there is another sign of it. */
export const CODE_WORDS: readonly string[] = [
  'import ',
  'from ',
  'def ',
  'class ',
  'return',
  'function ',
  'var ',
  'let ',
  'const ',
  'public ',
  'private ',
  'static ',
  'struct ',
  'namespace ',
  'typedef ',
  'using ',
  'fn ',
  'pub ',
  'impl',
  'use ',
  'mod ',
  'if (',
  'for (',
  'while (',
  'else',
  '... ',
  '@',
  'SELECT ',
  'INSERT ',
  'CREATE ',
  'UPDATE ',
];

/** What a word is, as bits. */
export const WORD = { english: 1, foreign: 2, determiner: 4, notAfter: 8, filler: 16 } as const;

const DETERMINERS = 'the a an my your our their its every'.split(' ');

/** Words that no English determiner stands right before. */
const NOT_AFTER_DETERMINER = (
  'of and is was are were be the a an that which for with on at by from as he she it they we you has have had will ' +
  'would his her their my your our or but if to in not could should can may been do did does him them me us what ' +
  'when where who how than then'
).split(' ');

/** The words of the text that typesetters fill pages with. */
const FILLER = (
  'lorem ipsum dolor amet elit tempor labore dolore magna aliqua enim minim veniam nostrud laboris aliquip commodo ' +
  'aute irure velit cillum fugiat nulla sint proident culpa officia deserunt mollit laborum'
).split(' ');

const bytesOf = (word: string): number => new TextEncoder().encode(word).length;

/** Bits of WORD of every word that has some; 1 to 8 bytes, because the kernel compares them as one 64-bit load. */
export const PART_WORDS: ReadonlyMap<string, number> = wordBits();

function wordBits(): Map<string, number> {
  const bits = new Map<string, number>();
  const add = (words: readonly string[], bit: number): void => {
    for (const w of words) if (bytesOf(w) <= 8) bits.set(w, (bits.get(w) ?? 0) | bit);
  };
  add(
    FUNCTION_WORDS.filter((w) => !FOREIGN_WORDS.includes(w)),
    WORD.english,
  );
  add(FOREIGN_WORDS, WORD.foreign);
  add(DETERMINERS, WORD.determiner);
  add(NOT_AFTER_DETERMINER, WORD.notAfter);
  add(FILLER, WORD.filler);
  return bits;
}
