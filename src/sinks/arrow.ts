import { MetadataVersion, RecordBatchStreamWriter, type Schema } from 'apache-arrow';
import { FileBlock, Footer } from 'apache-arrow/ipc/metadata/file';
import * as z from 'zod';
import { InputError } from '../errors.ts';
import type { OutputPlace } from './output-file.ts';
import { groupedWriter, ROW_GROUP_LIMITS, type SegmentWriter } from './segment.ts';
import type { Joiner } from './shards.ts';
import { tableToArrow } from './table.ts';

export const arrowOptions = z.strictObject({
  /** `file`: random access, `.arrow`; `stream`: `.arrows`. */
  format: z.enum(['file', 'stream']).default('file'),
  /** Columns to write, in that order; null = all. */
  columns: z.array(z.string()).min(1).nullable().default(null),
});

export type ArrowOptions = z.infer<typeof arrowOptions>;

export const arrowExtension = ({ format }: ArrowOptions): string => (format === 'file' ? 'arrow' : 'arrows');

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
          came: 'a file that does not end in ARROW1',
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
