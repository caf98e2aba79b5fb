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

/** As `String.split` does it: there is always a line, and an empty one behind a break at the end. */
export function splitLineFeeds(units: Int32Array, from: number, to: number, at: LineBreak): Spans {
  spans.count = 0;
  let start = from;
  for (let i = from; i < to; i++) {
    if (units[i] !== 10) continue;
    const feed = i;
    if (at !== 'each') while (i + 1 < to && units[i + 1] === 10) i++;
    if (at === 'blank' && i === feed) continue;
    push(start, feed);
    start = i + 1;
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

/** Copies among spans: the second and later ones, and all of those that have one; how many, and their code points. */
export interface Copies {
  readonly later: number;
  readonly laterPoints: number;
  readonly all: number;
  readonly allPoints: number;
}

export function copiesOf(units: Int32Array, { start, end, count }: Spans): Copies {
  numbers.reset(units, count);
  const copies = new Int32Array(count);
  for (let k = 0; k < count; k++) {
    let hash = 0;
    for (let i = start[k]; i < end[k]; i++) hash = (Math.imul(hash, BASE) + units[i]) | 0;
    copies[numbers.numberOf(hash, units, start[k], end[k])]++;
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
