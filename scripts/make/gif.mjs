// An animated GIF of pictures that differ in parts: one palette for all, and of each only what has changed since the
// one before, the rest transparent.
import gifenc from 'gifenc';
import { PNG } from 'pngjs';

const { GIFEncoder, quantize } = gifenc;
/** Colours of the palette; the last index is what stays as it was. */
const COLOURS = 255;

/**
 * @param frames pictures of one size: `png`, its bytes, and `delay`, milliseconds that it is shown
 * @returns bytes of the GIF, which repeats for ever
 */
export function animation(frames) {
  const pictures = frames.map(({ png, delay }) => ({ ...PNG.sync.read(png), delay }));
  const [{ width, height }] = pictures;
  const palette = paletteOf(pictures);
  const nearest = nearestIn(palette);
  const all = [...palette, [0, 0, 0]];
  const gif = GIFEncoder();
  let before = null;
  for (const { data, delay } of pictures) {
    const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height);
    const index = Uint8Array.from(pixels, nearest);
    const changed = before ? index.map((c, i) => (c === before[i] ? COLOURS : c)) : index;
    const more = before ? { transparent: true, transparentIndex: COLOURS } : { palette: all };
    gif.writeFrame(changed, width, height, { ...more, delay, dispose: 1, repeat: 0 });
    before = index;
  }
  gif.finish();
  return gif.bytes();
}

/** Each colour weighs as much as the square root of how often it is there: a flat ground does not take all entries. */
function paletteOf(pictures) {
  const counts = new Map();
  for (const { data } of pictures)
    for (const c of new Uint32Array(data.buffer, data.byteOffset, data.length / 4))
      counts.set(c, (counts.get(c) ?? 0) + 1);
  // The commonest are exact: grounds, bars and the text at full strength.
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const exact = sorted.slice(0, 96).map(([c]) => bytesOf(c));
  const rest = sorted.slice(96).flatMap(([c, n]) => Array(Math.ceil(Math.sqrt(n))).fill(c));
  if (rest.length === 0) return exact;
  return [...exact, ...quantize(new Uint8Array(Uint32Array.from(rest).buffer), COLOURS - exact.length)];
}

const bytesOf = (c) => [c & 255, (c >> 8) & 255, (c >> 16) & 255];

function nearestIn(palette) {
  const known = new Map();
  return (c) => {
    let best = known.get(c);
    if (best === undefined) {
      const [r, g, b] = bytesOf(c);
      const far = palette.map(([pr, pg, pb]) => (r - pr) ** 2 + (g - pg) ** 2 + (b - pb) ** 2);
      best = far.indexOf(Math.min(...far));
      known.set(c, best);
    }
    return best;
  };
}
