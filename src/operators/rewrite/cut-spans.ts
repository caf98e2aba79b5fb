import type { CutSpans } from '../../streams/batch/outcome.ts';
import { addedBy, type TextCut } from './line-rewrite.ts';

/**
 * Spans cut by a rewrite, put together with those of the rewrites before it, so that all of them are places in the
 * original text.
 * @param before cuts so far, or null before the first rewrite
 * @param cuts of each row, in bytes of the text as it is now; ascending, without overlap
 * @param rules names that `cuts` may use; fixed per step, so that every batch has the same list
 */
export function composeCuts(
  before: CutSpans | null,
  cuts: readonly (readonly TextCut[])[],
  rules: readonly string[],
): CutSpans {
  const names = [...new Set([...(before?.rules ?? []), ...rules])];
  const rows = cuts.map((own, row) => merged(cutsOfRow(before, row), own));
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((r, i) => {
    offsets[i + 1] = offsets[i] + r.length;
  });
  const all = rows.flat();
  return {
    offsets,
    start: Int32Array.from(all, (c) => c.start),
    end: Int32Array.from(all, (c) => c.end),
    rule: Uint16Array.from(all, (c) => names.indexOf(c.rule)),
    rules: names,
    ...addedOf(all),
  };
}

/** Left out where nothing is added but what the name of a rule says. */
function addedOf(all: readonly TextCut[]): Pick<CutSpans, 'added'> {
  if (all.every((c) => c.insert === undefined && c.added === undefined)) return {};
  return { added: Int32Array.from(all, addedBy) };
}

/** The cuts of one row, in bytes of its original text. */
export function cutsOfRow(spans: CutSpans | null, row: number): TextCut[] {
  if (spans === null) return [];
  const out: TextCut[] = [];
  for (let k = spans.offsets[row]; k < spans.offsets[row + 1]; k++) {
    const span = { start: spans.start[k], end: spans.end[k], rule: spans.rules[spans.rule[k]] };
    out.push(spans.added ? { ...span, added: spans.added[k] } : span);
  }
  return out;
}

/** Old cuts stay as they are; a new one falls into the pieces of original text that lie between them. */
function merged(old: readonly TextCut[], fresh: readonly TextCut[]): TextCut[] {
  if (old.length === 0) return [...fresh];
  const out: TextCut[] = [...old];
  // Walks the kept pieces: `now` counts bytes of the current text, `at` those of the original.
  let next = 0;
  let now = 0;
  let at = 0;
  for (const piece of [...old, { start: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY, rule: '' }]) {
    const pieceEnd = now + (piece.start - at);
    while (next < fresh.length && fresh[next].start < pieceEnd) {
      const { start, end, rule, insert } = fresh[next];
      const from = Math.max(start, now);
      const to = Math.min(end, pieceEnd);
      // What stands in its place stands behind the first piece of it.
      const own = start >= now ? insert : undefined;
      if (from < to || own !== undefined)
        out.push({ start: at + (from - now), end: at + (to - now), rule, ...(own !== undefined && { insert: own }) });
      if (end > pieceEnd) break;
      next++;
    }
    now = pieceEnd + addedBy(piece);
    at = piece.end;
    while (next < fresh.length && fresh[next].end <= now) next++;
  }
  return out.sort((a, b) => a.start - b.start);
}

/** Cuts of a string in bytes of its UTF-8; `utf8` is that string encoded. */
export function cutsInBytes(text: string, utf8Length: number, cuts: readonly TextCut[]): readonly TextCut[] {
  if (utf8Length === text.length) return cuts;
  let unit = 0;
  let byte = 0;
  const bytesAt = (to: number): number => {
    byte += Buffer.byteLength(text.slice(unit, to));
    unit = to;
    return byte;
  };
  return cuts.map((cut) => ({ ...cut, start: bytesAt(cut.start), end: bytesAt(cut.end) }));
}
