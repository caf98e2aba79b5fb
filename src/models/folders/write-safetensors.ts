import type { FileSystem } from '../../files/file-system.ts';
import { writeWhole } from '../../files/whole.ts';
import { elementCount, type Tensor } from '../tensor.ts';
import { TYPE_BYTES, type WeightType, weightBytes } from './safetensors-types.ts';

/** Writes float32 tensors to a safetensors file, in the order of the map; the file appears whole or not at all. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  {
    dtype = 'F32',
    metadata = { format: 'pt' },
    fileSystem,
  }: { dtype?: WeightType; metadata?: Readonly<Record<string, string>>; fileSystem?: FileSystem } = {},
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let at = 0;
  for (const [name, { shape }] of tensors) {
    const end = at + elementCount(shape) * TYPE_BYTES[dtype];
    header[name] = { dtype, shape, data_offsets: [at, end] };
    at = end;
  }
  const text = JSON.stringify(header);
  // Data begins at a multiple of 8, as readers that map the file expect.
  const json = Buffer.from(text + ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  function* parts(): Generator<Uint8Array> {
    yield length;
    yield json;
    for (const { data } of tensors.values()) yield weightBytes(data as Float32Array, dtype);
  }
  await writeWhole(path, parts(), { fileSystem });
}
