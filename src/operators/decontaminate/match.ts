import type { NgramHits } from '../../kernels/ngrams.ts';
import type { BenchmarkIndex } from './benchmark-index.ts';

/** Where a document holds a benchmark part, and how much of it. */
export interface Match {
  /** Index into `parts`. */
  readonly part: number;
  /** Words of the part that stand in the document in n-grams of it, all within one stretch. */
  readonly covered: number;
  /**
   * Words of the part that stand in the document one after the other: the longest run that has `runBytes` bytes of
   * different words.
   */
  readonly run: number;
  /** covered / max(words of the part, fullWords). */
  readonly score: number;
  /** Stretch of the document, UTF-8 bytes from its start. */
  readonly start: number;
  readonly end: number;
}

export interface MatchOptions {
  /** A part of fewer words counts as one of so many. */
  readonly fullWords: number;
  /** Bytes that the different words of a run must have together: `0 1 2 3 4 5 6 7` says nothing. */
  readonly runBytes: number;
}

/** Words between two n-grams of a part that still make one stretch. */
const MOST_GAP = 24;

/**
 * Matches of one document by part: the best stretch of each part that the document shares an n-gram with, best first.
 * @param from hits `from` to `to` are the document's
 */
export function matchesOf(
  index: BenchmarkIndex,
  hits: NgramHits,
  from: number,
  to: number,
  { fullWords, runBytes }: MatchOptions,
): Match[] {
  if (from === to) return [];
  const byPart = new Map<number, number[]>();
  for (let h = from; h < to; h++) {
    const gram = hits.gram[h];
    // `0 0 0 0 ...`: one is enough.
    if (h > from && gram === hits.gram[h - 1]) continue;
    for (let k = index.first[gram]; k < index.first[gram + 1]; k++) {
      const list = byPart.get(index.part[k]);
      if (list) list.push(h, index.at[k]);
      else byPart.set(index.part[k], [h, index.at[k]]);
    }
  }
  const out: Match[] = [];
  for (const [part, pairs] of byPart) {
    let best: Match | null = null;
    for (let a = 0; a < pairs.length; ) {
      let b = a + 2;
      while (b < pairs.length && hits.word[pairs[b]] - hits.word[pairs[b - 2]] <= index.size + MOST_GAP) b += 2;
      const found = stretchOf(index, hits, part, pairs, a, b, { fullWords, runBytes });
      if (best === null || found.score > best.score || (found.score === best.score && found.run > best.run))
        best = found;
      a = b;
    }
    out.push(best!);
  }
  return out.sort((x, y) => y.score - x.score || y.run - x.run || x.part - y.part);
}

function stretchOf(
  index: BenchmarkIndex,
  hits: NgramHits,
  part: number,
  pairs: readonly number[],
  a: number,
  b: number,
  { fullWords, runBytes }: MatchOptions,
): Match {
  const { words } = index.parts[part];
  const seen = new Uint8Array(words);
  /** Length so far of the run on each diagonal, by its last document word. */
  const runs = new Map<number, { last: number; length: number }>();
  let run = 0;
  let end = 0;
  for (let i = a; i < b; i += 2) {
    const [h, at] = [pairs[i], pairs[i + 1]];
    seen.fill(1, at, at + index.size);
    end = Math.max(end, hits.end[h]);
    const diagonal = hits.word[h] - at;
    const before = runs.get(diagonal);
    const length = before?.last === hits.word[h] - 1 ? before.length + 1 : index.size;
    runs.set(diagonal, { last: hits.word[h], length });
    if (length > run && differentBytes(index, part, at + index.size - length, length) >= runBytes) run = length;
  }
  const covered = seen.reduce((n, s) => n + s, 0);
  return { part, covered, run, score: covered / Math.max(words, fullWords), start: hits.start[pairs[a]], end };
}

/** Bytes of the different words among `length` words of a part. */
function differentBytes(index: BenchmarkIndex, part: number, from: number, length: number): number {
  const first = index.wordOffsets[part] + from;
  let bytes = 0;
  for (let i = first; i < first + length; i++) {
    let j = first;
    while (index.wordHash[j] !== index.wordHash[i]) j++;
    if (j === i) bytes += index.wordBytes[i];
  }
  return bytes;
}
