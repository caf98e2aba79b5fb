import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { readAll } from '../streams/formats/read-all.ts';

/** JSON with its numbers as they are written: `{ $n: '1.50' }`. */
export function exactJson(text: string): unknown {
  const marked = text.replace(
    /("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g,
    (_, string?: string, number?: string) => string ?? `{"$n":"${number}"}`,
  );
  return JSON.parse(marked);
}

/** What an oracle expects: digits where it says so, else a number as a double. */
function same(got: unknown, want: unknown): unknown {
  if (typeof want === 'number')
    return (got as { $n?: string })?.$n === undefined ? got : Number((got as { $n: string }).$n);
  if (Array.isArray(want) && Array.isArray(got)) return got.map((g, i) => same(g, want[i]));
  if (want !== null && typeof want === 'object' && !('$n' in want) && got !== null && typeof got === 'object')
    return Object.fromEntries(Object.entries(got).map(([k, g]) => [k, same(g, (want as Record<string, unknown>)[k])]));
  return got;
}

/** Reads a file, whole and in small parts, and compares it with `<file>.expected.jsonl`. Returns its rows. */
export async function expectAsOracle(path: string): Promise<number> {
  const want = readFileSync(`${path}.expected.jsonl`, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { id: string; text: string; metadata: Record<string, unknown> });
  for (const options of [{}, { splitBytes: 1, batchBytes: 1 }]) {
    const { documents, quarantined } = await readAll(path, options);
    expect(quarantined).toEqual([]);
    expect(documents.map((d) => d.id)).toEqual(want.map((w) => w.id));
    documents.forEach((d, i) => {
      const metadata = exactJson(d.metadata);
      expect({ id: d.id, text: d.text, metadata: same(metadata, want[i].metadata) }).toEqual(want[i]);
    });
  }
  return want.length;
}
