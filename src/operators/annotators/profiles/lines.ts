import { BASE, longer, SpanNumbers } from './spans.ts';
import { LINE_END, pointsIn, SPACE, type Units } from './units.ts';

/** Parts of a text from unit to unit; borrowed until the next text is split. */
export interface Spans {
  start: Int32Array;
  end: Int32Array;
  count: number;
}

const spans: Spans = { start: new Int32Array(64), end: new Int32Array(64), count: 0 };

function push(start: number, end: number): void {
  if (spans.count === spans.start.length) {
    spans.start = longer(spans.start);
    spans.end = longer(spans.end);
  }
  spans.start[spans.count] = start;
  spans.end[spans.count++] = end;
}

/** What parts two lines: each `\n`, a run of them, or a run of two and more. */
export type LineBreak = 'each' | 'run' | 'blank';

/**
 * As `String.split` does it from one unit to another: there is always a line, and an empty one behind a break at the
 * end.
 */
export function splitLineFeeds(text: string, from: number, to: number, at: LineBreak): Spans {
  spans.count = 0;
  let start = from;
  for (let feed = text.indexOf('\n', from); feed >= 0 && feed < to; ) {
    let end = feed + 1;
    if (at !== 'each') while (end < to && text.charCodeAt(end) === 10) end++;
    if (at !== 'blank' || end - feed > 1) {
      push(start, feed);
      start = end;
    }
    feed = text.indexOf('\n', end);
  }
  push(start, to);
  return spans;
}

/** Lines as Python's `splitlines` has them. */
export function pythonLines({ units, length }: Units): Spans {
  spans.count = 0;
  let start = 0;
  for (let i = 0; i < length; i++) {
    if (LINE_END[units[i]] === 0) continue;
    push(start, i);
    if (units[i] === 13 && i + 1 < length && units[i + 1] === 10) i++;
    start = i + 1;
  }
  if (start < length) push(start, length);
  return spans;
}

/** Narrows a span to what is left without white space at its ends; start === end for a blank one. */
export function strip(units: Int32Array, from: number, to: number): readonly [start: number, end: number] {
  let start = from;
  let end = to;
  while (start < end && SPACE[units[start]] === 1) start++;
  while (end > start && SPACE[units[end - 1]] === 1) end--;
  return [start, end];
}

const numbers = new SpanNumbers();

/** Of both ends of a span; those of long lines tell them apart mostly. */
function hashOf(units: Int32Array, start: number, end: number): number {
  let hash = 0;
  const long = end - start > 2 * END;
  for (let i = start; i < (long ? start + END : end); i++) hash = (Math.imul(hash, BASE) + units[i]) | 0;
  if (long) for (let i = end - END; i < end; i++) hash = (Math.imul(hash, BASE) + units[i]) | 0;
  return hash;
}
const END = 24;

/** Copies among spans: the second and later ones, and all of those that have one; how many, and their code points. */
export interface Copies {
  readonly later: number;
  readonly laterPoints: number;
  readonly all: number;
  readonly allPoints: number;
}

export function copiesOf(units: Int32Array, { start, end, count }: Spans): Copies {
  if (count < 2) return { later: 0, laterPoints: 0, all: 0, allPoints: 0 };
  numbers.reset(units, count);
  const copies = new Int32Array(count);
  for (let k = 0; k < count; k++) {
    copies[numbers.numberOf(hashOf(units, start[k], end[k]), start[k], end[k])]++;
  }
  let [later, laterPoints, all, allPoints] = [0, 0, 0, 0];
  for (let number = 0; number < numbers.size; number++) {
    const times = copies[number];
    if (times < 2) continue;
    const points = pointsIn(units, numbers.start[number], numbers.end[number]);
    later += times - 1;
    laterPoints += (times - 1) * points;
    all += times;
    allPoints += times * points;
  }
  return { later, laterPoints, all, allPoints };
}
