import type { FileSystem } from '../../files/file-system.ts';
import { writeWhole } from '../../files/whole.ts';
import { elementCount, type Tensor } from '../tensor.ts';
import { TYPE_BYTES, type WeightType, weightBytes } from './safetensors-types.ts';

/** Bytes that are written at once: hundreds of small tensors cost hundreds of turns of the disk else. */
const AT_ONCE = 4 << 20;

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
  await writeWhole(path, gathered(parts()), { fileSystem });
}

/** The same bytes in larger parts. A part is valid until the next one is asked for. */
function* gathered(parts: Iterable<Uint8Array>): Generator<Uint8Array> {
  const buffer = new Uint8Array(AT_ONCE);
  let filled = 0;
  for (const part of parts) {
    if (filled > 0 && filled + part.length > AT_ONCE) {
      yield buffer.subarray(0, filled);
      filled = 0;
    }
    if (part.length >= AT_ONCE) yield part;
    else {
      buffer.set(part, filled);
      filled += part.length;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}
