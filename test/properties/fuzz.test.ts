import { beforeAll, describe, expect, it } from 'vitest';
import { openDedupChecks } from '../../scripts/certify/dedup-checks.ts';
import { type FuzzParts, fuzzBatch } from '../../scripts/fuzz/check.ts';
import { fuzzTable } from '../../scripts/fuzz/tables.ts';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { loadZstdModule } from '../../src/streams/codecs/zstd-module.ts';

let parts: FuzzParts;
beforeAll(async () => {
  parts = { kernel: await loadKernel(), zstd: await loadZstdModule(), dedup: await openDedupChecks() };
});

// The long part: npm run fuzz -- --documents 10000000 --seed 1
describe('fuzzed documents', () => {
  it('come out of reader and every kernel as out of the plain references', async () => {
    let [documents, quarantined] = [0, 0];
    for (let number = 0; number < 12; number++) {
      const count = await fuzzBatch(parts, 77, number);
      expect(count.differences).toEqual([]);
      expect(count.records).toBe(count.documents + count.quarantined);
      documents += count.documents;
      quarantined += count.quarantined;
    }
    expect(documents).toBeGreaterThan(1750);
    expect(quarantined).toBeGreaterThan(500);
  }, 60_000);

  it('are the same at every run', async () => {
    expect(await fuzzBatch(parts, 5, 3)).toEqual(await fuzzBatch(parts, 5, 3));
  });

  it('show a kernel that is wrong in one value, and a reader that loses a line', async () => {
    const { kernel } = parts;
    const off: typeof kernel.statistics = (...call) => {
      const values = kernel.statistics(...call);
      values[3] += 1;
      return values;
    };
    const { differences } = await fuzzBatch({ ...parts, kernel: { ...kernel, statistics: off } }, 1, 0);
    expect(differences.length).toBeGreaterThan(0);
    expect(differences[0]).toMatch(/^--seed 1 --batch 0: gopher_/);
    const longer: typeof parts.dedup = (values, offsets, texts, differ) =>
      parts.dedup(
        values,
        offsets,
        texts.map((t) => `${t} a`),
        differ,
      );
    const apart = await fuzzBatch({ ...parts, dedup: longer }, 1, 0);
    expect(apart.differences[0]).toMatch(/^--seed 1 --batch 0: (5-gram|minhash)/);
    const blind: typeof kernel.scanLines = (chunk, ...call) => {
      const end = chunk.indexOf(10) + 1;
      return kernel.scanLines(end > 0 && end < chunk.length ? chunk.subarray(end) : chunk, ...call);
    };
    const lost = await fuzzBatch({ ...parts, kernel: { ...kernel, scanLines: blind } }, 1, 1).catch((e: Error) => e);
    expect(lost instanceof Error || lost.differences.length > 0).toBe(true);
  });
});

// The long part: npm run fuzz -- --tables --documents 1000000 --seed 1
describe('damaged Parquet and Arrow files of the conformance suite', () => {
  it('give documents, or records set aside with a place; no crash, no hang, no memory without end', async () => {
    const before = process.resourceUsage().maxRSS;
    let [documents, quarantined] = [0, 0];
    for (let number = 0; number < 400; number++) {
      const count = await fuzzTable(parts, 14, number);
      expect(count.differences).toEqual([]);
      documents += count.documents;
      quarantined += count.quarantined;
    }
    expect(documents).toBeGreaterThan(1000);
    expect(quarantined).toBeGreaterThan(100);
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(600);
  }, 120_000);

  it('are the same at every run', async () => {
    expect(await fuzzTable(parts, 5, 3)).toEqual(await fuzzTable(parts, 5, 3));
  });
});
