import { beforeAll, describe, expect, it } from 'vitest';
import { loadXxhash } from '../../../src/hash.ts';
import { RATIO_FREE_BYTES } from '../../../src/streams/codecs/piece.ts';
import { openWindow } from '../../../src/streams/codecs/window.ts';
import { readZstd, WHOLE_FRAME_BYTES } from '../../../src/streams/codecs/zstd.ts';
import { type FrameHeader, frameAt, frameHeaderOf } from '../../../src/streams/codecs/zstd-frames.ts';
import { loadZstdModule, type ZstdModule } from '../../../src/streams/codecs/zstd-module.ts';
import { generator, prose } from '../../helpers/corpus.ts';
import { fixture } from '../formats/read-all.ts';

let zstd: ZstdModule;
let xxh64: (bytes: Uint8Array) => bigint;
beforeAll(async () => {
  zstd = await loadZstdModule();
  xxh64 = (await loadXxhash()).h64Raw;
});

const text = (seed: number, words: number): Buffer => Buffer.from(prose(generator(seed), words));

/** A frame as `zstd -c` in a pipe writes it: no content size, a window of 1 MB, a checksum. */
function foreignFrame(content: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; ; at += 100_000) {
    const part = content.subarray(at, at + 100_000);
    const last = at + 100_000 >= content.length;
    // The block inside a frame of its own; a block that did not get smaller is raw.
    const frame = zstd.compress(part, 3);
    const { headerBytes } = frameHeaderOf(frame) as FrameHeader;
    const block = Buffer.from(frame.subarray(headerBytes));
    block[0] = (block[0] & 0xfe) | (last ? 1 : 0);
    blocks.push(block);
    if (last) break;
  }
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(Number(xxh64(content) & 0xffffffffn));
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x50]), ...blocks, checksum]);
}

/** 128 KB blocks of one repeated byte: unpacks to anything. */
function runs(bytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let left = bytes; left > 0; left -= 131072) {
    const size = Math.min(left, 131072);
    const word = (size << 3) | 2 | (left <= 131072 ? 1 : 0);
    blocks.push(Buffer.from([word & 255, (word >> 8) & 255, (word >> 16) & 255, 0x61]));
  }
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50]), ...blocks]);
}

async function unpackFile(
  bytes: Uint8Array,
  start = 0,
  maxRatio = 200,
): Promise<{ blocks: [number, number, bigint][]; damage: unknown[]; largest: number }> {
  const window = await openWindow(fixture('x.zst', bytes), bytes.length);
  const { create64 } = await loadXxhash();
  const blocks = new Map<number, { bytes: number; hash: ReturnType<typeof create64> }>();
  const damage: unknown[] = [];
  let largest = 0;
  try {
    for await (const piece of readZstd(window, start, { maxRatio })) {
      if ('damage' in piece) {
        damage.push(piece.damage);
        continue;
      }
      const block = blocks.get(piece.block) ?? { bytes: 0, hash: create64() };
      expect(piece.offset).toBe(block.bytes);
      block.bytes += piece.bytes.length;
      block.hash.update(piece.bytes);
      blocks.set(piece.block, block);
      largest = Math.max(largest, piece.bytes.length);
    }
  } finally {
    await window.close();
  }
  return { blocks: [...blocks].map(([b, { bytes: n, hash }]) => [b, n, hash.digest()]), damage, largest };
}

const skippable = (bytes: number): Buffer => {
  const frame = Buffer.alloc(8 + bytes, 7);
  frame.writeUInt32LE(0x184d2a53, 0);
  frame.writeUInt32LE(bytes, 4);
  return frame;
};

