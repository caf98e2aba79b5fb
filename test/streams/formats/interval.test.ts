import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import { fixture, readAll } from './read-all.ts';

/** Months, days and milliseconds, as DuckDB writes its intervals. */
function interval(months: number, days: number, ms: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  [months, days, ms].forEach((n, i) => {
    bytes.writeUInt32LE(n, 4 * i);
  });
  return new Uint8Array(bytes);
}

it('an interval of Parquet is an ISO 8601 duration', async () => {
  const spans = [interval(14, 3, 4500), interval(0, 0, 0), interval(0, 1, 3_600_000)];
  const bytes = parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'text', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      {
        name: 'age',
        type: 'FIXED_LEN_BYTE_ARRAY',
        type_length: 12,
        converted_type: 'INTERVAL',
        repetition_type: 'REQUIRED',
      },
    ],
    columnData: [
      { name: 'text', data: ['a', 'b', 'c'] },
      { name: 'age', data: spans },
    ],
  });
  const { documents, quarantined } = await readAll(fixture('a.parquet', new Uint8Array(bytes)));
  expect(quarantined).toEqual([]);
  expect(documents.map((d) => [d.text, d.metadata])).toEqual([
    ['a', '{"age":"P1Y2M3DT4.5S"}'],
    ['b', '{"age":"PT0S"}'],
    ['c', '{"age":"P1DT1H"}'],
  ]);
});
