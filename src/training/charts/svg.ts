/** Colours that people who see fewer of them can tell apart (Okabe and Ito). */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'] as const;

export const colourOf = (i: number): string => COLOURS[i % COLOURS.length];

/** Text as it may stand inside SVG. */
export const xmlText = (text: string): string =>
  text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    // Control characters are no XML.
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '\ufffd');

export interface TextOptions {
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly colour?: string;
  readonly rotate?: number;
}

export function svgText(x: number, y: number, text: string, options: TextOptions = {}): string {
  const { size = 12, anchor = 'start', colour = '#222', rotate } = options;
  const turned = rotate === undefined ? '' : ` transform="rotate(${rotate} ${at(x)} ${at(y)})"`;
  return (
    `<text x="${at(x)}" y="${at(y)}" font-size="${size}" text-anchor="${anchor}" fill="${colour}"${turned}>` +
    `${xmlText(text)}</text>`
  );
}

export const svgLine = (
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  colour: string,
  width = 1,
): string =>
  `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" stroke="${colour}" stroke-width="${width}"/>`;

export const svgDot = (x: number, y: number, colour: string, radius = 3.5): string =>
  `<circle cx="${at(x)}" cy="${at(y)}" r="${radius}" fill="${colour}"/>`;

export const svgPicture = (width: number, height: number, parts: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
  `font-family="sans-serif">\n<rect width="${width}" height="${height}" fill="white"/>\n${parts.join('\n')}\n</svg>\n`;

/** A place with one digit after the point. */
export const at = (x: number): string => x.toFixed(1);

/** Round numbers from `low` to `high`, about five. */
export function ticksOf(low: number, high: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step); k * step <= high + step / 1e6; k++)
    ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}
