import { deflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { sniff } from '../../../src/streams/formats/sniff.ts';
import { unreadFormat } from '../../../src/streams/formats/unread.ts';
import { readOptions } from '../../../src/streams/inputs/read-options.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

it.each([
  ['\x04"M\x18d@', 'lz4 is not read: lz4 -dc FILE | sluice run ... --input -'],
  ['\xff\x06\0\0sNaPpY', 'snappy is not read: python -m snappy -d FILE - | sluice run ... --input -'],
  ['BZh61AY&SY', 'bzip2 is not read: bzip2 -dc FILE | sluice run ... --input -'],
  ['ORC\n\x03\0', null],
  ['ORC\x11\0', 'ORC is not read: write it as Parquet (pyarrow.orc reads it)'],
  ['Obj\x01\x04', 'Avro is not read: write it as Parquet or JSON lines (avro-tools tojson FILE)'],
  ['FEA1\0\0', 'version 1 of Feather: write it again as version 2, which is Arrow (pyarrow.feather)'],
  ['ORCH\xc9STRE', null],
  ['x\xe9nophile', null],
])('names %j', (start, reason) => {
  expect(unreadFormat(bytes(start))).toBe(reason);
});

it('names a stream of zlib, and calls a text in another encoding none of these', () => {
  const packed = deflateSync(bytes('{"text":"a"}\n'));
  const skipped = (head: Uint8Array): unknown =>
    sniff('a.jsonl', head, head, readOptions.parse({}), { named: true, explicit: true });
  expect(skipped(packed)).toEqual({
    skip: 'zlib is not read: zlib-flate -uncompress < FILE | sluice run ... --input -',
  });
  expect(skipped(bytes('ORCH\xc9STRE caf\xe9'))).toMatchObject({ format: 'jsonl' });
});
