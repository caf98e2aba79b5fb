import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadZstdModule, type ZstdModule } from '../../../src/streams/codecs/zstd-module.ts';
import { generator, prose } from '../../helpers/corpus.ts';
import { fixture, readAll } from './read-all.ts';

let zstd: ZstdModule;
beforeAll(async () => {
  zstd = await loadZstdModule();
});

const random = generator(5);
/** Lines from 20 bytes to 20 KB, blank ones, some that are no JSON, and no newline at the end. */
const TEXT = Array.from({ length: 300 }, (_, i) => {
  if (i % 29 === 7) return i % 2 ? '' : 'no json';
  return JSON.stringify({ id: `r${i}`, text: prose(random, i % 41 === 0 ? 3000 : 1 + Math.floor(random() * 80)) });
}).join('\n');
const BYTES = Buffer.from(TEXT);

/** A member of blocked gzip: its length stands in an extra field. */
function blockedMember(data: Buffer): Buffer {
  const packed = deflateRawSync(data);
  const head = Buffer.from([31, 139, 8, 4, 0, 0, 0, 0, 0, 255, 6, 0, 66, 67, 2, 0, 0, 0]);
  head.writeUInt16LE(head.length + packed.length + 8 - 1, 16);
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(data), 0);
  tail.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, packed, tail]);
}

const EOF_BLOCK = blockedMember(Buffer.alloc(0));

function inBlocks(bytes: Buffer, cuts: readonly number[], pack: (part: Buffer) => Uint8Array): Buffer {
  const at = [0, ...cuts.map((c) => c % bytes.length), bytes.length].sort((a, b) => a - b);
  return Buffer.concat(at.slice(1).map((end, i) => pack(bytes.subarray(at[i], end))));
}

/** Everything but the number within the range, and what is estimated by what else is in it. */
const seen = ({ documents, quarantined }: Awaited<ReturnType<typeof readAll>>) => ({
  documents: documents.map(({ row: _, ...d }) => d),
  // How many documents an estimate has depends on what the range has of the file.
  quarantined: quarantined.map(({ row: _, rows, blind: __, ...q }) => (q.estimated ? q : { ...q, rows })),
});

const PACKINGS: readonly [string, string, (cuts: readonly number[]) => Buffer][] = [
  ['one gzip member', 'a.jsonl.gz', () => gzipSync(BYTES)],
  ['gzip members', 'a.jsonl.gz', (cuts) => inBlocks(BYTES, cuts, (p) => gzipSync(p))],
  ['blocked gzip', 'a.jsonl.gz', (cuts) => Buffer.concat([inBlocks(BYTES, cuts, blockedMember), EOF_BLOCK])],
  ['one zstd frame', 'a.jsonl.zst', () => Buffer.from(zstd.compress(BYTES, 3))],
  ['zstd frames', 'a.jsonl.zst', (cuts) => inBlocks(BYTES, cuts, (p) => zstd.compress(p, 3))],
];

describe.each(PACKINGS)('%s', (name, file, pack) => {
  const cuts = fc.array(fc.nat(), { minLength: name.startsWith('one') ? 0 : 3, maxLength: 12 });

  it('gives the same documents at the same places, however it is split', async () => {
    const want = TEXT.split('\n').flatMap((l) => (l.startsWith('{') ? [(JSON.parse(l) as { text: string }).text] : []));
    await fc.assert(
      fc.asyncProperty(cuts, fc.integer({ min: 5_000, max: BYTES.length >> 1 }), async (at, splitBytes) => {
        const path = fixture(file, pack(at));
        const whole = await readAll(path);
        const parts = await readAll(path, { splitBytes });
        expect(whole.plan.splits.length).toBe(1);
        if (name.startsWith('one')) expect(parts.plan.splits.length).toBeGreaterThan(1);
        expect(parts.plan.warnings.length).toBe(parts.plan.splits[0].ranges[0].unpacked ? 1 : 0);
        expect(seen(parts)).toEqual(seen(whole));
        expect(parts.documents.map((d) => d.text)).toEqual(want);
      }),
      { seed: 11, numRuns: 12 },
    );
  });

  it('gives the same documents also when it is damaged or cut off', async () => {
    await fc.assert(
      fc.asyncProperty(cuts, fc.nat(), fc.nat(7), fc.boolean(), async (at, where, bit, cutOff) => {
        const packed = pack(at);
        const place = 20 + (where % (packed.length - 20));
        const bytes = cutOff ? packed.subarray(0, place) : packed;
        if (!cutOff) bytes[place] ^= 1 << bit;
        const path = fixture(file, bytes);
        const whole = seen(await readAll(path));
        const parts = seen(await readAll(path, { splitBytes: 20_000 }));
        // A frame that is broken may be named by the part before it as well, when a line runs into it.
        if (name === 'zstd frames' || name === 'blocked gzip') expect(parts.documents).toEqual(whole.documents);
        else expect(parts).toEqual(whole);
      }),
      { seed: 12, numRuns: 25 },
    );
  });
});

describe('a file that can only be unpacked from its beginning', () => {
  it('is cut into four parts at most, and says so', async () => {
    const { plan } = await readAll(fixture('a.jsonl.gz', gzipSync(BYTES)), { splitBytes: 5_000 });
    expect(plan.splits.map((s) => s.ranges)).toEqual(
      [0, 1, 2, 3].map((i) => [
        {
          file: 0,
          start: Math.floor((BYTES.length * i) / 4),
          end: i === 3 ? Number.MAX_SAFE_INTEGER : Math.floor((BYTES.length * (i + 1)) / 4),
          unpacked: true,
        },
      ]),
    );
    expect(plan.warnings).toEqual([
      'a.jsonl.gz: a single gzip stream, which can only be decompressed from the start; each of its 4 parts ' +
        'decompresses it and skips to its own range',
    ]);
  });

  it('is left whole in UTF-16, in which a byte 10 ends no line', async () => {
    const utf16 = Buffer.from(`\ufeff${TEXT}`, 'utf16le');
    for (const [file, bytes] of [
      ['a.jsonl', utf16],
      ['a.jsonl.gz', gzipSync(utf16)],
    ] as const) {
      const wide = await readAll(fixture(file, bytes), { splitBytes: 5_000, encoding: 'utf-16' });
      expect(wide.plan.splits.length).toBe(1);
      const narrow = await readAll(fixture('a.jsonl', TEXT));
      expect(wide.documents.map((d) => d.text)).toEqual(narrow.documents.map((d) => d.text));
      const set = (r: typeof wide) => r.quarantined.map((q) => [q.row, q.reason]);
      expect(set(wide)).toEqual(set(narrow));
    }
  });
});
