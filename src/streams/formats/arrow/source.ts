import { lz4Frame } from '../../codecs/lz4.ts';
import type { FileWindow } from '../../codecs/window.ts';
import { loadZstdUnpack } from '../../codecs/zstd-memory.ts';
import { type ColumnSource, columnOf } from './columns.ts';
import type { At } from './fixed.ts';
import { damage } from './flat.ts';
import type { ArrowData, ArrowDictionary, ArrowMessages } from './messages.ts';
import type { ArrowField } from './schema.ts';

/**
 * Most bytes that a packed buffer may unpack to, and most per packed byte: a block of zstd makes 128 KB of 4 bytes.
 */
const MAX_RATIO = 40_000;
const BUFFER_BYTES = 1024 * 1024 * 1024;

/** Values of a dictionary, and how many. */
type Values = { readonly at: At; readonly length: number };

/** Opens the columns of batches, one batch after the other. */
export type OpenBatch = (data: ArrowData, unit: number) => ColumnSource;

/** @param messages of the file that `window` reads */
export async function batchOpener(window: FileWindow, messages: ArrowMessages): Promise<OpenBatch> {
  const unzstd = await loadZstdUnpack();
  /** Dictionaries that were read already, by the messages they are made of. */
  const known = new Map<string, Promise<Values>>();

  const unpacked = async (
    start: number,
    bytes: number,
    { compression }: ArrowData,
  ): Promise<Uint8Array<ArrayBuffer>> => {
    const packed = await window.copy(start, bytes);
    if (packed.length < bytes) throw damage('buffers within the file');
    if (compression === 'none' || bytes === 0) return packed;
    if (bytes < 8) throw damage('the size of a packed buffer');
    const size = Number(new DataView(packed.buffer).getBigInt64(0, true));
    const content = packed.subarray(8);
    if (size === -1) return content.slice();
    if (size < 0 || size > Math.min(BUFFER_BYTES, content.length * MAX_RATIO))
      throw damage('the size of a packed buffer');
    if (compression === 'unknown') throw new Error('expected lz4 or zstd, got a compression that is not known');
    const out = compression === 'lz4' ? lz4Frame(content) : unzstd(content, size);
    if (out.length !== size) throw damage(`${size} bytes in a packed buffer`);
    // Typed arrays of wider values need their bytes at a place of their own.
    return out.byteOffset % 8 === 0 ? (out as Uint8Array<ArrayBuffer>) : out.slice();
  };

  const dictionaryOf = (field: ArrowField, id: number, unit: number): Promise<Values> => {
    const parts: ArrowDictionary[] = [];
    for (const d of messages.dictionaries) {
      if (d.id !== id || d.before > unit) continue;
      if (!d.delta && messages.units.length > 0 && d.before > 0) parts.length = 0;
      parts.push(d);
    }
    const key = parts.map((p) => messages.dictionaries.indexOf(p)).join(' ');
    const found = known.get(`${id}: ${key}`) ?? joined(field, parts, unit);
    known.set(`${id}: ${key}`, found);
    return found;
  };

  const joined = async (field: ArrowField, parts: readonly ArrowDictionary[], unit: number): Promise<Values> => {
    const columns: Values[] = [];
    for (const { data } of parts) columns.push({ at: await columnOf(field, open(data, unit)), length: data.rows });
    const length = columns.reduce((n, c) => n + c.length, 0);
    if (columns.length === 1) return columns[0];
    return {
      length,
      at: (row) => {
        let i = row;
        for (const c of columns) {
          if (i < c.length) return c.at(i);
          i -= c.length;
        }
        return null;
      },
    };
  };

  const open: OpenBatch = (data, unit) => openAt(data, unit, 0, 0, 0);
  const openAt = (
    data: ArrowData,
    unit: number,
    fromNode: number,
    fromBuffer: number,
    fromView: number,
  ): ColumnSource => {
    let [node, buffer, view] = [fromNode, fromBuffer, fromView];
    const next = () => {
      const place = data.buffers[buffer++];
      if (place === undefined) throw damage('buffers for every column');
      return place;
    };
    return {
      node() {
        const [length, nulls] = [data.lengths[node], data.nulls[node]];
        node++;
        if (length === undefined) throw damage('a batch of all columns');
        return { length, nulls };
      },
      async buffer() {
        const { start, bytes } = next();
        return unpacked(start, bytes, data);
      },
      skip: () => void next(),
      variadic: () => data.variadic[view++] ?? 0,
      dictionary: (field, id) => dictionaryOf(field, id, unit),
      oldUnions: messages.version < 4,
      fork: () => openAt(data, unit, node, buffer, view),
    };
  };
  return open;
}
