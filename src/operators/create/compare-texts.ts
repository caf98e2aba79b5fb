/** Words of a text: letters, digits and all that is not ASCII; ASCII letters in lower case. */
export function wordsOf(text: string): string[] {
  return (text.match(/[A-Za-z0-9\u0080-\uffff]+/g) ?? []).map(lower);
}

/** Of ASCII letters alone: no table of a runtime decides. */
const lower = (word: string): string => word.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));

const GRAM = 5;

const gramsOf = (words: readonly string[]): string[] =>
  Array.from({ length: Math.max(0, words.length - GRAM + 1) }, (_, i) => words.slice(i, i + GRAM).join(' '));

/** How a rewrite compares with its source. */
export interface Comparison {
  /** Bytes of the rewrite for each of the source. */
  readonly ratio: number;
  /** Share of the runs of five words of the rewrite that stand in the source; null: it has none. */
  readonly copied: number | null;
  /** Share of the different words of four letters or more of the shorter text that the other has; null: none. */
  readonly overlap: number | null;
  /** Difference of the shares of letters that are not ASCII: another script is another language. */
  readonly script: number;
}

export function compareTexts(source: string, rewrite: string): Comparison {
  const [a, b] = [wordsOf(source), wordsOf(rewrite)];
  const known = new Set(gramsOf(a));
  const grams = gramsOf(b);
  const long = (words: readonly string[]): Set<string> => new Set(words.filter((w) => w.length > 3));
  const [few, many] = [long(a), long(b)].sort((x, y) => x.size - y.size);
  const shared = [...few].filter((w) => many.has(w)).length;
  return {
    ratio: Buffer.byteLength(rewrite) / Math.max(1, Buffer.byteLength(source)),
    copied: grams.length === 0 ? null : grams.filter((g) => known.has(g)).length / grams.length,
    overlap: few.size === 0 ? null : shared / few.size,
    script: Math.abs(otherLetters(source) - otherLetters(rewrite)),
  };
}

function otherLetters(text: string): number {
  const ascii = text.match(/[A-Za-z]/g)?.length ?? 0;
  const other = text.match(/[\u00c0-\u1fff\u2c00-\ud7ff\uf900-\uffef]/g)?.length ?? 0;
  return ascii + other === 0 ? 0 : other / (ascii + other);
}
