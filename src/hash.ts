import xxhash from 'xxhash-wasm';

type Xxhash = Awaited<ReturnType<typeof xxhash>>;
let loaded: Promise<Xxhash> | null = null;

/** xxHash64, seed 0; loaded once per thread. */
export function loadXxhash(): Promise<Xxhash> {
  loaded ??= xxhash();
  return loaded;
}

/** xxh64 as 16 hexadecimal digits. */
export async function xxh64Hex(data: string | Uint8Array): Promise<string> {
  const hash = await loadXxhash();
  const value = typeof data === 'string' ? hash.h64(data) : hash.h64Raw(data);
  return value.toString(16).padStart(16, '0');
}

/**
 * JSON with the keys of every object in order, so that equal values have equal bytes. Undefined members are left out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(',')}}`;
}

/**
 * xxh64 over the canonical JSON of a list, item by item: that of a long list would be longer than a string can be.
 */
export async function listHash(values: Iterable<unknown>): Promise<string> {
  const hash = (await loadXxhash()).create64();
  let before = '[';
  for (const value of values) {
    hash.update(before + canonicalJson(value ?? null));
    before = ',';
  }
  hash.update(before === '[' ? '[]' : ']');
  return hash.digest().toString(16).padStart(16, '0');
}
