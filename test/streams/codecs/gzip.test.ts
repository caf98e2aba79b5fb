import { crc32, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readGzip } from '../../../src/streams/codecs/gzip.ts';
import { openWindow } from '../../../src/streams/codecs/window.ts';
import { generator, prose } from '../../helpers/corpus.ts';
import { fixture } from '../formats/read-all.ts';

const text = (seed: number, words: number): Buffer => Buffer.from(prose(generator(seed), words));

/** What comes out of a file: bytes per block, and the damage. */
async function unpackFile(
  bytes: Uint8Array,
  maxRatio = 200,
): Promise<{ blocks: [number, string][]; damage: unknown[] }> {
  const window = await openWindow(fixture('x.gz', bytes), bytes.length);
  const blocks = new Map<number, Buffer[]>();
  const damage: unknown[] = [];
  try {
    for await (const piece of readGzip(window, { maxRatio })) {
      if ('damage' in piece) damage.push(piece.damage);
      else {
        const parts = blocks.get(piece.block) ?? [];
        expect(piece.offset).toBe(parts.reduce((n, p) => n + p.length, 0));
        parts.push(Buffer.from(piece.bytes));
        blocks.set(piece.block, parts);
      }
    }
  } finally {
    await window.close();
  }
  return { blocks: [...blocks].map(([b, parts]) => [b, Buffer.concat(parts).toString()]), damage };
}

