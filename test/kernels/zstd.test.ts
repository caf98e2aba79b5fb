import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { beforeAll, describe, expect, it } from 'vitest';
import { openZstdDecoder, type ZstdDecoder } from '../../src/kernels/zstd.ts';
import { type FrameHeader, frameHeaderOf } from '../../src/streams/codecs/zstd-frames.ts';
import { loadZstdUnpack, unpackBlocks, type ZstdUnpack } from '../../src/streams/codecs/zstd-memory.ts';
import { loadZstdModule, type ZstdModule } from '../../src/streams/codecs/zstd-module.ts';
import { generator, prose } from '../helpers/corpus.ts';

let libzstd: ZstdModule;
let unpack: ZstdUnpack;
let decoder: ZstdDecoder;
beforeAll(async () => {
  libzstd = await loadZstdModule();
  unpack = await loadZstdUnpack();
  decoder = await openZstdDecoder();
});

/** Text with long and short repeats, runs, bytes of every value, and stretches that do not pack. */
function content(seed: number, bytes: number): Buffer {
  const random = generator(seed);
  const parts: Buffer[] = [];
  for (let have = 0; have < bytes; ) {
    const kind = Math.floor(random() * 6);
    const n = 1 + Math.floor(random() ** 3 * 40_000);
    let part: Buffer;
    if (kind === 0) part = Buffer.from(Array.from({ length: n }, () => Math.floor(random() * 256)));
    else if (kind === 1) part = Buffer.alloc(n, Math.floor(random() * 256));
    else if (kind === 2 && parts.length > 0) part = parts[Math.floor(random() * parts.length)].subarray(0, n);
    else if (kind === 3) part = Buffer.from('ab'.repeat(n).slice(0, n));
    else part = Buffer.from(prose(random, 1 + (n >> 4)));
    parts.push(part);
    have += part.length;
  }
  return Buffer.concat(parts).subarray(0, bytes);
}

