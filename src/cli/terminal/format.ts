import { relative } from 'node:path';
import { isUrl } from '../../files/stores/url.ts';

/** 1234567 -> 1,234,567. */
export const count = (n: number | bigint): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** `; skipped 2 records that could not be read`, for the end of a sentence; nothing for none. */
export const unread = (records: number): string =>
  records === 0 ? '' : `; skipped ${plural(records, 'record')} that could not be read`;

/** Bytes in decimal units with three digits or so: 12.3 MB. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Large numbers for people: 950, 12.3 k, 4.5 M. */
export function rough(n: number): string {
  if (n < 1000) return String(Math.round(n));
  for (const [unit, by] of [
    ['k', 1e3],
    ['M', 1e6],
    ['G', 1e9],
  ] as const) {
    const value = n / by;
    if (value < 999.5 || unit === 'G') return `${value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${unit}`;
  }
  return String(n);
}

/** A share as a percentage; never 0 or 100 when it is not. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '–';
  const share = (100 * part) / whole;
  if (part > 0 && share < 0.1) return '<0.1 %';
  if (part < whole && share > 99.9) return '>99.9 %';
  return `${share === 0 || share === 100 ? share : share.toFixed(1)} %`;
}

/** Seconds for people: 0.42 s, 12.3 s, 4 min 05 s, 3 h 20 min. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  const two = (n: number): string => String(n).padStart(2, '0');
  if (minutes < 60) return `${minutes} min ${two(Math.round(seconds) % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${two(minutes % 60)} min` : `${Math.floor(hours / 24)} days ${hours % 24} h`;
}

/** A measured value as text that says all of it: the shortest digits that read back as the same number. */
export const exact = (value: number): string => String(value);

/** A measured value for a table: at most five significant digits. */
export function short(value: number): string {
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? count(value) : String(value);
  return String(Number(value.toPrecision(Math.abs(value) >= 1e4 ? 7 : 4)));
}

export { shellWord } from '../../safe-text.ts';

/** A path as short as it can be from here. */
export function shownPath(path: string): string {
  if (isUrl(path)) return path;
  const near = relative(process.cwd(), path);
  return near === '' ? '.' : near.startsWith('../..') ? path : near;
}
