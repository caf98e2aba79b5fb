import type { RawJson } from './value.ts';

/** Parts of a second that times are counted in. */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

const PER_SECOND: Readonly<Record<TimeUnit, bigint>> = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n };
const DAY_SECONDS = 86_400n;
/** Milliseconds on either side of 1970 that a calendar date is made of. */
const MOST_MS = 8_640_000_000_000_000n;

const floorDiv = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n);

/** Nanoseconds of a second as three, six or nine digits: as many as say all, three at least. */
function fraction(nanoseconds: bigint): string {
  const digits = nanoseconds.toString().padStart(9, '0');
  if (!digits.endsWith('000')) return digits;
  return digits.endsWith('000000') ? digits.slice(0, 3) : digits.slice(0, 6);
}

/**
 * ISO 8601 of a moment, to the nanosecond: `2024-02-29T12:34:56.789Z`; without the Z where no time zone is known. Null
 * outside of the calendar.
 */
export function timestampText(value: bigint, unit: TimeUnit, utc: boolean): string | null {
  const seconds = floorDiv(value, PER_SECOND[unit]);
  const nanoseconds = (value - seconds * PER_SECOND[unit]) * (PER_SECOND.ns / PER_SECOND[unit]);
  if (seconds * 1000n > MOST_MS || seconds * 1000n < -MOST_MS) return null;
  const second = new Date(Number(seconds) * 1000).toISOString().slice(0, -5);
  return `${second}.${fraction(nanoseconds)}${utc ? 'Z' : ''}`;
}

/** `2024-02-29`, or null outside of the calendar. */
export const dateText = (days: number): string | null =>
  Math.abs(days * 86_400_000) <= Number(MOST_MS)
    ? (new Date(days * 86_400_000).toISOString().split('T')[0] ?? null)
    : null;

/** Time of a day: `12:34:56.789`. */
export function timeText(value: bigint, unit: TimeUnit): string | null {
  const seconds = floorDiv(value, PER_SECOND[unit]);
  if (seconds < 0n || seconds > DAY_SECONDS) return null;
  const two = (n: bigint): string => n.toString().padStart(2, '0');
  const nanoseconds = (value - seconds * PER_SECOND[unit]) * (PER_SECOND.ns / PER_SECOND[unit]);
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}.${fraction(nanoseconds)}`;
}

/** ISO 8601 of a length of time: `P1DT2H3M4.5S`, `-PT0.001S`, `PT0S`. */
export function durationText(value: bigint, unit: TimeUnit): string {
  const nanoseconds = value * (PER_SECOND.ns / PER_SECOND[unit]);
  const parts = clockParts(nanoseconds < 0n ? -nanoseconds : nanoseconds, true);
  return `${nanoseconds < 0n ? '-' : ''}P${parts || 'T0S'}`;
}

/** ISO 8601 of months, days and nanoseconds, none of which is so many of another: `P1Y2M3DT4.5S`. */
export function intervalText(months: number, days: number, nanoseconds: bigint): string {
  const [years, rest] = [Math.trunc(months / 12), months % 12];
  const date = `${years ? `${years}Y` : ''}${rest ? `${rest}M` : ''}${days ? `${days}D` : ''}`;
  // Every part has a sign of its own.
  const clock = clockParts(nanoseconds < 0n ? -nanoseconds : nanoseconds, false);
  const signed = nanoseconds < 0n ? clock.replace(/\d+(\.\d+)?(?=[HMS])/g, '-$&') : clock;
  return `P${date}${signed}` === 'P' ? 'PT0S' : `P${date}${signed}`;
}

/** Days, hours, minutes and seconds, those that are not 0. */
function clockParts(nanoseconds: bigint, withDays: boolean): string {
  const all = nanoseconds / PER_SECOND.ns;
  const days = withDays ? all / DAY_SECONDS : 0n;
  const seconds = all - days * DAY_SECONDS;
  const [h, m, s] = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n];
  const part = (nanoseconds % PER_SECOND.ns).toString().padStart(9, '0').replace(/0+$/, '');
  const last = part === '' ? (s ? `${s}S` : '') : `${s}.${part}S`;
  const clock = `${h ? `${h}H` : ''}${m ? `${m}M` : ''}${last}`;
  return `${days ? `${days}D` : ''}${clock ? `T${clock}` : ''}`;
}

/** A decimal with all its digits: the unscaled number times ten to the power of minus `scale`. */
export function decimalDigits(unscaled: bigint, scale: number): RawJson {
  const [sign, digits] = unscaled < 0n ? ['-', (-unscaled).toString()] : ['', unscaled.toString()];
  if (scale <= 0) return { json: unscaled === 0n ? '0' : `${sign}${digits}${'0'.repeat(-scale)}` };
  const padded = digits.padStart(scale + 1, '0');
  return { json: `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}` };
}

/** `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` of 16 bytes. */
export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A float of 16 bits (IEEE 754). */
export function float16(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fractionBits = bits & 0x3ff;
  if (exponent === 0) return sign * 2 ** -14 * (fractionBits / 1024);
  if (exponent === 0x1f) return fractionBits ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * 2 ** (exponent - 15) * (1 + fractionBits / 1024);
}

/** A whole number of two's complement, of any length. */
export function bigEndian(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`));
}
