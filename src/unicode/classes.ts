import { CLASS_PALETTE, CLASS_RUNS, DECOMPOSITIONS, FOLDINGS, FORMS } from './tables.ts';
import { fromRuns, type TwoStageTable } from './two-stage.ts';

/**
 * The class byte of a code point: a group in the low three bits (general category, first letter) and flags above it.
 * `terminal` = property Sentence_Terminal or U+2026; `closer` = closing brackets and all quotes (Pe, Pf, Pi, " and ').
 */
export const CLASS = {
  other: 0,
  letter: 1,
  mark: 2,
  number: 3,
  punctuation: 4,
  symbol: 5,
  groupMask: 7,
  whiteSpace: 8,
  /** General category Lu. */
  uppercase: 16,
  /** General category Nd. */
  digit: 32,
  terminal: 64,
  closer: 128,
} as const;

/** Class bytes. */
export type ClassTable = TwoStageTable<Uint8Array<ArrayBuffer>>;

export const buildClassTable = (): ClassTable => fromRuns(CLASS_RUNS, CLASS_PALETTE);

function* rows(packed: string): Generator<number[]> {
  let cp = 0;
  for (const row of packed.split(' ')) {
    const [step, ...rest] = row.split('.').map((n) => Number.parseInt(n, 36));
    cp += step;
    yield [cp, ...rest];
  }
}

/** Code point to its simple case folding; code points that fold to themselves are absent. */
export function buildFoldings(): ReadonlyMap<number, number> {
  const out = new Map<number, number>();
  for (const [cp, difference] of rows(FOLDINGS)) out.set(cp, cp + difference);
  return out;
}

/** Code point to its full canonical decomposition; without Hangul syllables, which decompose by arithmetic. */
export function buildDecompositions(): ReadonlyMap<number, readonly number[]> {
  const out = new Map<number, readonly number[]>();
  for (const [cp, ...parts] of rows(DECOMPOSITIONS)) out.set(cp, parts);
  return out;
}

/** Code point of a form of width or typesetting (full width, ligatures, Arabic presentation forms) to what it means. */
export function buildForms(): ReadonlyMap<number, readonly number[]> {
  const out = new Map<number, readonly number[]>();
  for (const [cp, ...parts] of rows(FORMS)) out.set(cp, parts);
  return out;
}
