import { eachEqualKey } from '../tables/equal-keys.ts';
import type { KeyTables } from '../tables/key-tables.ts';
import { DocumentSet, indexOf } from '../tables/labels.ts';
import { OUT_OF_SCOPE } from '../tables/scope.ts';

/** What is decided before any shingle is compared. */
export interface EqualCopies {
  /** The best document of equal text, of copies; else -1. */
  readonly survivor: Int32Array;
  /** Documents that have one. */
  readonly copies: DocumentSet;
  /** In scope, without a shingle. */
  readonly short: DocumentSet;
  /** 1 = in scope, with shingles, no copy. */
  readonly judged: Uint8Array;
  /** Null: by input order. */
  readonly rank: Float64Array | null;
}

export function equalCopies(tables: KeyTables, memoryBytes: number, ranked: boolean): EqualCopies {
  const { documents } = tables;
  const survivor = new Int32Array(documents).fill(-1);
  const short = new DocumentSet(documents);
  const judged = new Uint8Array(documents);
  tables.scan(['shingles'], ([buffer], from, rows) => {
    const counts = new Int32Array(buffer, 0, rows);
    for (let i = 0; i < rows; i++) {
      if (counts[i] !== OUT_OF_SCOPE) judged[from + i] = 1;
      if (counts[i] === 0) short.add(from + i);
    }
  });
  const rank = ranked ? ranksIn(tables) : null;
  equalTexts(tables, judged, rank, memoryBytes, survivor);
  const copies = new DocumentSet(documents);
  for (let d = 0; d < documents; d++) {
    if (survivor[d] >= 0) copies.add(d);
    if (survivor[d] >= 0 || short.has(d)) judged[d] = 0;
  }
  return { survivor, copies, short, judged, rank };
}

/** Ranks; of earlier documents the highest there is. */
function ranksIn(tables: KeyTables): Float64Array {
  const column = new Float64Array(tables.documents).fill(Number.POSITIVE_INFINITY);
  tables.scan(
    ['rank'],
    ([buffer], from, rows) => column.set(new Float64Array(buffer, 0, rows), from),
    (_, to) => to > tables.earlier,
  );
  return column;
}

/** Points every document of equal normalised text (128 bits) to the best of them. */
function equalTexts(
  tables: KeyTables,
  judged: Uint8Array,
  rank: Float64Array | null,
  memoryBytes: number,
  survivor: Int32Array,
): void {
  const firsts = new DocumentSet(tables.documents);
  eachEqualKey(tables, 'norm_lo', judged, memoryBytes / 2, (first, d) => {
    survivor[d] = first;
    firsts.add(first);
  });
  onlySure(tables, firsts.list(), survivor);
  if (rank === null) return;
  const best = Int32Array.from(survivor, (_, d) => d);
  for (let d = 0; d < survivor.length; d++)
    if (survivor[d] >= 0 && rank[d] > rank[best[survivor[d]]]) best[survivor[d]] = d;
  for (let d = survivor.length - 1; d >= 0; d--) {
    const head = best[survivor[d] < 0 ? d : survivor[d]];
    survivor[d] = head === d ? -1 : head;
  }
}

/** Both halves of the hash must be equal: the first document of one half comes before all that it stands for. */
function onlySure(tables: KeyTables, firsts: Int32Array, survivor: Int32Array): void {
  const halves = new BigInt64Array(firsts.length);
  let next = 0;
  tables.scan(['norm_hi'], ([buffer], from, rows) => {
    const column = new BigInt64Array(buffer, 0, rows);
    for (let i = 0; i < rows; i++) {
      const first = survivor[from + i];
      if (firsts[next] === from + i) halves[next++] = column[i];
      else if (first >= 0 && halves[indexOf(firsts, first)] !== column[i]) survivor[from + i] = -1;
    }
  });
}
