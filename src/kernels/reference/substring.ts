const MASK = (1n << 64n) - 1n;
const A = 0x9e3779b97f4a7c15n;
const B = 0xc2b2ae3d27d4eb4fn;
const FIRST = 0xbf58476d1ce4e5b9n;
const SECOND = 0x94d049bb133111ebn;
const M = 0xd6e8feb86659fd93n;

const rotl = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & MASK;

function mix(value: bigint): bigint {
  let x = value & MASK;
  x ^= x >> 32n;
  x = (x * FIRST) & MASK;
  x ^= x >> 29n;
  x = (x * SECOND) & MASK;
  return x ^ (x >> 32n);
}

/** A word or a byte: its hash, and where it lies in bytes. */
export interface Unit {
  readonly hash: bigint;
  readonly start: number;
  readonly end: number;
}

/** A window, or the stretch of the windows of one anchor. */
export interface Stretch {
  readonly anchor: bigint;
  readonly hash: bigint;
  /**
   * 16 bits of a hash of the units before the anchor, half of what a window has beside its gram; 0: the stretch has
   * fewer.
   */
  readonly left: number;
  /** Of those after its gram, one more than the other half; 0: the stretch has fewer. */
  readonly right: number;
  /** Bytes from its start to the anchor. */
  readonly place: number;
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
      hash: mix(A * BigInt(b + 1)),
      start: i,
      end: i + 1,
    }));
  }
  const units: Unit[] = [];
  let at = 0;
  for (const part of text.split(new RegExp(`(${SPACE.source})`))) {
    const bytes = Buffer.from(part);
    if (part !== '' && !SPACE.test(part)) units.push({ hash: hashOf(bytes), start: at, end: at + bytes.length });
    at += bytes.length;
  }
  return units;
}

/** Hash of bytes, eight at a time. */
function hashOf(bytes: Uint8Array): bigint {
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  let h = A ^ ((BigInt(bytes.length) * B) & MASK);
  for (let at = 0; at < padded.length; at += 8) h = (rotl(h ^ view.getBigUint64(at, true), 29n) * FIRST) & MASK;
  return mix(h);
}

/** Polynomial over the hashes of units, modulo 2^64. */
const sum = (units: readonly Unit[]): bigint => units.reduce((all, u) => (all * M + u.hash) & MASK, 0n);
const polynomial = (units: readonly Unit[]): bigint => mix(sum(units));
const spread = (x: bigint): bigint => ((x ^ (x >> 32n)) * FIRST) & MASK;

/** Every window of `window` units. */
export function referenceWindows(text: string, unit: 'words' | 'bytes', window: number): Stretch[] {
  const units = referenceUnits(text, unit);
  const out: Stretch[] = [];
  for (let s = 0; s + window <= units.length; s++) {
    const hash = polynomial(units.slice(s, s + window));
    const end = units[s + window - 1].end;
    out.push({ anchor: 0n, hash, left: 0, right: 0, place: 0, start: units[s].start, end, tied: false });
  }
  return out;
}

/**
 * Windows by their anchors, as robust winnowing chooses them (Schleimer, Wilkerson, Aiken 2003): the least hash of the
 * grams of a window; of equal ones the one chosen for the window before, else the right-most. Windows that follow each
 * other and have one anchor are one stretch.
 */
export function referenceAnchors(text: string, unit: 'words' | 'bytes', window: number, gram: number): Stretch[] {
  const units = referenceUnits(text, unit);
  const bytes = Buffer.from(text);
  // Stretches of bytes are hashed as words are: what lies between words counts for neither.
  const range = (from: number, to: number): bigint =>
    unit === 'bytes' ? hashOf(bytes.subarray(from, to)) : polynomial(units.slice(from, to));
  const side = (from: number, to: number): number => Math.max(1, Number(range(from, to) & 0xffffn));
  const order = (x: bigint): bigint => (unit === 'bytes' ? spread(x) : mix(x));
  const grams = units.slice(gram - 1).map((_, g) => order(sum(units.slice(g, g + gram))));
  const leftUnits = Math.floor((window - gram) / 2);
  const rightUnits = window - gram - leftUnits + 1;
  const out: Stretch[] = [];
  let anchor = -1;
  let first = 0;
  const close = (to: number): void => {
    const after = anchor + gram;
    out.push({
      anchor: grams[anchor],
      hash: range(first, to),
      left: anchor - leftUnits >= first ? side(anchor - leftUnits, anchor) : 0,
      right: after + rightUnits <= to ? side(after, after + rightUnits) : 0,
      place: units[anchor].start - units[first].start,
      start: units[first].start,
      end: units[to - 1].end,
      tied: grams.slice(first, to - gram + 1).filter((v) => v === grams[anchor]).length > 1,
    });
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
