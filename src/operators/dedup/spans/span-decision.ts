import type { BarrierDecision } from '../../../streams/flow/barrier.ts';
import { isSpace } from '../space.ts';
import type { KeyTables } from '../tables/key-tables.ts';
import { SpilledTexts } from '../tables/spilled-texts.ts';
import type { SpanLog } from './span-log.ts';

/** Bytes from `start` to `end`, pairs in a row: ascending, without overlap. */
export type Spans = number[];

export interface SpanDecision {
  /** Name of the cuts. */
  readonly cut: string;
  /** Least words that a document must have left when something was cut; 0: any. */
  readonly minWordsLeft: number;
  /** Least sentences; 0: any. */
  readonly minSentencesLeft?: number;
  /** May stop at a number that is `enough`. */
  readonly countSentences?: (text: Uint8Array, enough: number) => number;
  /** Makes of joined spans those that are cut. Default: as they are. */
  readonly settle?: (text: Uint8Array, spans: Spans) => Spans;
}

/** Rules of a step that cuts spans, by their place in the descriptor. */
export const NOTHING_LEFT = 0;
export const MIN_WORDS = 1;
export const MIN_SENTENCES = 2;

/**
 * Decisions of all splits by a log of cuts. Reads back only the texts that lose something. A document is dropped when
 * no word is left of it (value: share of its bytes that was cut), or fewer words or sentences than wanted (value: those
 * left).
 */
export function* spanDecisions(
  tables: KeyTables,
  log: Pick<SpanLog, 'take' | 'close'>,
  options: SpanDecision,
): Generator<BarrierDecision> {
  const texts = new SpilledTexts(tables.splits.map((s) => s.spill));
  try {
    for (let s = 0; s < tables.splits.length; s++) yield decisionOf(tables, s, log.take(s), texts, options);
  } finally {
    texts.close();
    log.close();
  }
}

function decisionOf(
  tables: KeyTables,
  s: number,
  triples: Uint32Array,
  texts: SpilledTexts,
  options: SpanDecision,
): BarrierDecision {
  const first = tables.first[s];
  const rows = tables.first[s + 1] - first;
  const keep = new Uint8Array(rows).fill(1);
  const rule = new Uint8Array(rows);
  const value = new Float64Array(rows).fill(Number.NaN);
  const perRow = new Map<number, Spans>();
  const settled = (row: number, text: Uint8Array, joined: Spans): void => {
    const spans = options.settle ? options.settle(text, joined) : joined;
    if (spans.length === 0) return;
    const verdict = judged(text, spans, options);
    if (verdict === null) perRow.set(row, spans);
    else [keep[row], rule[row], value[row]] = [0, verdict.rule, verdict.value];
  };
  let next = 0;
  if (triples.length > 0)
    tables.scan(
      ['start', 'bytes'],
      ([startBuffer, bytesBuffer], from, count) => {
        const [start, bytes] = [new Float64Array(startBuffer, 0, count), new Int32Array(bytesBuffer, 0, count)];
        while (next < triples.length && triples[next] + first < from + count) {
          const row = triples[next];
          const spans: Spans = [];
          for (; triples[next] === row && next < triples.length; next += 3)
            addSpan(spans, triples[next + 1], triples[next + 2]);
          const i = row + first - from;
          settled(row, texts.text(s, start[i], bytes[i]), spans);
        }
      },
      (from, to) => to > first && from < first + rows,
    );
  return {
    ...keepsAll(tables.splits[s].split, rows),
    keep,
    rule,
    value,
    cuts: cutSpans(rows, perRow, options.cut),
  };
}

/** A decision that drops nothing and names no twins. */
export const keepsAll = (split: number, rows: number) => ({
  split,
  keep: new Uint8Array(rows).fill(1),
  duplicateOf: new Array<null>(rows).fill(null),
  similarity: new Float64Array(rows).fill(Number.NaN),
});

/** Appends a span that begins at or after the last; those that touch become one. */
export function addSpan(spans: Spans, start: number, end: number): void {
  const last = spans.length - 1;
  if (last > 0 && start <= spans[last]) spans[last] = Math.max(spans[last], end);
  else spans.push(start, end);
}

function judged(text: Uint8Array, spans: Spans, options: SpanDecision): { rule: number; value: number } | null {
  const left = without(text, spans);
  const words = wordsOf(left, Math.max(1, options.minWordsLeft));
  if (words === 0) return { rule: NOTHING_LEFT, value: (text.length - left.length) / text.length };
  if (words < options.minWordsLeft) return { rule: MIN_WORDS, value: words };
  if (!options.minSentencesLeft || !options.countSentences) return null;
  const sentences = options.countSentences(left, options.minSentencesLeft);
  return sentences < options.minSentencesLeft ? { rule: MIN_SENTENCES, value: sentences } : null;
}

function without(text: Uint8Array, spans: Spans): Uint8Array {
  const out = new Uint8Array(text.length);
  let to = 0;
  for (let k = 0, at = 0; k <= spans.length; k += 2) {
    const end = k < spans.length ? spans[k] : text.length;
    out.set(text.subarray(at, end), to);
    to += end - at;
    at = spans[k + 1];
  }
  return out.subarray(0, to);
}

/** Runs of anything but ASCII white space; no more are counted than `enough`. */
function wordsOf(text: Uint8Array, enough: number): number {
  let words = 0;
  let space = true;
  for (let i = 0; i < text.length && words < enough; i++) {
    const now = isSpace(text[i]);
    if (space && !now) words++;
    space = now;
  }
  return words;
}

function cutSpans(rows: number, perRow: ReadonlyMap<number, Spans>, name: string): BarrierDecision['cuts'] {
  const offsets = new Int32Array(rows + 1);
  let total = 0;
  for (const spans of perRow.values()) total += spans.length / 2;
  const start = new Int32Array(total);
  const end = new Int32Array(total);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    const spans = perRow.get(row) ?? [];
    for (let k = 0; k < spans.length; k += 2, at++) [start[at], end[at]] = [spans[k], spans[k + 1]];
    offsets[row + 1] = at;
  }
  return { offsets, start, end, rule: new Uint16Array(total), rules: [name] };
}
