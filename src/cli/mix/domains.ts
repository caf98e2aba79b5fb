import { existsSync, readFileSync, statSync } from 'node:fs';
import { ConfigError } from '../../errors.ts';
import { openStores } from '../../run/feed/stores.ts';

/**
 * Numbers by name from an option: `web=1.2e9,code=3e8`, or a JSON file of `{"web": 1200000000}`. Errors: ConfigError
 * for anything else, naming the entry.
 */
export function numbersByName(given: string, option: string, things: string): { readonly [name: string]: number } {
  const example = `${option} web=1.2e9,code=3e8, or a JSON file of ${things} by name`;
  const entries = given.includes('=') ? inline(given, option, example) : fromFile(given, option, example);
  const numbers: { [name: string]: number } = {};
  for (const [name, value] of entries) {
    const n = typeof value === 'number' ? value : numberOf(String(value));
    if (!Number.isFinite(n) || n < 0)
      throw new ConfigError({ expected: `${things} for ${name}, 0 or more`, got: `'${value}'`, where: option });
    if (Object.hasOwn(numbers, name))
      throw new ConfigError({ expected: 'each name once', got: `${name} twice`, where: option });
    numbers[name] = n;
  }
  if (entries.length > 0) return numbers;
  throw new ConfigError({ expected: example, got: 'no names', where: option });
}

/** Tokens of each domain, of a run that wrote them too. Errors: ConfigError. */
export async function tokensOf(given: string): Promise<{ readonly [name: string]: number }> {
  if (given.includes('=') || !statSync(given, { throwIfNoEntry: false })?.isDirectory())
    return numbersByName(given, '--domains', 'tokens');
  const { splits, done } = await openStores([given]);
  if (!done)
    throw new ConfigError({
      expected: 'a run that has ended',
      got: 'one that has not: its totals are not known yet',
      where: given,
    });
  const totals = new Map<string, number>();
  for (const split of splits)
    for (const [domain, tokens] of split?.tokens ?? []) totals.set(domain, (totals.get(domain) ?? 0) + tokens);
  return Object.fromEntries([...totals].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Digits, with an exponent (1.2e9) or separators (1_200_000) if they like; NaN for anything else. */
export const numberOf = (text: string): number =>
  /^\d[\d_]*(\.\d+)?(e\d+)?$/i.test(text.trim()) ? Number(text.replaceAll('_', '')) : Number.NaN;

function inline(given: string, option: string, expected: string): [string, unknown][] {
  return given.split(',').map((entry) => {
    const at = entry.lastIndexOf('=');
    if (at <= 0) throw new ConfigError({ expected, got: `'${entry}'`, where: option });
    return [entry.slice(0, at).trim(), entry.slice(at + 1)];
  });
}

function fromFile(given: string, option: string, expected: string): [string, unknown][] {
  if (!existsSync(given)) throw new ConfigError({ expected, got: `'${given}', which is no file`, where: option });
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(given, 'utf8'));
  } catch (error) {
    throw new ConfigError({ expected, got: (error as Error).message, where: given, cause: error });
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return Object.entries(value);
  throw new ConfigError({ expected, got: 'JSON that is no object', where: given });
}
