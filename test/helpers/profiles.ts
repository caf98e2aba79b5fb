import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A committed fixture: a JSON list. */
export const readFixture = <T>(path: string): T[] =>
  JSON.parse(readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8')) as T[];

/**
 * What scripts/make/profile-oracle.py wrote: the rows, with `numbers` by name again; attributes that a tool did not
 * write are absent.
 */
export function readOracle<T>(
  path: string,
): (T & { readonly id: string; readonly numbers: Readonly<Record<string, number | null>> })[] {
  const [{ columns }, ...rows] = readFixture<
    { columns: string[] } & T & { id: string; numbers: (number | null | 'absent')[] }
  >(path);
  return rows.map((row) => {
    const present = columns.map((name, i) => [name, row.numbers[i]] as const).filter(([, value]) => value !== 'absent');
    return { ...row, numbers: Object.fromEntries(present) as Record<string, number | null> };
  });
}

/** The parts of a text from their lengths as scripts/make/profile-oracle.py writes them. */
export function placedParts(text: string, places: string): string[] {
  const characters = Array.from(text);
  let at = 0;
  if (places === '') return [];
  return places.split(' ').map((place) => {
    const [gap, length] = place.startsWith('+')
      ? [0, place.slice(1)]
      : place.includes(':')
        ? place.split(':')
        : [1, place];
    const start = at + Number(gap);
    at = start + Number(length);
    return characters.slice(start, at).join('');
  });
}

/** Digest of a text as the oracle script writes it. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
