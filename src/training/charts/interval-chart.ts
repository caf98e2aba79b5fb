import { at, colourOf, svgDot, svgLine, svgPicture, svgText, ticksOf } from './svg.ts';

/** A difference with its interval; null: not known. */
export interface IntervalPoint {
  readonly label: string;
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

export interface IntervalPanel {
  readonly title: string;
  /** Their points have the same labels in the same order. */
  readonly series: readonly { readonly name: string; readonly points: readonly IntervalPoint[] }[];
}

const [WIDTH, LEFT, RIGHT, ROW, HEAD] = [820, 230, 30, 16, 44] as const;

/** Panels of intervals about zero, a line for each label. */
export function intervalChart(panels: readonly IntervalPanel[]): string {
  let top = 10;
  const parts = panels.map((panel) => {
    const { lines, height } = drawn(panel, top);
    top += height;
    return lines.join('\n');
  });
  return svgPicture(WIDTH, top + 10, parts);
}

function drawn({ title, series }: IntervalPanel, top: number): { lines: string[]; height: number } {
  const points = series.flatMap((s) => s.points);
  const reach = 1.05 * Math.max(1e-9, ...points.flatMap((p) => [p.mean, p.low ?? 0, p.high ?? 0].map(Math.abs)));
  const x = (value: number): number => LEFT + ((value + reach) / (2 * reach)) * (WIDTH - LEFT - RIGHT);
  const labels = series[0]?.points.map((p) => p.label) ?? [];
  const rowHeight = ROW * Math.max(1, series.length);
  const bottom = top + HEAD + labels.length * rowHeight;
  const lines = [svgText(10, top + 16, title, { size: 13 })];
  series.forEach(({ name }, k) => {
    lines.push(svgText(LEFT + k * 150, top + 33, name, { size: 11, colour: colourOf(k) }));
  });
  for (const tick of ticksOf(-reach, reach)) {
    const colour = tick === 0 ? '#666' : '#ddd';
    lines.push(svgLine([x(tick), top + HEAD - 4], [x(tick), bottom], colour));
    lines.push(svgText(x(tick), bottom + 13, at1(tick), { size: 10, anchor: 'middle' }));
  }
  labels.forEach((label, i) => {
    const from = top + HEAD + i * rowHeight;
    lines.push(svgText(LEFT - 10, from + rowHeight / 2 + 4, shortened(label), { size: 11, anchor: 'end' }));
    series.forEach(({ points: own }, k) => {
      const { mean, low, high } = own[i];
      const y = from + (k + 0.5) * ROW;
      if (low !== null && high !== null) lines.push(svgLine([x(low), y], [x(high), y], colourOf(k), 2));
      lines.push(svgDot(x(mean), y, colourOf(k)));
    });
  });
  return { lines, height: bottom - top + 30 };
}

const MOST_LABEL = 34;
const shortened = (label: string): string => (label.length > MOST_LABEL ? `${label.slice(0, MOST_LABEL - 1)}…` : label);
const at1 = (x: number): string => (Math.abs(x) >= 10 ? at(x) : String(Number(x.toPrecision(2))));
