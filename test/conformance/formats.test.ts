import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Format } from '../../src/streams/formats/names.ts';
import { FORMATS } from '../../src/streams/formats/table.ts';
import { expectAsOracle } from '../helpers/oracle.ts';
import { temporaryFolder } from '../helpers/run.ts';
import { fixture, readAll } from '../streams/formats/read-all.ts';

const fixtures = resolve(import.meta.dirname, '../fixtures/formats');
const files = readdirSync(fixtures).filter((f) => !f.endsWith('.expected.jsonl'));
const python = process.env.SLUICE_PYTHON;
const oracle = resolve(import.meta.dirname, '../../scripts/make/format-fixtures.py');

/** One line a format: does it know how many documents are lost with damage? */
const SUITE: Readonly<Record<Format, { readonly counted: boolean }>> = {
  parquet: { counted: true },
  arrow: { counted: true },
  jsonl: { counted: false },
  json: { counted: false },
  csv: { counted: false },
  text: { counted: false },
  warc: { counted: false },
};

describe.each(Object.entries(SUITE))('%s', (name, { counted }) => {
  const format = FORMATS[name as Format];
  const own = files.filter((f) => format.extensions.includes(f.split('.').at(-1) ?? ''));

  it('is in the table by its name', () => {
    expect(format.name).toBe(name);
    expect(counted).toBe(format.unitRows !== undefined);
  });

  it.each(own)('%s: texts, ids, metadata and counts are those of the oracle', async (file) => {
    expect(await expectAsOracle(join(fixtures, file))).toBeGreaterThan(0);
  });

  it.each(counted ? own : [])('%s: with damage anywhere, every row is read or counted as lost', async (file) => {
    const good = readFileSync(join(fixtures, file));
    const { documents, plan } = await readAll(join(fixtures, file));
    expect(plan.files[0].units).toBeGreaterThan(0);
    const known = new Map(documents.map((d) => [d.id, d.text]));
    const step = Math.max(1, Math.floor(good.length / 40));
    for (let at = 8; at < good.length; at += step) {
      const bytes = Uint8Array.from(good);
      bytes.fill(0xf3, at, at + 24);
      const read = await readAll(fixture(basename(file), bytes));
      const lost = read.quarantined.reduce((n, q) => n + (q.rows ?? 1), 0);
      const guessed = read.quarantined.some((q) => q.estimated) || read.plan.splits.some((s) => s.ranges[0].damaged);
      // Where schema and footer still make sense, no row goes without being counted.
      if (!guessed && read.plan.files[0]?.units === plan.files[0].units)
        expect([at, read.documents.length + lost]).toEqual([at, documents.length]);
      expect(read.documents.filter((d) => known.has(d.id)).length).toBeLessThanOrEqual(documents.length);
    }
  });
});

describe('files of random schemas, by pyarrow', () => {
  it.skipIf(python === undefined)(
    `are read as pyarrow reads them${python ? '' : ' (skipped: SLUICE_PYTHON names no Python with pyarrow)'}`,
    async () => {
      const folder = await temporaryFolder();
      const [seed, count] = [process.env.SLUICE_SEED ?? '1', process.env.SLUICE_FILES ?? '60'];
      execFileSync(python!, [oracle, 'random', folder, seed, count], { stdio: 'inherit' });
      const made = readdirSync(folder).filter((f) => !f.endsWith('.expected.jsonl'));
      expect(made.length).toBe(Number(count));
      for (const file of made) await expectAsOracle(join(folder, file));
    },
    600_000,
  );
});
