import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { loadZstdModule } from '../../../src/streams/codecs/zstd-module.ts';
import { readOptions } from '../../../src/streams/inputs/read-options.ts';
import { gzipText } from '../../../src/streams/plan/gzip-text.ts';
import { planSplits } from '../../../src/streams/plan/plan.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const last = (length: number): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length % 2 ** 32);
  return bytes;
};

it('believes the end of a gzip file where it fits the beginning', () => {
  expect(gzipText(1000, last(4100), 3.9)).toBe(4100);
  // Random bytes of a file that is cut off, and the last of several members.
  expect(gzipText(1000, last(1_090_000), 3.9)).toBe(3900);
  expect(gzipText(1000, last(300), 3.9)).toBe(3900);
  // More than 4 GiB.
  expect(gzipText(3e9, last(10.5e9), 3.4)).toBe(10.5e9);
  expect(gzipText(1000, last(4100), null)).toBe(4100);
  expect(gzipText(1000, last(4_000_000), null)).toBe(3500);
});

it('of a file that is cut off expects what is there, whatever its last bytes say', async () => {
  const folder = await temporaryFolder();
  const text = Array.from({ length: 4000 }, (_, i) => `{"text":"Line ${i * 7919} of ${(i * 104_729) % 9973}."}\n`);
  const whole = gzipSync(text.join(''));
  const half = whole.subarray(0, whole.length / 2);
  half.set(last(1000 * half.length), half.length - 4);
  writeFileSync(join(folder, 'cut.jsonl.gz'), half);
  writeFileSync(join(folder, 'members.jsonl.gz'), Buffer.concat(text.map((line) => gzipSync(line)).slice(0, 500)));
  const bytesOf = async (name: string): Promise<number> =>
    (await planSplits([join(folder, name)], readOptions.parse({}), { splitBytes: 1e5 })).splits.reduce(
      (n, s) => n + s.estimatedTextBytes,
      0,
    );
  const all = text.join('').length;
  expect(Math.abs((await bytesOf('cut.jsonl.gz')) / all - 0.5)).toBeLessThan(0.05);
  const some = text.slice(0, 500).join('').length;
  expect(Math.abs((await bytesOf('members.jsonl.gz')) / some - 1)).toBeLessThan(0.05);
});

it('of a zstd frame that does not tell its size expects what its beginning does, not full blocks', async () => {
  const folder = await temporaryFolder();
  const text = Array.from({ length: 400 }, (_, i) => `{"text":"Line ${i * 7919} of ${(i * 104_729) % 9973}."}\n`).join(
    '',
  );
  const { compress } = await loadZstdModule();
  const frame = Buffer.from(compress(Buffer.from(text), 3));
  // Behind the header of 4 + 1 + 2 bytes there is one block. The same block sixty times, without the size of all.
  const block = frame.subarray(7);
  const word = block.readUIntLE(0, 3);
  const header = (last: boolean): Buffer => {
    const bytes = Buffer.alloc(3);
    bytes.writeUIntLE((word & ~1) | (last ? 1 : 0), 0, 3);
    return bytes;
  };
  const blocks = Array.from({ length: 60 }, (_, i) => Buffer.concat([header(i === 59), block.subarray(3)]));
  // Magic number, nothing said, a window of 128 KB.
  const bare = Buffer.concat([frame.subarray(0, 4), Buffer.from([0, 7 << 3]), ...blocks]);
  writeFileSync(join(folder, 'bare.jsonl.zst'), bare);
  const options = readOptions.parse({});
  const { splits } = await planSplits([join(folder, 'bare.jsonl.zst')], options, { splitBytes: 1e8 });
  const [{ estimatedTextBytes }] = splits;
  // Blocks behind the beginning are packed better as a rule; these are not. Full blocks would be ten times as much.
  expect(estimatedTextBytes / (60 * text.length)).toBeCloseTo(1.35, 1);
});
