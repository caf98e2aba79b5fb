// Decisions by hash: in any number of partitions the same as a plain Map makes of the whole corpus.
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openHashes } from '../../../src/operators/dedup/tables/earlier-hashes.ts';
import {
  type IndexReference,
  readIndex,
  readIndexHead,
  writeIndex,
} from '../../../src/operators/dedup/tables/index-files.ts';
import { againstEarlier, TEXT_HASHES } from '../../../src/operators/dedup/tables/index-hashes.ts';
import { decideUrls } from '../../../src/operators/dedup/url-decide.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import type { BarrierDecision, BarrierSplit } from '../../../src/streams/flow/barrier.ts';
import { halves, hashBytes, keySplits } from '../../helpers/hash-splits.ts';
import { temporaryFolder } from '../../helpers/run.ts';

/** Numbers of hashes by split and frame; null: a document without one. */
const corpora = fc.array(
  fc.array(fc.array(fc.option(fc.nat(60), { freq: 8 }), { minLength: 1, maxLength: 12 }), { maxLength: 3 }),
  { minLength: 1, maxLength: 4 },
);
const earlierRuns = fc.array(fc.array(fc.nat(60), { maxLength: 10 }), { maxLength: 2 });
/** From one partition a bucket to one partition for all. */
const memories = fc.constantFrom(1, 40, 100, 300, 1000, 1e7);

async function indexesOf(runs: readonly (readonly number[])[]): Promise<IndexReference[]> {
  const folder = await temporaryFolder();
  const out: IndexReference[] = [];
  for (const [k, numbers] of runs.entries()) {
    const path = join(folder, `index-${k}`);
    await writeIndex(path, { ...TEXT_HASHES, layout: {}, keys: numbers.length }, [hashBytes(numbers)]);
    out.push({ path, xxh64: readIndexHead(path).xxh64 });
  }
  return out;
}

async function listOf(decisions: AsyncIterable<BarrierDecision>): Promise<BarrierDecision[]> {
  const out: BarrierDecision[] = [];
  for await (const d of decisions) out.push(d);
  return out;
}

const label = (document: number): string => `f#0.${document}`;

describe('addresses', () => {
  it('keep their first document in any number of partitions, and leave the same index', async () => {
    await fc.assert(
      fc.asyncProperty(corpora, earlierRuns, memories, async (corpus, runs, memoryBytes) => {
        const splits = await keySplits(corpus, (rows) => [
          ...halves(['high', 'low'], rows),
          ['url', utf8Column(rows.map((n) => (n === null ? null : `//a.org/${n}`)))],
        ]);
        const saved: Uint8Array[] = [];
        let keys = -1;
        const save = async (payload: AsyncIterable<Uint8Array>, count: number): Promise<void> => {
          for await (const part of payload) saved.push(part);
          keys = count;
        };
        const decisions = await listOf(decideUrls(splits, memoryBytes, await openHashes(await indexesOf(runs)), save));

        const flat = corpus.map((frames) => frames.flat());
        const old = new Set(runs.flat());
        const first = new Map<number, number>();
        const fresh: number[] = [];
        flat.flat().forEach((n, d) => {
          if (n === null || old.has(n) || first.has(n)) return;
          first.set(n, d);
          fresh.push(n);
        });
        let d = 0;
        const expected = flat.map((numbers) =>
          numbers.map((n) => {
            const document = d++;
            if (n === null || first.get(n) === document) return 'kept';
            return old.has(n) ? null : label(first.get(n)!);
          }),
        );
        const got = decisions.map(({ keep, duplicateOf, similarity }) =>
          Array.from(keep, (k, i) => {
            expect(similarity[i]).toBe(k === 1 ? Number.NaN : 1);
            return k === 1 ? 'kept' : duplicateOf[i];
          }),
        );
        expect(got).toEqual(expected);
        expect(decisions.map((s) => s.split)).toEqual(corpus.map((_, s) => s));
        expect(new Uint8Array(Buffer.concat(saved))).toEqual(hashBytes([...runs.flat(), ...fresh]));
        expect(keys).toBe(runs.flat().length + fresh.length);
      }),
      { seed: 41, numRuns: 20 },
    );
  });
});

describe('hashes of earlier runs', () => {
  async function* kept(splits: readonly BarrierSplit[], rows: readonly number[]): AsyncGenerator<BarrierDecision> {
    for (const [s, { split }] of splits.entries()) {
      const nan = new Float64Array(rows[s]).fill(Number.NaN);
      yield {
        split,
        keep: new Uint8Array(rows[s]).fill(1),
        duplicateOf: new Array(rows[s]).fill(null),
        similarity: nan,
      };
    }
  }

  it('drop the same and leave the same index in any number of partitions', async () => {
    await fc.assert(
      fc.asyncProperty(corpora, earlierRuns, memories, async (corpus, runs, memoryBytes) => {
        const splits = await keySplits(corpus, (rows) => [
          ...halves(['lo', 'hi'], rows),
          ['bytes', { type: 'int32', values: Int32Array.from(rows, (n) => (n === null ? -1 : 1)), valid: null }],
        ]);
        const outputs = { folder: await temporaryFolder(), names: [] as string[] };
        const flat = corpus.map((frames) => frames.flat());
        const rows = flat.map((numbers) => numbers.length);
        const decisions = await listOf(
          againstEarlier(kept(splits, rows), splits, memoryBytes, await indexesOf(runs), 'x.hashes', outputs),
        );

        const old = [...new Set(runs.flat())];
        const fresh = [...new Set(flat.flat())].filter((n): n is number => n !== null && !old.includes(n));
        const expected = flat.map((numbers) => numbers.map((n) => (n !== null && old.includes(n) ? 0 : 1)));
        expect(decisions.map((d) => [...d.keep])).toEqual(expected);
        for (const { keep, similarity } of decisions)
          expect([...similarity]).toEqual(Array.from(keep, (k) => (k === 1 ? Number.NaN : 1)));
        expect(outputs.names).toEqual(['x.hashes']);
        const path = join(outputs.folder, 'x.hashes.tmp');
        const { header, payload } = await readIndex({ path, xxh64: readIndexHead(path).xxh64 });
        expect(new Uint8Array(payload)).toEqual(hashBytes([...old, ...fresh]));
        expect(header.keys).toBe(old.length + fresh.length);
      }),
      { seed: 42, numRuns: 20 },
    );
  });
});
