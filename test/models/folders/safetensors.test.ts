import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSafetensors } from '../../../src/models/folders/safetensors.ts';
import { writeSafetensors } from '../../../src/models/folders/write-safetensors.ts';
import { floatTensor } from '../../../src/models/tensor.ts';
import { corporaFolder } from '../../helpers/corpora.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A file with this header and so many bytes of data. */
async function fileOf(name: string, header: unknown, data: Uint8Array = new Uint8Array(0)): Promise<string> {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const path = join(folder, name);
  await writeFile(path, Buffer.concat([length, json, data]));
  return path;
}

async function readAll(path: string) {
  const file = await openSafetensors(path);
  const tensors = new Map<string, { shape: readonly number[]; data: number[] }>();
  try {
    for (const name of file.entries.keys()) {
      const { shape, data } = await file.read(name);
      tensors.set(name, { shape, data: [...data] });
    }
  } finally {
    await file.close();
  }
  return Object.fromEntries(tensors);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

describe('a safetensors file', () => {
  it('comes back as it was written', async () => {
    const path = join(folder, 'back.safetensors');
    const tensors = new Map([
      ['a', floatTensor([2, 2], [1, -0, 1e-40, 3.5e38])],
      ['scalar', floatTensor([], [7])],
      ['none', floatTensor([0, 4], [])],
    ]);
    await writeSafetensors(path, tensors);
    expect(await readAll(path)).toEqual({
      a: { shape: [2, 2], data: [1, -0, Math.fround(1e-40), Math.fround(3.5e38)] },
      scalar: { shape: [], data: [7] },
      none: { shape: [0, 4], data: [] },
    });
    const file = await openSafetensors(path);
    expect(file.metadata).toEqual({ format: 'pt' });
    await file.close();
    const [start] = new BigUint64Array(Uint8Array.from((await readFile(path)).subarray(0, 8)).buffer);
    expect(Number(start) % 8).toBe(0);
  });

  it('holds tensors around the size that is written at once', async () => {
    const path = join(folder, 'sizes.safetensors');
    // 4 MB are written at once: less, together more, exactly that, more, and a rest.
    const sizes = [3, 900_000, 200_000, 1 << 20, (1 << 20) + 5, 7];
    const tensors = new Map(
      sizes.map((size, i) => [
        `t${i}`,
        floatTensor(
          [size],
          Float32Array.from({ length: size }, (_, k) => k * 7 + i),
        ),
      ]),
    );
    await writeSafetensors(path, tensors);
    const file = await openSafetensors(path);
    for (const [name, { data }] of tensors)
      expect(Buffer.compare(bytesOf((await file.read(name)).data), bytesOf(data)), name).toBe(0);
    await file.close();
  });

  it('rounds to bfloat16 and float16 to the nearest, ties to even', async () => {
    const values = [
      1,
      -2.5,
      1.00390625,
      1.01171875,
      65504,
      65519,
      65520,
      2 ** -24,
      2 ** -25,
      3 * 2 ** -25,
      -0,
      1e-8,
      0.1,
    ];
    const path = join(folder, 'half.safetensors');
    const tensors = new Map([['x', floatTensor([values.length], values)]]);
    await writeSafetensors(path, tensors, { dtype: 'BF16' });
    expect((await readAll(path)).x.data).toEqual([
      1,
      -2.5,
      1,
      1.015625,
      65536,
      65536,
      65536,
      2 ** -24,
      2 ** -25,
      3 * 2 ** -25,
      -0,
      1.0011717677116394e-8,
      0.10009765625,
    ]);
    await writeSafetensors(path, tensors, { dtype: 'F16' });
    expect((await readAll(path)).x.data).toEqual([
      1,
      -2.5,
      1.00390625,
      1.01171875,
      65504,
      65504,
      Infinity,
      2 ** -24,
      0,
      2 ** -23,
      -0,
      0,
      0.0999755859375,
    ]);
  });

  it('reads every type that holds numbers', async () => {
    const data = Buffer.alloc(48);
    data.writeDoubleLE(0.5, 0);
    data.writeBigInt64LE(-7n, 8);
    data.writeInt32LE(9, 16);
    data.writeInt16LE(-3, 20);
    data.writeUInt16LE(0x3c00, 22);
    data.writeUInt16LE(0x4049, 24);
    data.writeInt8(-1, 26);
    data.writeUInt8(255, 27);
    data.writeUInt8(1, 28);
    const types = ['F64', 'I64', 'I32', 'I16', 'F16', 'BF16', 'I8', 'U8', 'BOOL'];
    const sizes = [8, 8, 4, 2, 2, 2, 1, 1, 1];
    const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((a, b) => a + b));
    const header = Object.fromEntries(
      types.map((dtype, i) => [dtype, { dtype, shape: [1], data_offsets: [ends[i] - sizes[i], ends[i]] }]),
    );
    const all = await readAll(await fileOf('types.safetensors', header, data.subarray(0, 29)));
    expect(types.map((t) => all[t].data[0])).toEqual([0.5, -7, 9, -3, 1, 3.140625, -1, 255, 1]);
  });

  it('says which integer does not fit', async () => {
    const data = Buffer.alloc(8);
    data.writeBigInt64LE(2n ** 40n);
    const path = await fileOf('large.safetensors', { n: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, data);
    await expect(readAll(path)).rejects.toThrow(
      `${path}, tensor 'n': expected integers of at most 32 bits, got 1099511627776.`,
    );
  });

  it.each([
    ['[1]', 'expected a header that is a JSON object, got [1].'],
    ['{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 'expected a shape of whole numbers, got [-1].'],
    ['{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', 'expected data_offsets [begin, end], got [4,0].'],
    ['{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', 'expected data_offsets [begin, end], got [0].'],
    ['{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}', 'expected a shape of whole numbers, got [1.5].'],
    ['{"x":7}', 'got undefined.'],
    ['{"__metadata__":5}', 'expected texts by name in __metadata__, got 5.'],
    ['{"__metadata__":{"step":7}}', 'expected texts by name in __metadata__, got {"step":7}.'],
    ['{"x":{"dtype":"constructor","shape":[1],"data_offsets":[0,4]}}', 'got constructor.'],
    ['{"x":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}', 'got F8_E4M3. Convert the model to float32'],
  ])('with the header %s is refused', async (header, message) => {
    const path = await fileOf('bad.safetensors', header, new Uint8Array(4));
    await expect(readAll(path)).rejects.toThrow(message);
  });

  it('that Git LFS has not fetched is said', async () => {
    const path = join(folder, 'pointer.safetensors');
    await writeFile(path, 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 134000000\n');
    await expect(openSafetensors(path)).rejects.toThrow(
      `${path}: expected a safetensors file, got a pointer of Git LFS in its place. Run \`git lfs pull\``,
    );
  });

  it('that is not there is said', async () => {
    await expect(openSafetensors(join(folder, 'no.safetensors'))).rejects.toThrow(
      'expected a safetensors file, got ENOENT.',
    );
    await expect(openSafetensors(folder)).rejects.toThrow('expected a safetensors file, got something else.');
  });
});

const corpora = corporaFolder();
describe.skipIf(corpora === null)('the conformance files', () => {
  const pathOf = (name: string) => join(corpora!, 'conformance/safetensors', `${name}.safetensors`);

  it('that are valid are read', async () => {
    expect(await readAll(pathOf('tiny_f32'))).toMatchObject({ w: { shape: [2, 3] } });
    const multi = await openSafetensors(pathOf('multi'));
    expect(new Set([...multi.entries.values()].map((e) => e.dtype))).toEqual(new Set(['F32', 'I64', 'BF16', 'U8']));
    await multi.close();
  });

  it.each([
    ['bad_header_len', 'a header length of'],
    ['bad_json', 'expected a header in JSON'],
    ['bad_offsets_overlap', 'tensors overlap'],
    ['bad_offsets_past_end', 'The file is cut off.'],
    ['bad_shape', 'bytes for F32'],
    ['trailing_bytes', 'Bytes follow the last tensor.'],
    ['unknown_dtype', 'expected one of the types BOOL'],
    ['hole', 'a hole'],
    ['short', 'expected at least 8 bytes'],
  ])('%s is refused', async (name, message) => {
    await expect(openSafetensors(pathOf(name))).rejects.toThrow(message);
    await expect(openSafetensors(pathOf(name))).rejects.toThrow(`${name}.safetensors`);
  });
});