describe('readZstd', () => {
  it('gives every frame as a block, passes over skippable frames, and starts at any frame', async () => {
    const [a, b] = [text(1, 5000), text(2, 40)];
    const frames = [
      zstd.compress(a, 3),
      skippable(9),
      zstd.compress(b, 3),
      zstd.compress(new Uint8Array(0), 3),
      foreignFrame(a),
    ];
    const file = Buffer.concat(frames);
    const at = (i: number): number => frames.slice(0, i).reduce((n, f) => n + f.length, 0);
    const want: [number, number, bigint][] = [
      [0, a.length, xxh64(a)],
      [at(2), b.length, xxh64(b)],
      [at(4), a.length, xxh64(a)],
    ];
    expect(await unpackFile(file)).toMatchObject({ blocks: want, damage: [] });
    expect(await unpackFile(file, at(2))).toMatchObject({ blocks: want.slice(1), damage: [] });
  });

  it('reads headers without unpacking', async () => {
    const a = text(3, 3000);
    const [own, foreign] = [zstd.compress(a, 3), foreignFrame(a)];
    const file = Buffer.concat([own, foreign]);
    const window = await openWindow(fixture('x.zst', file), file.length);
    expect(await frameAt(window, 0)).toMatchObject({
      frame: { start: 0, end: own.length, contentSize: a.length, checksum: false, skippable: false },
    });
    expect(await frameAt(window, own.length)).toMatchObject({
      frame: {
        start: own.length,
        end: file.length,
        contentSize: null,
        checksum: true,
        windowSize: 1024 * 1024,
        contentAtMost: 131072 * Math.ceil(a.length / 100_000),
      },
    });
    expect(await frameAt(window, 1)).toMatchObject({
      frame: null,
      damage: 'expected a zstd frame at byte 1, got other bytes',
    });
    await window.close();
  });

  it('streams a frame that is too large to be held, and verifies its checksum itself', async () => {
    const a = Buffer.concat(Array.from({ length: 60 }, (_, i) => text(i, 60_000)));
    expect(a.length).toBeGreaterThan(WHOLE_FRAME_BYTES);
    const good = foreignFrame(a);
    const read = await unpackFile(good);
    expect(read).toMatchObject({ blocks: [[0, a.length, xxh64(a)]], damage: [] });
    expect(read.largest).toBeLessThanOrEqual(131072);
    const bad = Buffer.from(good);
    bad[bad.length - 2] ^= 1;
    const { damage } = await unpackFile(bad);
    expect(damage).toMatchObject([
      {
        block: 0,
        offset: a.length,
        bytes: good.length,
        detail: expect.stringMatching(/^expected checksum \d+ of the zstd frame, got \d+$/),
      },
    ]);
    const cut = await unpackFile(good.subarray(0, good.length >> 1));
    expect(cut.damage).toMatchObject([
      { block: 0, bytes: good.length >> 1, detail: 'expected the rest of a zstd block, got the end of the file' },
    ]);
    expect(cut.blocks[0][1]).toBeGreaterThan(a.length / 3);
  });

  it('gives nothing of a small damaged frame, and goes on with the next', async () => {
    const [a, b] = [text(5, 5000), text(6, 5000)];
    const broken = foreignFrame(a);
    broken[broken.length >> 1] ^= 0x10;
    const file = Buffer.concat([broken, zstd.compress(b, 3)]);
    const { blocks, damage } = await unpackFile(file);
    expect(damage).toMatchObject([
      { block: 0, offset: 0, bytes: broken.length, detail: 'expected a zstd frame with its checksum, got damage' },
    ]);
    expect(blocks).toEqual([[broken.length, b.length, xxh64(b)]]);
  });

  it('refuses what is no frame, a dictionary, and a window over 128 MB', async () => {
    expect((await unpackFile(Buffer.from('this is no zstd'))).damage).toMatchObject([
      { block: 0, offset: 0, bytes: 15, detail: 'expected a zstd frame at byte 0, got other bytes' },
    ]);
    const frame = runs(20_000_000);
    const dictionary = Buffer.concat([frame.subarray(0, 4), Buffer.from([1, 0x50, 9]), frame.subarray(6)]);
    expect((await unpackFile(dictionary)).damage).toMatchObject([
      { detail: expect.stringMatching(/^needs zstd dictionary 9, which the file does not begin with: zstd -dc -D/) },
    ]);
    const window = Buffer.from(runs(140_000_000));
    window[5] = 18 << 3;
    expect((await unpackFile(window)).damage).toMatchObject([
      {
        offset: 0,
        detail:
          'expected a zstd window of at most 134217728 bytes, got 268435456 bytes: ' +
          'zstd -dc --long=31 FILE | sluice run ... --input -',
      },
    ]);
  });

  it('stops a bomb soon after 64 MB', async () => {
    const bomb = runs(300_000_000);
    const { blocks, damage } = await unpackFile(bomb);
    expect(damage).toMatchObject([
      {
        block: 0,
        offset: blocks[0][1],
        detail: expect.stringMatching(/^expected at most 200 bytes for each packed byte, got \d+ from 2058$/),
      },
    ]);
    expect(blocks[0][1]).toBeGreaterThan(RATIO_FREE_BYTES);
  });
});
