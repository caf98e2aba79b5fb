import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { quarantineRows } from '../../src/sinks/quarantine.ts';
import { openSegmentWriter, quarantineSink } from '../../src/sinks/writers.ts';
import type { QuarantinedRecord } from '../../src/streams/batch/outcome.ts';
import { sinkFolder } from '../helpers/tables.ts';

it('writes quarantined records as plain lines with their keys in one order', async () => {
  // Made with other orders of keys on purpose.
  const records: QuarantinedRecord[] = [
    {
      reason: 'invalid_json',
      file: 'a "b"\\c.jsonl',
      block: 0,
      offset: 2 ** 40,
      row: 7,
      bytes: 99,
      detail: 'expected }, got\nnothing',
      excerpt: '{"te',
    },
    {
      excerpt: '',
      detail: '',
      reason: 'undecodable',
      bytes: 0,
      rows: 20_000,
      estimated: true,
      blind: { unit: 'lines', bytes: 40_960_000 },
      row: 0,
      offset: 0,
      block: 12,
      file: 'ż',
    },
  ];
  const runDirectory = await sinkFolder();
  const writer = await openSegmentWriter(quarantineSink, { runDirectory, path: 'quarantine' });
  await writer.write(quarantineRows(records));
  const file = await writer.finish();
  expect(file).toMatchObject({ path: 'quarantine.jsonl', rows: 2, textBytes: 0 });
  expect(readFileSync(join(runDirectory, 'quarantine.jsonl.tmp'), 'utf8')).toBe(
    '{"file":"a ' +
      '\\"b\\"\\\\c.jsonl","block":0,"offset":1099511627776,"row":7,"bytes":99,"rows":1,"rows_estimated":0,' +
      '"lost_bytes":null,"lost_unit":null,"reason":"invalid_json","detail":"expected ' +
      '}, got\\nnothing","excerpt":"{\\"te"}\n' +
      '{"file":"ż","block":12,"offset":0,"row":0,"bytes":0,"rows":20000,"rows_estimated":1,' +
      '"lost_bytes":40960000,"lost_unit":"lines","reason":"undecodable","detail":"","excerpt":""}\n',
  );
});
