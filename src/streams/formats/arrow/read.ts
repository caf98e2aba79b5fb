import type { FileWindow } from '../../codecs/window.ts';
import type { InputRange, PlannedFile } from '../../plan/splits.ts';
import type { ReadContext, ReadEvent } from '../context.ts';
import { damageOnly, refuseOtherUnits } from '../format.ts';
import { estimatedLoss, type Loss, toldLoss } from '../loss.ts';
import { neededColumns, readColumns, type ValueColumn, ValueRecords } from '../values/records.ts';
import { columnOf, skipColumn } from './columns.ts';
import { type ArrowUnit, arrowMessages } from './messages.ts';
import { type ArrowField, typeName } from './schema.ts';
import { batchOpener, type OpenBatch } from './source.ts';

/**
 * Reads record batches `range.start` to `range.end` of an Arrow IPC file or stream. block = file byte of the record
 * batch, offset = row in it. A batch whose text, id or domain cannot be decoded is one record set aside, of as many
 * documents as it has rows; another column that cannot be decoded is null.
 */
export async function* readArrow(
  file: PlannedFile,
  range: InputRange,
  window: FileWindow,
  context: ReadContext,
): AsyncGenerator<ReadEvent> {
  const records = new ValueRecords(file, context);
  const lost = (block: number, bytes: number, detail: string, loss: Loss): ReadEvent =>
    records.aside({ block, offset: 0 }, bytes, 'undecodable', detail, new Uint8Array(0), loss);
  const messages = await arrowMessages(window).catch(damageOnly);
  if (messages instanceof Error) {
    yield lost(
      0,
      file.size,
      `expected Arrow data that begins with a schema: ${messages.message}`,
      estimatedLoss('arrow', file.size),
    );
    return;
  }
  refuseOtherUnits(file, range, messages.units.length);
  const good = messages.units.filter((u) => u.damage === null);
  const [rowsRead, bytesRead] = [sum(good, (u) => u.rows), sum(good, (u) => u.bytes)];
  const { fields } = messages;
  const open = await batchOpener(window, messages);
  const names = fields.map((f) => f.name);
  const needed = neededColumns(names, file, context.options);
  const read = readColumns(names, file, context.options);
  let [seenRows, seenBytes] = [0, 0];
  for (const [i, unit] of messages.units.slice(range.start, range.end).entries()) {
    const { start, bytes, rows, data, damage } = unit;
    if (data === null) {
      yield lost(
        start,
        bytes,
        damage ?? '',
        rows > 0 ? toldLoss(rows) : estimatedLoss('arrow', bytes, rowsRead, bytesRead),
      );
      continue;
    }
    if (rows === 0) continue;
    const columns = await columnsOf(unit, range.start + i, fields, open, needed, read).catch(damageOnly);
    if (columns instanceof Error) {
      yield lost(start, bytes, `expected Arrow data: ${columns.message}`, toldLoss(rows));
      continue;
    }
    yield* records.rows(columns, 0, rows, { block: start, offset: 0 });
    seenRows += rows;
    seenBytes += bytes;
  }
  if (seenRows > 0) yield { seen: { unit: 'arrow', documents: seenRows, bytes: seenBytes } };
}

const sum = (units: readonly ArrowUnit[], of: (u: ArrowUnit) => number): number => units.reduce((n, u) => n + of(u), 0);

/** The columns of a batch. Throws when one that is needed cannot be read; others are null then, and say why. */
async function columnsOf(
  { data }: ArrowUnit,
  number: number,
  fields: readonly ArrowField[],
  open: OpenBatch,
  needed: ReadonlySet<string>,
  read: ReadonlySet<string>,
): Promise<ValueColumn[]> {
  const columns: ValueColumn[] = [];
  const source = open(data!, number);
  for (const field of fields) {
    if (!read.has(field.name)) {
      skipColumn(field, source);
      continue;
    }
    // A column that cannot be read leaves the places of those after it as they are.
    const at = await columnOf(field, source.fork()).catch(damageOnly);
    skipColumn(field, source);
    if (at instanceof Error && needed.has(field.name)) throw at;
    columns.push({ name: field.name, type: typeName(field), at: at instanceof Error ? unread(at) : at });
  }
  return columns;
}

const unread = (error: Error) => (): never => {
  throw error;
};
