import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { fixture, readAll } from './read-all.ts';

const VALUES: readonly unknown[] = [
  { name: 'mill', deep: { list: [1, 'two', null], yes: true } },
  'a text',
  42,
  null,
  [1.5, { k: 'v' }],
  2n ** 53n + 1n,
  new Date(Date.UTC(2024, 1, 29, 12, 30)),
];
const ROWS = 70;
const valueAt = (i: number): unknown => VALUES[i % VALUES.length];

const bytesOf = (shredding: boolean, rowGroupSize: number): ArrayBuffer =>
  parquetWriteBuffer({
    columnData: [
      { name: 'id', data: Array.from({ length: ROWS }, (_, i) => `r${i}`), type: 'STRING' },
      { name: 'text', data: Array.from({ length: ROWS }, (_, i) => `Text ${i}.`), type: 'STRING' },
      {
        name: 'any',
        data: Array.from({ length: ROWS }, (_, i) => valueAt(i)),
        type: 'VARIANT',
        shredding: shredding || undefined,
      },
    ],
    rowGroupSize,
  });

/** What a value comes to in the metadata. */
function inJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(inJson).join(',')}]`;
  if (value === null || typeof value !== 'object' || value instanceof Date) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([k, v]) => `${JSON.stringify(k)}:${inJson(v)}`)
    .join(',')}}`;
}
const members = (json: string): unknown => JSON.parse(json.replace(/:(\d{16,})/g, ':"$1"'));

describe('columns of the Variant type', () => {
  it.each([
    ['whole', false],
    ['shredded', true],
  ])('%s: each value as what it is, in every row group and part', async (_, shredding) => {
    const path = fixture('a.parquet', new Uint8Array(bytesOf(shredding, 20)));
    for (const splitBytes of [1, undefined]) {
      const { documents, quarantined } = await readAll(path, { splitBytes });
      expect(quarantined).toEqual([]);
      expect(documents.map((d) => [d.id, d.text])).toEqual(
        Array.from({ length: ROWS }, (_, i) => [`r${i}`, `Text ${i}.`]),
      );
      documents.forEach((d, i) => {
        expect(members(d.metadata)).toEqual(members(`{"any":${inJson(valueAt(i))}}`));
      });
    }
    const without = await readAll(path, { columns: [] });
    expect(new Set(without.documents.map((d) => d.metadata))).toEqual(new Set(['{}']));
  });

  it('that is damaged is null with a note, and takes no document with it', async () => {
    const buffer = bytesOf(false, ROWS);
    const chunks = parquetMetadata(buffer).row_groups[0].columns;
    const value = chunks.find((c) => c.meta_data?.path_in_schema.join('.') === 'any.value')!;
    const bytes = new Uint8Array(buffer);
    bytes.fill(0xff, Number(value.meta_data!.data_page_offset), Number(value.meta_data!.data_page_offset) + 12);
    const { documents, quarantined } = await readAll(fixture('a.parquet', bytes));
    expect(quarantined).toEqual([]);
    expect(documents.length).toBe(ROWS);
    for (const d of documents)
      expect(JSON.parse(d.metadata)).toEqual({ any: null, _unread: [expect.stringMatching(/^any: \S/)] });
  });
});