describe('readGzip', () => {
  const [a, b, c] = [text(1, 20_000), text(2, 3), Buffer.alloc(0)];

  it('gives every member as a block that starts where the member does', async () => {
    const members = [a, b, c, a].map((m) => gzipSync(m));
    const starts = members.map((_, i) => members.slice(0, i).reduce((n, m) => n + m.length, 0));
    const { blocks, damage } = await unpackFile(Buffer.concat(members));
    expect(damage).toMatchObject([]);
    expect(blocks).toEqual([
      [0, a.toString()],
      [starts[1], b.toString()],
      [starts[3], a.toString()],
    ]);
  });

  it('reads many tiny members', async () => {
    const { blocks, damage } = await unpackFile(
      Buffer.concat(Array.from({ length: 500 }, (_, i) => gzipSync(`${i}\n`))),
    );
    expect(damage).toMatchObject([]);
    expect(blocks.map(([, t]) => t)).toEqual(Array.from({ length: 500 }, (_, i) => `${i}\n`));
  });

  it('reads headers with every optional field, and zero padding after the last member', async () => {
    const plain = gzipSync(b);
    const extra = Buffer.concat([
      Buffer.from([5, 0]),
      Buffer.from('extra'),
      Buffer.from('a name\0'),
      Buffer.from('a comment\0'),
      Buffer.from([1, 2]),
    ]);
    const full = Buffer.concat([
      plain.subarray(0, 3),
      Buffer.from([2 | 4 | 8 | 16]),
      plain.subarray(4, 10),
      extra,
      plain.subarray(10),
    ]);
    const padded = Buffer.concat([full, Buffer.alloc(1024 - full.length)]);
    expect(await unpackFile(padded)).toEqual({ blocks: [[0, b.toString()]], damage: [] });
  });

  it('takes zeros that fill up no block for what a copy that did not end leaves', async () => {
    const plain = gzipSync(a);
    const { blocks, damage } = await unpackFile(Buffer.concat([plain, Buffer.alloc(70_001)]));
    expect(blocks).toEqual([[0, a.toString()]]);
    expect(damage).toMatchObject([
      { block: plain.length, bytes: 70_001, detail: expect.stringMatching(/got 70001 zero bytes to the end/) },
    ]);
  });

  it('keeps what came before a cut-off end, and says what is lost', async () => {
    const whole = gzipSync(a);
    const { blocks, damage } = await unpackFile(whole.subarray(0, whole.length >> 1));
    expect(a.toString().startsWith(blocks[0][1])).toBe(true);
    expect(blocks[0][1].length).toBeGreaterThan(a.length / 3);
    expect(damage).toMatchObject([
      {
        block: 0,
        offset: blocks[0][1].length,
        bytes: 0,
        unpacked: 0,
        cut: true,
        detail:
          'expected the end of the gzip member at byte 0, got the end of the file: it is cut off, and what is ' +
          'missing is unknown',
      },
    ]);
    for (const cut of [1, 4, 7]) expect((await unpackFile(whole.subarray(0, -cut))).damage.length).toBe(1);
  });

  it('finds a wrong checksum, a wrong length, damaged data and garbage after a member', async () => {
    const good = gzipSync(a);
    const flipped = (at: number): Buffer => {
      const bytes = Buffer.from(good);
      bytes[(at + bytes.length) % bytes.length] ^= 0x55;
      return bytes;
    };
    const told = `expected checksum ${crc32(a)} and ${a.length} bytes, got ${crc32(a)} and ${a.length}`;
    expect((await unpackFile(flipped(-6))).damage).toMatchObject([
      { offset: a.length, detail: expect.stringMatching(/^expected checksum \d+ and/) },
    ]);
    expect((await unpackFile(flipped(-1))).damage).toMatchObject([
      { offset: a.length, detail: expect.not.stringMatching(told) },
    ]);
    const middle = await unpackFile(flipped(good.length >> 1));
    expect(middle.damage.length).toBe(1);
    const after = await unpackFile(Buffer.concat([good, Buffer.from('garbage')]));
    expect(after.blocks).toEqual([[0, a.toString()]]);
    expect(after.damage).toMatchObject([
      {
        block: good.length,
        offset: 0,
        bytes: 7,
        detail: `expected a gzip member at byte ${good.length}, got other bytes`,
      },
    ]);
    expect((await unpackFile(Buffer.from('no gzip at all'))).damage).toMatchObject([{ block: 0, bytes: 14 }]);
  });

  describe('finds the members after a damaged one', () => {
    const texts = [1, 2, 3, 4, 5].map((seed) => text(seed, 30_000));
    const members = texts.map((t) => gzipSync(t));
    const starts = members.map((_, i) => members.slice(0, i).reduce((n, m) => n + m.length, 0));
    const damaged = (...ranges: [from: number, to: number][]): Buffer => {
      const bytes = Buffer.concat(members);
      for (const [from, to] of ranges) bytes.fill(0xff, from, to);
      return bytes;
    };
    const read = async (bytes: Buffer) => {
      const { blocks, damage } = await unpackFile(bytes);
      return { whole: texts.map((t, i) => blocks.some(([at, b]) => at === starts[i] && b === t.toString())), damage };
    };
    /** What is missing of the texts that are not whole, and what is said to be missing. */
    const near = (told: unknown, size: number): void => {
      expect(Math.abs((told as number) - size)).toBeLessThan(0.05 * size);
    };

    it('whose data is damaged, at its beginning, and of which the last four bytes tell the size', async () => {
      const { whole, damage } = await read(damaged([starts[1] + 200, starts[1] + 300]));
      expect(whole).toEqual([true, false, true, true, true]);
      expect(damage).toMatchObject([{ block: starts[1], bytes: members[1].length }]);
      const [{ offset, unpacked }] = damage as [{ offset: number; unpacked: number }];
      expect(offset + unpacked).toBe(texts[1].length);
    });

    it('whose header is damaged, the first of the file too', async () => {
      const first = await read(damaged([200, 300], [starts[3], starts[3] + 12]));
      expect(first.whole).toEqual([false, true, true, false, true]);
      expect(first.damage).toMatchObject([{ block: 0 }, { block: starts[3], bytes: members[3].length }]);
      near((first.damage[1] as { unpacked: number }).unpacked, texts[3].length);
    });

    it('where damage goes over the borders of several, by how well those before were packed', async () => {
      const { whole, damage } = await read(damaged([starts[1] + 200, starts[3] + 50]));
      expect(whole).toEqual([true, false, false, false, true]);
      expect(damage).toMatchObject([{ block: starts[1], bytes: starts[4] - starts[1] }]);
      const [{ offset, unpacked }] = damage as [{ offset: number; unpacked: number }];
      near(offset + unpacked, texts[1].length + texts[2].length + texts[3].length);
    });

    it('whose checksum is wrong: all of it came out, and nothing else is lost', async () => {
      const { whole, damage } = await read(damaged([starts[2] - 8, starts[2] - 4]));
      expect(whole).toEqual([true, true, true, true, true]);
      expect(damage).toMatchObject([{ block: starts[1], bytes: members[1].length, unpacked: 0 }]);
    });

    it('that is cut in half: its unpacking runs on into the next one, or ends with it', async () => {
      const small = [text(7, 3000), text(8, 100), text(9, 100)];
      const [stored, next, last] = small.map((t, i) => gzipSync(t, { level: i === 0 ? 0 : 6 }));
      for (const missing of [100, next.length]) {
        const cut = stored.subarray(0, -missing);
        const { blocks, damage } = await unpackFile(Buffer.concat([cut, next, last]));
        expect(blocks.slice(1)).toEqual([
          [cut.length, small[1].toString()],
          [cut.length + next.length, small[2].toString()],
        ]);
        expect(damage).toMatchObject([{ block: 0, bytes: cut.length, detail: expect.stringMatching(/checksum/) }]);
      }
    });

    it('after zeros and after other bytes; a mark in the data is no member', async () => {
      const zeros = Buffer.concat([members[0], Buffer.alloc(3000), members[1], Buffer.alloc(5)]);
      expect(await unpackFile(zeros)).toMatchObject({
        blocks: [[0, texts[0].toString()], {}],
        damage: [{ block: members[0].length, bytes: 3000 }],
      });
      const mark = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]);
      const other = Buffer.concat([members[0], Buffer.from('other'), mark, members[1]]);
      const { blocks, damage } = await unpackFile(other);
      expect(blocks.map(([, t]) => t)).toEqual([texts[0].toString(), texts[1].toString()]);
      expect(damage).toMatchObject([{ block: members[0].length, bytes: 18 }]);
    });
  });

  it('stops a bomb soon after 64 MB, at the same byte every time', async () => {
    const bomb = gzipSync(Buffer.alloc(150_000_000), { level: 9 });
    const sizes = new Set<string>();
    for (let i = 0; i < 2; i++) {
      const { blocks, damage } = await unpackFile(bomb);
      expect(damage).toMatchObject([
        { detail: expect.stringMatching(/^expected at most 200 bytes for each packed byte, got \d+ from 65536$/) },
      ]);
      expect(blocks[0][1].length).toBeLessThan(140_000_000);
      sizes.add(JSON.stringify(damage));
    }
    expect(sizes.size).toBe(1);
    expect((await unpackFile(bomb, 2000)).damage).toMatchObject([]);
  });
});
