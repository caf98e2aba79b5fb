import { type FileHandle, open } from 'node:fs/promises';
import {
  type AsyncRecordBatchFileReader,
  type AsyncRecordBatchStreamReader,
  DataType,
  DateUnit,
  type RecordBatch,
  RecordBatchReader,
} from 'apache-arrow';
import { registerArrowCodecs } from '../codecs/pages.ts';
import type { InputRange, PlannedFile } from '../splits.ts';
import type { ReadContext, ReadEvent } from './context.ts';
import { type Value, ValueRecords } from './records.ts';

type Reader = AsyncRecordBatchFileReader | AsyncRecordBatchStreamReader;

/** Opens an Arrow IPC file or stream. Throws when its head is damaged. */
async function openReader(handle: FileHandle): Promise<Reader> {
  await registerArrowCodecs();
  const reader = (await RecordBatchReader.from(handle)) as Reader;
  return reader.open({ autoDestroy: false });
}

export interface ArrowBlock {
  /** File byte of the record batch. */
  readonly start: number;
  readonly bytes: number;
}

const blocksOf = (footer: NonNullable<RecordBatchReader['footer']>): ArrowBlock[] =>
  Array.from(footer.recordBatches(), (b) => ({ start: Number(b.offset), bytes: Number(b.bodyLength) }));

/** Record batches of an Arrow IPC file, by their bytes; null for a stream, which says nothing ahead. Throws on damage. */
export async function arrowBatches(path: string): Promise<readonly ArrowBlock[] | null> {
  const handle = await open(path);
  try {
    const reader = await openReader(handle);
    return reader.isFile() && reader.footer ? blocksOf(reader.footer) : null;
  } finally {
    await handle.close();
  }
}

/**
 * Reads record batches `range.start` to `range.end` of a file, or a whole stream. block = file byte of the record batch (in a stream: its
 * number), offset = row in it. Damage is one record set aside: in a file for its record batch, in a stream for the rest.
 */
export async function* readArrow(
  file: PlannedFile,
  range: InputRange,
  context: ReadContext,
): AsyncGenerator<ReadEvent> {
  const records = new ValueRecords(file, context);
  const lost = (block: number, offset: number, bytes: number): ReadEvent =>
    records.aside(
      { block, offset },
      bytes,
      'undecodable',
      'expected Arrow data, came damage, or a compression or type that is not read',
      new Uint8Array(0),
    );
  const handle = await open(file.absolutePath);
  try {
    const opened = await openReader(handle).catch(() => null);
    if (opened === null) {
      yield lost(0, 0, file.size);
      return;
    }
    const blocks = opened.isFile() && opened.footer ? blocksOf(opened.footer) : null;
    const next = async (i: number): Promise<RecordBatch | null> =>
      blocks
        ? (opened as AsyncRecordBatchFileReader).readRecordBatch(i)
        : (((await opened.next()).value as RecordBatch | undefined) ?? null);
    for (let i = range.start; i < (blocks ? Math.min(range.end, blocks.length) : Number.POSITIVE_INFINITY); i++) {
      const [start, bytes] = blocks ? [blocks[i].start, blocks[i].bytes] : [i, file.size];
      const batch = await next(i).catch(() => undefined);
      if (batch === null) return;
      let row = 0;
      try {
        if (batch) {
          const columns = batch.schema.fields.map((field, c) => ({ name: field.name, at: valuesOf(batch, c) }));
          for (; row < batch.numRows; row++)
            yield* records.push(
              columns.map(({ name, at }) => [name, at(row)] as const),
              { block: start, offset: row },
            );
          continue;
        }
      } catch (error) {
        // Offsets that lead nowhere; anything else is not the input's fault.
        if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
      }
      yield lost(start, row, bytes);
      if (!blocks) return;
    }
  } finally {
    await handle.close();
  }
}

/** Values of a column by row. Text comes as its bytes: decoding would hide what is not UTF-8. */
function valuesOf(batch: RecordBatch, column: number): (row: number) => Value {
  const data = batch.data.children[column];
  const vector = batch.getChildAt(column)!;
  if (DataType.isUtf8(data.type) || DataType.isLargeUtf8(data.type)) {
    const { valueOffsets, values } = data as unknown as {
      valueOffsets: Int32Array | BigInt64Array;
      values: Uint8Array;
    };
    return (row) =>
      data.getValid(row) ? values.subarray(Number(valueOffsets[row]), Number(valueOffsets[row + 1])) : null;
  }
  // apache-arrow gives times as milliseconds.
  if (DataType.isTimestamp(data.type) || DataType.isDate(data.type)) {
    const isDay = DataType.isDate(data.type) && data.type.unit === DateUnit.DAY;
    return (row) => {
      const ms = vector.get(row) as number | null;
      if (ms === null || !(Math.abs(Number(ms)) <= 8.64e15)) return null;
      return new Date(Number(ms)).toISOString().slice(0, isDay ? 10 : undefined);
    };
  }
  return (row) => vector.get(row) as Value;
}
