import { DataType, DateUnit, type RecordBatch, RecordBatchReader, Table, tableToIPC } from 'apache-arrow';
import { registerArrowCodecs } from '../codecs/pages.ts';
import type { FileWindow } from '../codecs/window.ts';
import type { InputRange, PlannedFile } from '../plan/splits.ts';
import { type ArrowMessages, arrowMessages, footerWithoutMessages } from './arrow-messages.ts';
import type { ReadContext, ReadEvent } from './context.ts';
import { damageOnly, refuseOtherUnits } from './format.ts';
import { estimatedLoss, type Loss, toldLoss } from './loss.ts';
import { type Value, ValueRecords } from './records.ts';

/**
 * Reads record batches `range.start` to `range.end` of an Arrow IPC file or stream. block = file byte of the record
 * batch, offset = row in it. A batch that cannot be decoded is one record set aside; where the messages stop making
 * sense, so is the rest of the file.
 */
export async function* readArrow(
  file: PlannedFile,
  range: InputRange,
  window: FileWindow,
  context: ReadContext,
): AsyncGenerator<ReadEvent> {
  await registerArrowCodecs();
  const records = new ValueRecords(file, context);
  const lost = (block: number, offset: number, bytes: number, detail: string, loss: Loss): ReadEvent =>
    records.aside({ block, offset }, bytes, 'undecodable', detail, new Uint8Array(0), loss);
  const messages = await arrowMessages(window).catch((error: unknown) => {
    damageOnly(error);
    return null;
  });
  if (messages === null) {
    yield lost(0, 0, file.size, 'expected Arrow data that begins with a schema, got damage', estimatedLoss(file.size));
    return;
  }
  refuseOtherUnits(file, range, messages.units.length);
  const good = messages.units
    .filter((u) => u.damage === null)
    .reduce((sum, u) => ({ rows: sum.rows + u.rows, bytes: sum.bytes + u.bytes }), { rows: 0, bytes: 0 });
  for (const [i, { start, bytes, rows, damage }] of messages.units.slice(range.start, range.end).entries()) {
    if (damage !== null) {
      yield lost(start, 0, bytes, damage, rows > 0 ? toldLoss(rows) : estimatedLoss(bytes, good.rows, good.bytes));
      continue;
    }
    let row = 0;
    try {
      const stream = await streamOf(window, messages, range.start + i);
      const batch = decoded(stream, rows);
      const columns = batch.schema.fields.map((field, c) => ({ name: field.name, at: valuesOf(batch, c) }));
      for (; row < batch.numRows; row++)
        yield* records.push(
          columns.map(({ name, at }) => [name, at(row)] as const),
          { block: start, offset: row },
        );
    } catch (error) {
      damageOnly(error);
      yield lost(
        start,
        row,
        bytes,
        'expected Arrow data, got damage, or a compression or type that is not read',
        toldLoss(rows - row),
      );
    }
  }
}

/** A stream of its own for one batch: schema, the dictionaries so far, the batch. */
async function streamOf(
  window: FileWindow,
  { schema, dictionaries, units }: ArrowMessages,
  unit: number,
): Promise<Uint8Array> {
  const parts = [...dictionaries.filter((d) => d.before <= unit), units[unit]];
  const first = await window.copy(schema.start, schema.bytes);
  const copies: Uint8Array[] = [schema.footer ? schemaOfFooter(first) : first];
  for (const { start, bytes } of parts) copies.push(await window.copy(start, bytes));
  return Buffer.concat(copies);
}

/** The schema of a footer as a message. */
function schemaOfFooter(footer: Uint8Array): Uint8Array {
  const reader = RecordBatchReader.from(
    Buffer.concat([Buffer.from('ARROW1\0\0'), footerWithoutMessages(footer)]),
  ).open();
  const stream = tableToIPC(new Table(reader.schema, []), 'stream');
  return stream.subarray(0, stream.length - 8);
}

/** Its one batch; columns are as long as the batch says. Throws on damage. */
function decoded(stream: Uint8Array, rows: number): RecordBatch {
  const batch = RecordBatchReader.from(stream).next().value as RecordBatch | undefined;
  if (batch?.numRows !== rows)
    throw new Error(`expected a record batch of ${rows} rows, got ${batch?.numRows ?? 'none'}`);
  for (const data of batch.data.children) {
    if (!DataType.isUtf8(data.type) && !DataType.isLargeUtf8(data.type)) continue;
    const { valueOffsets, values } = data as unknown as { valueOffsets: Int32Array; values: Uint8Array };
    if (batch.numRows > 0 && valueOffsets.length <= batch.numRows) throw new Error('expected an offset for every row');
    for (let row = 0; row < batch.numRows; row++) {
      if (valueOffsets[row] > valueOffsets[row + 1]) throw new Error('expected offsets that do not decrease');
    }
    if (batch.numRows > 0 && (valueOffsets[0] < 0 || valueOffsets[batch.numRows] > values.length))
      throw new Error('expected offsets within the values');
  }
  return batch;
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
