const MASK = (1n << 64n) - 1n;
const A = 0x9e3779b97f4a7c15n;
const B = 0xc2b2ae3d27d4eb4fn;
const FIRST = 0xbf58476d1ce4e5b9n;
const SECOND = 0x94d049bb133111ebn;
const M1 = 0xd6e8feb86659fd93n;
const M2 = 0xa0761d6478bd642dn;

const rotl = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & MASK;

function mix(value: bigint): bigint {
  let x = value & MASK;
  x ^= x >> 32n;
  x = (x * FIRST) & MASK;
  x ^= x >> 29n;
  x = (x * SECOND) & MASK;
  return x ^ (x >> 32n);
}

/** A word or a byte: two hashes, and where it lies in bytes. */
export interface Unit {
  readonly h1: bigint;
  readonly h2: bigint;
  readonly start: number;
  readonly end: number;
}

/** A window, or the stretch of the windows of one anchor. */
export interface Stretch {
  readonly anchor: bigint;
  readonly hash: readonly [bigint, bigint];
  readonly start: number;
  readonly end: number;
  /** The anchor stands in the stretch more than once. */
  readonly tied: boolean;
}

/** White space of Unicode. */
const SPACE = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** Units of a text: runs of anything but white space, or bytes. */
export function referenceUnits(text: string, unit: 'words' | 'bytes'): Unit[] {
  if (unit === 'bytes') {
    return [...Buffer.from(text)].map((b, i) => ({
      h1: mix(A * BigInt(b + 1)),
      h2: mix(B * BigInt(b + 1)),
      start: i,
      end: i + 1,
    }));
  }
  const units: Unit[] = [];
  let at = 0;
  for (const part of text.split(new RegExp(`(${SPACE.source})`))) {
    const bytes = Buffer.from(part);
    if (part !== '' && !SPACE.test(part)) units.push(wordUnit(bytes, at));
    at += bytes.length;
  }
  return units;
}

function wordUnit(bytes: Uint8Array, start: number): Unit {
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  let h1 = A ^ ((BigInt(bytes.length) * B) & MASK);
  let h2 = B ^ ((BigInt(bytes.length) * A) & MASK);
  for (let at = 0; at < padded.length; at += 8) {
    const word = view.getBigUint64(at, true);
    h1 = (rotl(h1 ^ word, 29n) * FIRST) & MASK;
    h2 = (rotl((h2 + word) & MASK, 37n) * SECOND) & MASK;
  }
  return { h1: mix(h1), h2: h2 ^ (h2 >> 32n), start, end: start + bytes.length };
}

/** Polynomials over the hashes of units, modulo 2^64. */
function polynomials(units: readonly Unit[]): [bigint, bigint] {
  let [a, b] = [0n, 0n];
  for (const { h1, h2 } of units) {
    a = (a * M1 + h1) & MASK;
    b = (b * M2 + h2) & MASK;
  }
  return [a, b];
}

/** Every window of `window` units. */
export function referenceWindows(text: string, unit: 'words' | 'bytes', window: number): Stretch[] {
  const units = referenceUnits(text, unit);
  const out: Stretch[] = [];
  for (let s = 0; s + window <= units.length; s++) {
    const [a, b] = polynomials(units.slice(s, s + window));
    const end = units[s + window - 1].end;
    out.push({ anchor: 0n, hash: [mix(a), mix(b)], start: units[s].start, end, tied: false });
  }
  return out;
}

/**
 * Windows by their anchors, as robust winnowing chooses them (Schleimer, Wilkerson, Aiken 2003): the least hash of the grams of a window; of equal
 * ones the one chosen for the window before, else the right-most. Windows that follow each other and have one anchor are one stretch.
 */
export function referenceAnchors(text: string, unit: 'words' | 'bytes', window: number, gram: number): Stretch[] {
  const units = referenceUnits(text, unit);
  const grams = units.slice(gram - 1).map((_, g) => mix(polynomials(units.slice(g, g + gram))[0]));
  const out: Stretch[] = [];
  let anchor = -1;
  let first = 0;
  const close = (to: number): void => {
    const [a, b] = polynomials(units.slice(first, to));
    const inside = grams.slice(first, to - gram + 1).filter((v) => v === grams[anchor]).length;
    const length = BigInt(to - first);
    const hash = [mix(a + length * A), mix(b + length * B)] as const;
    out.push({ anchor: grams[anchor], hash, start: units[first].start, end: units[to - 1].end, tied: inside > 1 });
  };
  for (let s = 0; s + window <= units.length; s++) {
    const own = grams.slice(s, s + window - gram + 1);
    const least = own.reduce((x, y) => (y < x ? y : x));
    if (anchor >= s && grams[anchor] === least) continue;
    if (anchor >= 0) close(s - 1 + window);
    anchor = s + own.lastIndexOf(least);
    first = s;
  }
  if (anchor >= 0) close(units.length);
  return out;
}