describe('the zstd decoder', () => {
  it.each([1, 2, 3, 6, 9, 13, 17, 19, 22])('unpacks what libzstd packs at level %i', (level) => {
    for (const [seed, bytes] of [0, 1, 2, 7, 31, 255, 256, 1000, 20_000, 131_072, 131_073, 700_000].entries()) {
      const data = content(seed + level, bytes);
      const back = unpack(libzstd.compress(data, level), bytes);
      expect(Buffer.compare(back, data)).toBe(0);
    }
  });

  it('unpacks frames one after the other, and holds one window of a long one', () => {
    const data = content(50, 6_000_000);
    const frames = Buffer.concat([
      libzstd.compress(data.subarray(0, 1000), 3),
      libzstd.compress(data, 3),
      libzstd.compress(data.subarray(5000), 19),
    ]);
    expect(
      Buffer.compare(unpack(frames, 13_000_000), Buffer.concat([data.subarray(0, 1000), data, data.subarray(5000)])),
    ).toBe(0);
    const packed = libzstd.compress(data, 3);
    const header = frameHeaderOf(packed) as FrameHeader;
    // Smaller windows than the frame asks for fail instead of reading what is gone.
    expect(() => [...unpackBlocks(decoder, packed, 0, { ...header, windowSize: 1000 }, 1e9)]).toThrow(
      /expected a zstd block, got damage/,
    );
  });

  it('never takes more than it is allowed, whatever the header says', () => {
    const packed = libzstd.compress(Buffer.alloc(1_000_000, 'a'), 3);
    expect(() => unpack(packed, 999_999)).toThrow(/got damage/);
    expect(unpack(packed, 1_000_000).length).toBe(1_000_000);
  });

  it('never crashes or hangs on flipped bytes, and gives what others give wherever both give something', () => {
    const data = content(60, 30_000);
    const frames = [1, 3, 19].map((level) => libzstd.compress(data, level));
    let same = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        fc.nat({ max: 2 }),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }),
        (which, flips) => {
          const packed = Buffer.from(frames[which]);
          for (const [at, bits] of flips) packed[9 + (at % (packed.length - 9))] ^= bits;
          const attempt = (f: () => Uint8Array): Buffer | null => {
            try {
              return Buffer.from(f());
            } catch {
              return null;
            }
          };
          const ours = attempt(() => unpack(packed, 30_000));
          const theirs = attempt(() => libzstd.decompress(packed));
          if (ours === null) refused++;
          if (ours !== null && theirs !== null) {
            same++;
            expect(Buffer.compare(ours, theirs)).toBe(0);
          }
        },
      ),
      { seed: 9, numRuns: 1500 },
    );
    expect(same).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(300);
    expect(Buffer.compare(unpack(frames[0], 30_000), Buffer.from(decompress(frames[0])))).toBe(0);
  });

  it('refuses what is cut off anywhere', () => {
    const packed = libzstd.compress(content(61, 3000), 3);
    for (let n = 1; n < packed.length; n++) expect(() => unpack(packed.subarray(0, n), 3000)).toThrow(/got damage/);
  });

  describe('with a dictionary', () => {
    const file = readFileSync(fileURLToPath(new URL('../fixtures/warc/plain-dictionary.warc.zst', import.meta.url)));
    const dictionary = file.subarray(8, 8 + file.readUInt32LE(4));
    const text = readFileSync(fileURLToPath(new URL('../../docs/crawl.md', import.meta.url)));
    /** By libzstd; the whole of the dictionary is used, and its tables where they are good enough. */
    const pack = (bytes: Uint8Array, level: number): Uint8Array => {
      const { createCCtx, compressUsingDict } = createRequire(import.meta.url)('@bokuweb/zstd-wasm') as {
        createCCtx(): number;
        compressUsingDict(context: number, bytes: Uint8Array, dictionary: Uint8Array, level: number): Uint8Array;
      };
      return compressUsingDict(createCCtx(), bytes, dictionary, level);
    };

    it.each([1, 3, 9, 19])('unpacks what libzstd packs at level %i', (level) => {
      const some = [
        dictionary.subarray(-900),
        text,
        Buffer.concat([dictionary.subarray(2000), content(level, 400_000)]),
      ];
      for (const data of [Buffer.alloc(0), ...some]) {
        const packed = pack(data, level);
        expect((frameHeaderOf(packed) as FrameHeader).dictionary).toBe(184208);
        expect(Buffer.compare(unpack(packed, data.length, undefined, dictionary), data)).toBe(0);
        expect(() => unpack(packed, data.length)).toThrow(/needs no dictionary/);
      }
      expect(pack(some[0], level).length).toBeLessThan(60);
    });

    it('moves the window of a long frame on, and begins the next one with the dictionary', () => {
      const data = Buffer.concat([content(70, 3_000_000), dictionary.subarray(1500)]);
      const packed = pack(data, 1);
      for (let again = 0; again < 2; again++)
        expect(Buffer.compare(unpack(packed, data.length, undefined, dictionary), data)).toBe(0);
      expect(Buffer.compare(unpack(libzstd.compress(text, 3), text.length), text)).toBe(0);
    });

    it('refuses a damaged one, or gives other bytes; it never crashes or hangs', () => {
      const packed = pack(text, 3);
      let refused = 0;
      const random = generator(4);
      for (let i = 0; i < 300; i++) {
        const spoilt = Buffer.from(dictionary);
        spoilt[8 + Math.floor(random() * 150)] ^= 1 + Math.floor(random() * 255);
        try {
          expect(unpack(packed, text.length, undefined, spoilt).length).toBeLessThanOrEqual(text.length);
        } catch (error) {
          expect((error as Error).message).toMatch(/got damage$/);
          refused++;
        }
      }
      expect(refused).toBeGreaterThan(100);
      for (let n = 1; n < 140; n++)
        expect(() => unpack(packed, text.length, undefined, dictionary.subarray(0, n))).toThrow(/got damage/);
    });
  });
});
