import { ConfigError } from '../../errors.ts';

/** Part of a curve: `from`, `to` and `pixels`; without them all of it, on 600. */
export function windowOf(query: URLSearchParams, x: Float64Array): { from: number; to: number; pixels: number } {
  return {
    from: numberIn(query, 'from') ?? x[0] ?? 0,
    to: numberIn(query, 'to') ?? x[x.length - 1] ?? 0,
    pixels: Math.min(4000, Math.max(1, wholeIn(query, 'pixels', 600))),
  };
}

export function numberIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const n = Number(text);
  if (!Number.isFinite(n)) throw wrong(name, 'a number', text);
  return n;
}

export function wholeIn(query: URLSearchParams, name: string, otherwise: number): number {
  const n = numberIn(query, name) ?? otherwise;
  if (!Number.isSafeInteger(n) || n < 0) throw wrong(name, 'a whole number, 0 or more', String(n));
  return n;
}

export const wrong = (where: string, expected: string, got: string): ConfigError =>
  new ConfigError({ expected, got: `'${got.slice(0, 100)}'`, where });
