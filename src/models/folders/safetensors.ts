import { type FileHandle, open } from 'node:fs/promises';
import { InputError } from '../../errors.ts';
import { elementCount, shapeText, type Tensor } from '../tensor.ts';
import { FLOAT_TYPES, INTEGER_TYPES, numbersOf, TYPE_BYTES } from './safetensors-types.ts';

/** Longest header that is read; the format allows 100 MB. */
const LONGEST_HEADER = 100_000_000;

/** Where one tensor stands in a file. */
export interface TensorEntry {
  /** `F32`, `BF16` ... */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Byte offset in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** A safetensors file whose header was checked; tensors are read one at a time. */
export interface SafetensorsFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** float16, bfloat16 and float64 become float32; integers and booleans become int32 (out of range is an error). */
  read(name: string): Promise<Tensor>;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file: 8 bytes header length, JSON header, data without holes. What does not fit that is an
 * InputError that names file and tensor.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new InputError({ expected: 'a safetensors file', got: cause.code ?? cause.message, where: path, cause });
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new InputError({ expected: 'a safetensors file', got: 'something else', where: path });
    const { size } = found;
    const { header, dataStart } = await readHeader(file, size, path);
    const { entries, metadata } = checkedEntries(header, dataStart, size, path);
    return {
      path,
      entries,
      metadata,
      read: (name) => readTensor(file, entries, name, path),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readHeader(file: FileHandle, size: number, path: string) {
  if (size < 8) throw new InputError({ expected: 'at least 8 bytes', got: `${size}`, where: path });
  const start = await readBytes(file, 0, 8, path);
  const length = Number(start.readBigUInt64LE());
  if (start.toString('latin1') === 'version ')
    throw new InputError({
      expected: 'a safetensors file',
      got: 'a pointer of Git LFS in its place',
      where: path,
      fix: 'Run `git lfs pull` in the folder of the model.',
    });
  if (length > Math.min(size - 8, LONGEST_HEADER))
    throw new InputError({
      expected: `a header of at most ${Math.min(size - 8, LONGEST_HEADER)} bytes`,
      got: `a header length of ${length}`,
      where: path,
      fix: 'The file is cut off or is not safetensors.',
    });
  const text = (await readBytes(file, 8, length, path)).toString('utf8');
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header === 'object' && header !== null && !Array.isArray(header))
      return { header, dataStart: 8 + length };
  } catch (cause) {
    throw new InputError({ expected: 'a header in JSON', got: (cause as Error).message, where: path, cause });
  }
  throw new InputError({ expected: 'a header that is a JSON object', got: text.slice(0, 40), where: path });
}

function checkedEntries(header: object, dataStart: number, size: number, path: string) {
  const entries = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = checkedMetadata(value, path);
    else entries.set(name, checkedEntry(value, dataStart, `${path}, tensor '${name}'`));
  }
  let end = dataStart;
  for (const [name, entry] of [...entries].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (entry.offset !== end)
      throw new InputError({
        expected: `data that begins at byte ${end - dataStart}, where the tensor before it ends`,
        got: `${entry.offset - dataStart}: ${entry.offset < end ? 'tensors overlap' : 'a hole'}`,
        where: `${path}, tensor '${name}'`,
      });
    end += entry.bytes;
  }
  if (end !== size)
    throw new InputError({
      expected: `a file of ${end} bytes, by its header`,
      got: `${size} bytes`,
      where: path,
      fix: end > size ? 'The file is cut off.' : 'Bytes follow the last tensor.',
    });
  return { entries, metadata };
}

function checkedMetadata(value: unknown, path: string): Record<string, string> {
  const texts =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((v) => typeof v === 'string');
  if (texts) return value as Record<string, string>;
  throw new InputError({
    expected: 'texts by name in __metadata__',
    got: JSON.stringify(value).slice(0, 40),
    where: path,
  });
}

function checkedEntry(value: unknown, dataStart: number, where: string): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const whole = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0;
  const wholes = (v: unknown): v is number[] => Array.isArray(v) && v.every(whole);
  if (typeof dtype !== 'string' || !Object.hasOwn(TYPE_BYTES, dtype))
    throw new InputError({
      expected: `one of the types ${Object.keys(TYPE_BYTES).join(', ')}`,
      got: `${dtype}`,
      where,
    });
  if (!wholes(shape)) throw new InputError({ expected: 'a shape of whole numbers', got: JSON.stringify(shape), where });
  if (!wholes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1])
    throw new InputError({ expected: 'data_offsets [begin, end]', got: JSON.stringify(offsets), where });
  const bytes = offsets[1] - offsets[0];
  const needed = elementCount(shape) * TYPE_BYTES[dtype];
  if (bytes !== needed)
    throw new InputError({ expected: `${needed} bytes for ${dtype} ${shapeText(shape)}`, got: `${bytes}`, where });
  return { dtype, shape, offset: dataStart + offsets[0], bytes };
}

async function readTensor(file: FileHandle, entries: ReadonlyMap<string, TensorEntry>, name: string, path: string) {
  const where = `${path}, tensor '${name}'`;
  const entry = entries.get(name);
  if (!entry) throw new InputError({ expected: 'this tensor', got: `a file without it`, where });
  if (!FLOAT_TYPES.has(entry.dtype) && !INTEGER_TYPES.has(entry.dtype))
    throw new InputError({
      expected: `one of the types ${[...FLOAT_TYPES, ...INTEGER_TYPES].join(', ')}`,
      got: entry.dtype,
      where,
      fix: 'Convert the model to float32, bfloat16 or float16.',
    });
  const raw = await readBytes(file, entry.offset, entry.bytes, path);
  return { shape: entry.shape, data: numbersOf(entry.dtype, raw, where) };
}

/** Exactly these bytes, in a buffer of their own. */
async function readBytes(file: FileHandle, from: number, length: number, path: string): Promise<Buffer<ArrayBuffer>> {
  const bytes = Buffer.from(new ArrayBuffer(length));
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 1 << 30), from + done);
    if (bytesRead === 0)
      throw new InputError({
        expected: `${length} bytes at ${from}`,
        got: `${done}`,
        where: path,
        fix: 'The file is cut off.',
      });
    done += bytesRead;
  }
  return bytes;
}
