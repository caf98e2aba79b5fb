import type { SampleRecord } from './records.ts';

/** A measured line: x never falls. */
export interface Curve {
  readonly x: Float64Array;
  /** NaN = nothing was measured. */
  readonly y: Float64Array;
}

export interface DrawnCurve {
  /** Ends of the whole curve. */
  readonly whole: readonly [number, number] | null;
  /** Points that were measured between the ends that were asked for. */
  readonly points: number;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
}

/**
 * What a curve looks like on so many pixels: of the points that fall on one, the first, the least, the most and the
 * last, in their order. Nothing is sampled, so that a single point that stands out is seen at every zoom; and there are
 * at most four points a pixel, however long the run was. With them come the nearest points beyond both ends.
 */
export function drawn({ x, y }: Curve, from: number, to: number, pixels: number): DrawnCurve {
  if (x.length === 0) return { whole: null, points: 0, x: [], y: [] };
  const begin = firstAt(x, from);
  const end = firstAfter(x, to);
  const rows: number[] = [];
  if (begin > 0) rows.push(begin - 1);
  if (end - begin <= 4 * pixels) for (let i = begin; i < end; i++) rows.push(i);
  else {
    const width = (to - from) / pixels;
    for (let i = begin, pixel = 0; i < end; pixel++) {
      // The last pixel takes what rounding leaves.
      const until = pixel >= pixels - 1 ? end : Math.min(end, firstAt(x, from + (pixel + 1) * width));
      if (until > i) pushPixel(rows, y, i, until);
      i = Math.max(i, until);
    }
  }
  if (end < x.length) rows.push(end);
  return {
    whole: [x[0], x[x.length - 1]],
    points: end - begin,
    x: rows.map((i) => x[i]),
    y: rows.map((i) => (Number.isNaN(y[i]) ? null : y[i])),
  };
}

function pushPixel(rows: number[], y: Float64Array, begin: number, end: number): void {
  let [least, most] = [begin, begin];
  for (let i = begin + 1; i < end; i++) {
    // Whatever is a number stands out of what is none.
    if (y[i] < y[least] || Number.isNaN(y[least])) least = i;
    if (y[i] > y[most] || Number.isNaN(y[most])) most = i;
  }
  const kept = [begin, Math.min(least, most), Math.max(least, most), end - 1];
  for (const i of kept) if (i !== rows[rows.length - 1]) rows.push(i);
}

/** Index of the first x that is not less. */
function firstAt(x: Float64Array, value: number): number {
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (x[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first x that is greater. */
function firstAfter(x: Float64Array, value: number): number {
  let [low, high] = [0, x.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (x[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A curve of a run over its seconds of work. */
export interface RunCurve {
  readonly title: string;
  readonly unit: 'bytes/s' | 'share' | 'documents/s' | 'bytes';
  /** Of a sample and the one before it. */
  readonly of: (now: SampleRecord, before: SampleRecord) => number;
  /** Before the last phase nothing is kept yet: there is nothing to draw. */
  readonly atEnd?: true;
}

const perSecond = (of: (s: SampleRecord) => number) => (now: SampleRecord, before: SampleRecord) =>
  now.t > before.t ? Math.max(0, of(now) - of(before)) / (now.t - before.t) : Number.NaN;

export const RUN_CURVES: Readonly<Record<string, RunCurve>> = {
  rate: { title: 'Text through all steps', unit: 'bytes/s', of: perSecond((s) => s.doneBytes) },
  kept: {
    title: 'Kept, of the documents decided in this second',
    unit: 'share',
    of: (now, before) => {
      const [kept, dropped] = [now.kept - before.kept, now.dropped - before.dropped];
      return kept + dropped > 0 ? kept / (kept + dropped) : Number.NaN;
    },
    atEnd: true,
  },
  quarantine: { title: 'Quarantine', unit: 'documents/s', of: perSecond((s) => s.quarantined) },
  memory: { title: 'Memory of the process', unit: 'bytes', of: (s) => s.memoryBytes },
};

/** The last sample of a start comes soon after the one before it: over a moment a rate says nothing. */
const LEAST_SECONDS = 0.5;

/** A curve from the samples of a run, in their order. @param endT seconds at which the last phase began */
export function runCurve(samples: readonly SampleRecord[], { of, atEnd }: RunCurve, endT = 0): Curve {
  const n = Math.max(0, samples.length - 1);
  const [x, y] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    x[i] = samples[i + 1].t;
    const before = samples[i + 1].t - samples[i].t < LEAST_SECONDS && i > 0 ? samples[i - 1] : samples[i];
    y[i] = atEnd && samples[i + 1].t <= endT ? Number.NaN : of(samples[i + 1], before);
  }
  return { x, y };
}
