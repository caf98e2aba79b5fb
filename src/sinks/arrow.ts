import {
  type Data,
  type DataType,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  MetadataVersion,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Uint32,
  Utf8,
} from 'apache-arrow';
import { FileBlock, Footer } from 'apache-arrow/ipc/metadata/file';
import { InputError } from '../errors.ts';
import { type Column, isValid, type NumberColumn } from '../streams/batch/columns.ts';
import type { ArrowOptions } from './options.ts';
import type { OutputPlace } from './output-file.ts';
import { groupedWriter, ROW_GROUP_LIMITS, type SegmentWriter } from './segment.ts';
import type { Joiner } from './shards.ts';
import type { StructColumn, TableBatch, TableColumn } from './table.ts';

const MAGIC = Buffer.from('ARROW1', 'latin1');
const HEAD = Buffer.from('ARROW1\0\0', 'latin1');
const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

interface Block {
  readonly offset: number;
  readonly metaDataLength: number;
  readonly bodyLength: number;
}

/** The end of a file: marker, and for the file format the footer with the place of every record batch. */
function tailOf(format: ArrowOptions['format'], schema: Schema, blocks: readonly Block[]): Uint8Array[] {
  if (format === 'stream') return [END_OF_STREAM];
  const places = blocks.map((b) => new FileBlock(b.metaDataLength, b.bodyLength, b.offset));
  const footer = Footer.encode(new Footer(schema, MetadataVersion.V5, places, []));
  const length = Buffer.alloc(4);
  length.writeInt32LE(footer.length);
  return [END_OF_STREAM, footer, length, MAGIC];
}

/** Bytes of the metadata of an encapsulated message, prefix included. */
const metadataBytes = (bytes: Uint8Array, at: number): number =>
  8 + new DataView(bytes.buffer, bytes.byteOffset + at).getInt32(4, true);

/** Writes Arrow IPC, one record batch a row group, uncompressed. Bytes are promised for one version of apache-arrow. */
export function arrowWriter(place: OutputPlace, { format, columns }: ArrowOptions): SegmentWriter {
  const blocks: Block[] = [];
  let schema: Schema | null = null;
  const group = (table: Parameters<typeof tableToArrow>[0], at: number): Uint8Array[] => {
    const batch = tableToArrow(table);
    const stream = RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true);
    const schemaEnd = metadataBytes(stream, 0);
    const message = stream.subarray(schemaEnd, stream.length - END_OF_STREAM.length);
    const before = schema === null ? [...(format === 'file' ? [HEAD] : []), stream.subarray(0, schemaEnd)] : [];
    schema ??= batch.schema;
    const metaDataLength = metadataBytes(message, 0);
    blocks.push({
      offset: at + before.reduce((n, b) => n + b.length, 0),
      metaDataLength,
      bodyLength: message.length - metaDataLength,
    });
    return [...before, message];
  };
  return groupedWriter(place, { limits: ROW_GROUP_LIMITS, group, end: () => tailOf(format, schema!, blocks) }, columns);
}

/** Joins Arrow files of one schema by copying their record batches. */
export function arrowJoiner({ format }: ArrowOptions): Joiner {
  const blocks: Block[] = [];
  let schema: Schema | null = null;
  return {
    async input(file, at) {
      const head = format === 'file' ? HEAD.length : 0;
      const prefix = await file.bytes(head, head + 8);
      const start = head + metadataBytes(prefix, 0);
      const before = at === 0 ? [await file.bytes(0, start)] : [];
      if (format === 'stream') return { before, start, end: file.size - END_OF_STREAM.length };
      const tail = Buffer.from(await file.bytes(file.size - 10, file.size));
      if (!tail.subarray(4).equals(MAGIC))
        throw new InputError({
          expected: 'an Arrow file',
          got: 'a file that does not end in ARROW1',
          where: file.path,
        });
      const footer = Footer.decode(await file.bytes(file.size - 10 - tail.readInt32LE(0), file.size - 10));
      schema ??= footer.schema;
      const delta = at + before.reduce((n, b) => n + b.length, 0) - start;
      let end = start;
      for (const b of footer.recordBatches()) {
        blocks.push({ offset: b.offset + delta, metaDataLength: b.metaDataLength, bodyLength: b.bodyLength });
        end = b.offset + b.metaDataLength + b.bodyLength;
      }
      return { before, start, end };
    },
    tail: () => tailOf(format, schema!, blocks),
  };
}

/** Zero-copy Arrow record batch; every field is nullable, list items are called `element` as Parquet asks. */
function tableToArrow(batch: TableBatch): RecordBatch {
  const children = [...batch.columns.values()].map((c) => arrowData(c, batch.rows));
  const fields = [...batch.columns.keys()].map((name, i) => new Field(name, children[i].type, true));
  const data = makeData({ type: new Struct(fields), length: batch.rows, nullCount: 0, children });
  return new RecordBatch(new Schema(fields), data);
}

function arrowData(c: TableColumn | StructColumn, length: number): Data<DataType> {
  if (c.type === 'struct') {
    const children = [...c.fields.values()].map((f) => arrowData(f, length));
    const fields = [...c.fields.keys()].map((name, i) => new Field(name, children[i].type, true));
    return makeData({ type: new Struct(fields), length, nullCount: 0, children });
  }
  const nulls = { length, nullCount: nullCount(c, length), nullBitmap: c.valid ?? undefined };
  if (c.type === 'utf8') return makeData({ type: new Utf8(), ...nulls, valueOffsets: c.offsets, data: c.values });
  if (c.type !== 'list')
    return makeData({ type: numberType(c), ...nulls, data: c.values as Float64Array }) as Data<DataType>;
  const child = arrowData(c.child, c.offsets[length]);
  return makeData({ type: new List(new Field('element', child.type, true)), ...nulls, valueOffsets: c.offsets, child });
}

function numberType(c: NumberColumn): Float64 {
  // The four classes differ in their type parameters only; `makeData` reads the values as the class says.
  const types = { int32: Int32, uint32: Uint32, int64: Int64, float64: Float64 };
  return new types[c.type]() as unknown as Float64;
}

function nullCount(c: TableColumn, rows: number): number {
  let count = 0;
  if (c.valid) for (let i = 0; i < rows; i++) if (!isValid(c as Column, i)) count++;
  return count;
}
