import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFastTextKernel } from '../../../src/kernels/fasttext.ts';
import { type FastTextTables, referenceFastText } from '../../../src/kernels/reference/fasttext.ts';
import { openByteFile } from '../../../src/models/classifiers/byte-file.ts';
import { fastTextHash, loadFastText } from '../../../src/models/classifiers/fasttext.ts';
import { readLayout } from '../../../src/models/classifiers/fasttext-layout.ts';
import { fillMatrices } from '../../../src/models/classifiers/fasttext-matrix.ts';
import { probabilityOf } from '../../../src/models/classifiers/fasttext-scores.ts';
import { utf8Column } from '../../../src/streams/batch/columns.ts';
import { temporaryFolder } from '../ngram/folders.ts';

const folder = new URL('../../fixtures/fasttext/', import.meta.url).pathname;
type Row = readonly (readonly [label: string, chance: number])[];
const oracle = JSON.parse(readFileSync(join(folder, 'oracle.json'), 'utf8')) as {
  readonly texts: readonly string[];
  readonly models: Readonly<Record<string, readonly Row[]>>;
};
const column = utf8Column(oracle.texts);
const rows = oracle.texts.length;

describe.each(Object.entries(oracle.models))('the model %s', (name, expected) => {
  it('says what the library says', async () => {
    const model = await loadFastText(join(folder, name));
    const got = model.predict(column.values, column.offsets, rows, null, 4);
    expected.forEach((want, row) => {
      const labels = got[row]?.labels.map((l) => model.labels[l]) ?? [];
      expect([row, labels]).toEqual([row, want.map(([label]) => label)]);
      // Exponentials of two libraries may differ in the last bit of a float.
      want.forEach(([, chance], k) => {
        expect(Math.abs(probabilityOf(got[row]!.scores[k]) - chance)).toBeLessThanOrEqual(2 ** -22 * chance);
      });
    });
  });

  it('has the products of the reference, to the bit', async () => {
    const file = openByteFile(join(folder, name), 'a model');
    const layout = readLayout(file);
    const { prunedBuckets: pruned } = layout;
    const sizes = {
      ...layout,
      buckets: pruned < 0 ? 'all' : pruned === 0 ? 'none' : 'some',
      inputRows: layout.input.rows,
      outputs: layout.output.rows,
    } as const;
    let tables: FastTextTables | null = null;
    const kernel = await openFastTextKernel(
      sizes,
      (memory) => {
        fillMatrices(file, layout, memory);
        const [input, output, norms, kept] = [memory.input, memory.output, memory.norms, memory.kept].map((a) =>
          a.slice(),
        );
        const { stride, wide } = memory;
        tables = {
          ...sizes,
          inputRow: (r) => input.subarray(r * stride, r * stride + layout.dim),
          outputRow: (r) => Array.from({ length: layout.dim }, (_, j) => output[j * wide + r]),
          keptRow: (bucket) => kept[bucket],
        };
        // Factors of quantised rows are in the kernel alone.
        norms.forEach((n, r) => {
          if (r < layout.output.rows) factors[r] = n;
        });
      },
      name,
    );
    file.close();
    const { products, wide, counts } = kernel.scores(column.values, column.offsets, rows, null);
    for (let row = 0; row < rows; row++) {
      const text = column.values.subarray(column.offsets[row], column.offsets[row + 1]);
      const want = referenceFastText(text, tables!);
      expect([row, counts[row] > 0]).toEqual([row, want !== null]);
      if (want === null) continue;
      const scaled = want.map((p, i) => Math.fround(p * factors[i]));
      expect(products.slice(row * wide, row * wide + layout.output.rows)).toEqual(scaled);
    }
  });
  const factors: number[] = [];
});

describe('a fastText model', () => {
  const path = join(folder, 'pruned.ftz');

  it('leaves rows out that nobody asks for, and takes batches that begin in the middle of a buffer', async () => {
    const model = await loadFastText(path);
    const all = model.predict(column.values, column.offsets, rows, null, 1);
    const alive = Uint8Array.from({ length: rows }, (_, i) => i % 2);
    const some = model.predict(column.values, column.offsets, rows, alive, 1);
    expect(some).toEqual(all.map((r, i) => (i % 2 === 1 ? r : null)));
    const part = model.predict(column.values, column.offsets.subarray(5, 9), 3, null, 1);
    expect(part).toEqual(all.slice(5, 8));
  });

  it('reads a line of 20 MB in one token or in many, in time that its length says', async () => {
    const model = await loadFastText(join(folder, 'subwords-softmax.bin'));
    for (const unit of ['x', 'ab ', '日']) {
      const text = utf8Column([unit.repeat(Math.ceil(5e6 / unit.length))]);
      expect(model.predict(text.values, text.offsets, 1, null, 1)[0]?.labels.length).toBe(1);
    }
  });

  it('is another one when a byte of it changes', async () => {
    const copy = join(await temporaryFolder(), 'copy.ftz');
    const bytes = readFileSync(path);
    writeFileSync(copy, bytes);
    expect(fastTextHash(copy)).toBe(fastTextHash(path));
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(copy, bytes);
    expect(fastTextHash(copy)).not.toBe(fastTextHash(path));
  });

  it('that is damaged says so, wherever it is cut and whichever number lies', async () => {
    const copy = join(await temporaryFolder(), 'bad.bin');
    for (const name of ['pruned.ftz', 'subwords-softmax.bin', 'output.ftz']) {
      const bytes = readFileSync(join(folder, name));
      const cuts = Array.from({ length: 25 }, (_, i) => Math.floor((bytes.length * i) / 25));
      for (const end of [...cuts, bytes.length - 1]) {
        writeFileSync(copy, bytes.subarray(0, end));
        await expect(loadFastText(copy)).rejects.toThrow(/Fetch the file again|does not begin like one/);
      }
      // Every number of the head, and the sizes of the dictionary.
      for (const at of [8, 28, 32, 36, 40, 44, 48, 64, 68, 72, 84]) {
        for (const lie of [-1, -2147483648, 2147483647, 123456789]) {
          const lying = Buffer.from(bytes);
          lying.writeInt32LE(lie, at);
          writeFileSync(copy, lying);
          const loaded = await loadFastText(copy).then(
            (model) => model.predict(column.values, column.offsets, rows, null, 1).length,
            (error: Error) => error.constructor.name,
          );
          expect([rows, 'ConfigError', 'InputError']).toContain(loaded);
        }
      }
    }
    expect(() => fastTextHash(join(folder, 'oracle.json'))).toThrow('does not begin like one');
    await expect(loadFastText(join(folder, 'none.bin'))).rejects.toThrow(/no such file/);
  });
});
