import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Field,
  Float32,
  Float64,
  List,
  makeData,
  makeVector,
  Table,
  tableToIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from 'apache-arrow';
import { Compression, Table as WasmTable, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm/node';
import { describe, expect, it } from 'vitest';
import { spawnCli } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/run.ts';

const KEEP = `import { annotate, recipe, textStatistics } from 'sluice';
export default recipe({ name: 'keep', steps: [annotate(textStatistics())] });
`;
/** Bytes of the budget, and those that Node itself takes. */
const [BUDGET, NODE] = [128, 200];

/** A file of one row group. */
function oneGroup(columns: Readonly<Record<string, Vector>>, rows: number): Uint8Array {
  const table = WasmTable.fromIPCStream(tableToIPC(new Table(columns as never), 'stream'));
  const properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).setMaxRowGroupSize(rows).build();
  return writeParquet(table, properties);
}

const idAndText = (rows: number) => ({
  id: vectorFromArray(
    Array.from({ length: rows }, (_, i) => `d${i}`),
    new Utf8(),
  ),
  text: vectorFromArray(
    Array.from({ length: rows }, (_, i) => `Text number ${i}. The river runs past the mill.`),
    new Utf8(),
  ),
});

/** Rows of a short text and an embedding. */
function embeddings(rows: number, width: number): Uint8Array {
  const values = Float32Array.from({ length: rows * width }, (_, i) => (i % width) / 8);
  const type = new List(new Field('item', new Float32(), true));
  const list = makeData({
    type,
    length: rows,
    valueOffsets: Int32Array.from({ length: rows + 1 }, (_, i) => i * width),
    child: makeData({ type: new Float32(), data: values }),
  });
  return oneGroup({ ...idAndText(rows), embedding: makeVector(list) }, rows);
}

function features(rows: number, columns: number): Uint8Array {
  const feature = (k: number) => Float64Array.from({ length: rows }, (_, i) => Math.sin(i * columns + k));
  const vectors = Array.from({ length: columns }, (_, k) => [
    `feature_${k}`,
    makeVector(makeData({ type: new Float64(), data: feature(k) })),
  ]);
  return oneGroup({ ...idAndText(rows), ...Object.fromEntries(vectors) }, rows);
}

describe('a row group that is wider than the budget', { timeout: 300_000 }, () => {
  it.each([
    ['an embedding of 768 numbers', 12_000, () => embeddings(12_000, 768), 'embedding', 768],
    ['2,000 columns of numbers', 1000, () => features(1000, 2000), 'feature_7', 1],
  ] as const)('by %s is read in pieces, and without it in no more', async (_, rows, bytes, column, width) => {
    const cwd = await temporaryFolder();
    writeFileSync(join(cwd, 'keep.mjs'), KEEP);
    writeFileSync(join(cwd, 'a.parquet'), bytes());
    const peakOf = async (output: string, more: readonly string[]): Promise<number> => {
      const args = ['run', 'keep.mjs', '--input', 'a.parquet', '--output', output, '--memory', `${BUDGET}MB`, ...more];
      const { code, stdout, stderr } = await spawnCli(args, { cwd });
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`kept ${rows.toLocaleString('en')} of ${rows.toLocaleString('en')} documents`);
      return Number(/peak memory (\d+) MB/.exec(stdout)![1]);
    };
    const all = await peakOf('all', []);
    expect(all).toBeLessThan(BUDGET + NODE);
    // Both are mostly Node itself: a few MB are chance.
    expect(await peakOf('some', ['--columns', 'none'])).toBeLessThan(all + 16);
    const last = await spawnCli(
      ['sql', 'all', '--json', `SELECT metadata->>'${column}' AS v FROM documents WHERE id = 'd${rows - 1}'`],
      { cwd },
    );
    const value = JSON.parse((JSON.parse(last.stdout) as { v: string }[])[0].v) as unknown;
    if (width > 1) expect(value).toEqual(Array.from({ length: width }, (_, i) => i / 8));
    else expect(value).toBeCloseTo(Math.sin((rows - 1) * 2000 + 7), 12);
  });
});
