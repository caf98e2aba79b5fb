import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DocumentForest } from '../../../../src/operators/dedup/minhash/document-forest.ts';
import { SpilledComponents } from '../../../../src/operators/dedup/minhash/spilled-components.ts';
import { generator } from '../../../helpers/corpus.ts';
import { temporaryFolder } from '../../../helpers/run.ts';

type Edge = readonly [number, number, number, number];

/** Components as sorted lists of `home/place`, whatever their numbers. */
function grouped(entries: Iterable<readonly [string, number]>): string[] {
  const by = new Map<number, Set<string>>();
  for (const [name, component] of entries) by.set(component, (by.get(component) ?? new Set()).add(name));
  return [...by.values()].map((names) => [...names].sort().join(' ')).sort();
}

function inMemory(edges: readonly Edge[]): string[] {
  const forest = new DocumentForest();
  for (const e of edges) forest.join(Uint32Array.from(e), 0, 2);
  const words = forest.words();
  return grouped(
    Array.from(
      { length: forest.count },
      (_, d) => [`${words[2 * d]}/${words[2 * d + 1]}`, forest.component(d)] as const,
    ),
  );
}

async function inFiles(edges: readonly Edge[], memoryBytes: number): Promise<{ found: string[]; rounds: number }> {
  const folder = await temporaryFolder();
  const components = new SpilledComponents(join(folder, 'task'), edges.length, memoryBytes);
  for (const e of edges) components.join(Uint32Array.from(e), 0, 2);
  const entries: [string, number][] = [];
  for (const { word0, word1, component } of components.sets())
    component.forEach((n, i) => {
      entries.push([`${word0[i]}/${word1[i]}`, n]);
    });
  components.close();
  expect(readdirSync(folder)).toEqual([]);
  return { found: grouped(entries), rounds: components.rounds };
}

describe('components in files', () => {
  it.each([1e6, 20_000, 1])('are those in memory, with %d bytes for them', async (memoryBytes) => {
    const random = generator(4);
    const at = (most: number): number => Math.floor(random() * most);
    const edges = Array.from({ length: 600 }, (): Edge => [at(4), at(300), at(4), at(300)]);
    // A document beside itself joins nothing; an edge that comes again changes nothing.
    const all = [...edges, ...edges.slice(0, 40), ...edges.slice(0, 40).map(([a, b, c, d]): Edge => [c, d, a, b])];
    const wanted = inMemory(edges.filter(([a, b, c, d]) => a !== c || b !== d));
    expect(wanted.length).toBeGreaterThan(10);
    expect((await inFiles([...all, [1, 5, 1, 5]], memoryBytes)).found).toEqual(wanted);
  });

  it('take a few rounds for a chain of a thousand', async () => {
    const chain = Array.from(
      { length: 1000 },
      (_, i): Edge => [i % 3, (i * 389) % 1009, (i + 1) % 3, ((i + 1) * 389) % 1009],
    );
    const { found, rounds } = await inFiles(chain, 4000);
    expect(found).toEqual(inMemory(chain));
    expect(found).toHaveLength(1);
    expect(rounds).toBeLessThan(12);
  });

  it('are none of no edges', async () => {
    expect((await inFiles([], 1)).found).toEqual([]);
  });
});
