import { truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type CutOptions, Sequences } from '../../../src/streams/tokens/sequences.ts';
import type { TokenSplit } from '../../../src/streams/tokens/split-index.ts';
import { sinkFolder } from '../../helpers/tables.ts';
import { type StoredDocument, storeSplit } from '../../helpers/token-store.ts';

const END = 256;
const cut = (options: Partial<CutOptions> = {}): CutOptions => ({
  contextLength: 16,
  packing: 'concat',
  windowSplits: 2,
  cacheBytes: 1 << 20,
  ...options,
});

/** Ids of a document, its end included. */
const idsOf = (text: string): number[] => [...Buffer.from(text, 'utf8'), END];

const document = fc.record({
  domain: fc.constantFrom('web', 'code', '__proto__'),
  text: fc.string({ unit: 'grapheme', maxLength: 40 }),
});
const splits = fc.array(fc.array(document, { maxLength: 8 }), { minLength: 1, maxLength: 7 });

const open: Sequences[] = [];
afterEach(() => {
  for (const s of open.splice(0)) s.close();
});

const sequencesOf = (options: Partial<CutOptions>): Sequences => {
  const made = new Sequences(cut(options));
  open.push(made);
  return made;
};

async function stored(given: readonly (readonly StoredDocument[])[]): Promise<(TokenSplit | null)[]> {
  const folder = await sinkFolder();
  return Promise.all(given.map((documents, i) => storeSplit(folder, i, documents)));
}

interface Row {
  readonly ids: readonly number[];
  readonly next: number;
  readonly starts: readonly number[];
}

async function rowsOf(sequences: Sequences, domain: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (let k = 0; k < sequences.count(domain); k++) {
    const into = new Uint16Array(sequences.options.contextLength);
    const { length, next, starts } = await sequences.read(domain, k, into);
    rows.push({ ids: [...into.subarray(0, length)], next, starts });
  }
  return rows;
}

describe('sequences', () => {
  it('of concat are a domain of all documents in a row, cut every context, with what comes next', async () => {
    await fc.assert(
      fc.asyncProperty(splits, fc.integer({ min: 2, max: 40 }), async (given, contextLength) => {
        const sequences = sequencesOf({ contextLength });
        await sequences.extend(await stored(given), true);
        for (const domain of ['web', 'code', '__proto__']) {
          const documents = given.flat().filter((d) => d.domain === domain);
          const stream = documents.flatMap((d) => idsOf(d.text));
          const begins = new Set<number>();
          documents.reduce((at, d) => {
            begins.add(at);
            return at + idsOf(d.text).length;
          }, 0);
          const rows = await rowsOf(sequences, domain);
          expect(rows.flatMap((r) => r.ids)).toEqual(stream);
          rows.forEach((row, k) => {
            const from = k * contextLength;
            expect(row.next).toBe(stream[from + row.ids.length] ?? -1);
            const expected = row.ids.map((_, i) => i).filter((i) => i === 0 || begins.has(from + i));
            expect(row.starts).toEqual(expected);
          });
        }
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it('of best-fit hold every document whole that fits, and cut the others every context', async () => {
    await fc.assert(
      fc.asyncProperty(splits, fc.integer({ min: 2, max: 40 }), async (given, contextLength) => {
        const sequences = sequencesOf({ contextLength, packing: 'best-fit' });
        await sequences.extend(await stored(given), true);
        for (const domain of ['web', 'code', '__proto__']) {
          const wanted = given
            .flat()
            .filter((d) => d.domain === domain)
            .flatMap(({ text }) => {
              const ids = idsOf(text);
              const pieces: string[] = [];
              for (let i = 0; i < ids.length; i += contextLength)
                pieces.push(`${ids.slice(i, i + contextLength)} then ${ids[i + contextLength] ?? -1}`);
              return pieces;
            });
          const got = (await rowsOf(sequences, domain)).flatMap(({ ids, starts, next }) =>
            starts.map((start, i) => {
              const end = starts[i + 1] ?? ids.length;
              return `${ids.slice(start, end)} then ${end === ids.length ? next : -1}`;
            }),
          );
          expect(got.sort()).toEqual(wanted.sort());
        }
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  it('are the same whenever splits are committed and the end is known', async () => {
    await fc.assert(
      fc.asyncProperty(splits, fc.constantFrom('concat', 'best-fit' as const), async (given, packing) => {
        const all = await stored(given);
        const [atOnce, growing] = [sequencesOf({ packing }), sequencesOf({ packing })];
        await atOnce.extend(all, true);
        for (let n = 0; n <= all.length; n++) {
          await growing.extend(all.slice(0, n), false);
          const windows = growing.windows('web');
          expect(windows).toEqual(atOnce.windows('web').slice(0, windows.length));
        }
        await growing.extend(all, true);
        for (const domain of ['web', 'code']) {
          expect(growing.windows(domain)).toEqual(atOnce.windows(domain));
          expect(await rowsOf(growing, domain)).toEqual(await rowsOf(atOnce, domain));
        }
      }),
      { seed: 6, numRuns: 40 },
    );
  });

  it('of a store cut short are an error that names the file', async () => {
    const [split] = await stored([[{ domain: 'web', text: 'a text that is longer than one context' }]]);
    truncateSync(split!.bin, 20);
    const sequences = sequencesOf({});
    await sequences.extend([split], true);
    await expect(sequences.read('web', 1, new Uint16Array(16))).rejects.toThrow(/tokens 16 to 32.*cut the file/s);
    writeFileSync(split!.index, 'no parquet');
    const other = sequencesOf({});
    await other.extend([split], true);
    await expect(other.read('web', 0, new Uint16Array(16))).rejects.toThrow(/the index of a split/);
  });
});
