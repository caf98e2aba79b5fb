import type { FileWindow } from '../../codecs/window.ts';
import { damageOnly } from '../format.ts';
import { checked, damage, type FlatTable, rootTable } from './flat.ts';
import { type ArrowField, fieldsOfSchema } from './schema.ts';

/** Places of values in the body of a message, as its metadata tells; they are inside of the body. */
export interface ArrowData {
  readonly rows: number;
  /** Values of each column, those inside of others after the outer one. */
  readonly lengths: readonly number[];
  readonly nulls: readonly number[];
  /** File byte and length of each buffer. */
  readonly buffers: readonly { readonly start: number; readonly bytes: number }[];
  /** Further buffers of each column of views. */
  readonly variadic: readonly number[];
  readonly compression: 'none' | 'lz4' | 'zstd' | 'unknown';
}

/** A record batch in the file, or the damage that ends it. */
export interface ArrowUnit {
  /** File byte of the message. */
  readonly start: number;
  /** Bytes of the message with its body; of damage: to the end of the file. */
  readonly bytes: number;
  /** Its rows; of damage: as its header tells, else 0. */
  readonly rows: number;
  readonly data: ArrowData | null;
  readonly damage: string | null;
}

export interface ArrowDictionary {
  readonly id: number;
  readonly data: ArrowData;
  /** Adds to the dictionary of this id; else it takes its place. */
  readonly delta: boolean;
  /** In front of the unit of this number. */
  readonly before: number;
}

/** What the messages of an Arrow IPC file or stream say without their bodies being read. */
export interface ArrowMessages {
  readonly fields: readonly ArrowField[];
  /** Format version; before 4 (V5) unions have a list of what is null. */
  readonly version: number;
  readonly dictionaries: readonly ArrowDictionary[];
  readonly units: readonly ArrowUnit[];
}

/** More than any schema or batch of sane width needs. */
const MAX_METADATA = 16 * 1024 * 1024;
const MAX_BODY = 2 ** 31 - 1;
const MAX_ROWS = 2 ** 24;
const MAGIC = 'ARROW1';

const SCHEMA = 1;
const DICTIONARY = 2;
const BATCH = 3;

/**
 * A file by its footer, which names the schema and the place of every batch; a stream, and a file whose footer is
 * damaged, message by message from its beginning. Sizes are believed only where they fit: into the file, the message,
 * the body. Throws when there is no schema.
 */
export async function arrowMessages(file: FileWindow): Promise<ArrowMessages> {
  const isFile = Buffer.from(await file.peek(0, 6)).toString('latin1') === MAGIC;
  const footer = isFile ? await footerOf(file).catch(damageOnly) : null;
  if (footer === null || footer instanceof Error) return walked(file, isFile ? 8 : 0, isFile);
  const units: ArrowUnit[] = [];
  const dictionaries: ArrowDictionary[] = [];
  for (const block of footer.dictionaries) {
    const message = await messageAt(file, block.start, block).catch(damageOnly);
    if (message instanceof Error || message?.kind !== DICTIONARY) continue;
    dictionaries.push({ ...message.dictionary!, data: message.data!, before: 0 });
  }
  for (const block of footer.batches) {
    const message = await messageAt(file, block.start, block).catch(damageOnly);
    const bytes = block.metadata + block.body;
    const lost = (detail: string, rows = 0): void =>
      void units.push({ start: block.start, bytes, rows, data: null, damage: detail });
    if (message instanceof Error) lost(message.message, rowsOf(message));
    else if (message?.kind !== BATCH) lost('expected a record batch where the footer has one, got something else');
    else units.push({ start: block.start, bytes, rows: message.data!.rows, data: message.data!, damage: null });
  }
  return { fields: footer.fields, version: footer.version, dictionaries, units };
}

/** Every message from `at` on, until there is none, or damage. */
async function walked(file: FileWindow, from: number, isFile: boolean): Promise<ArrowMessages> {
  const units: ArrowUnit[] = [];
  const dictionaries: ArrowDictionary[] = [];
  let schema: { readonly fields: readonly ArrowField[]; readonly version: number } | null = null;
  let schemaBytes = 0;
  let at = from;
  const lost = (detail: string, rows = 0): void =>
    void units.push({ start: at, bytes: file.size - at, rows, data: null, damage: detail });
  for (;;) {
    const message = await messageAt(file, at).catch(damageOnly);
    if (message === null || message instanceof Error) {
      if (message !== null) lost(message.message, rowsOf(message));
      else if (isFile) {
        if (!(await isEnd(file, at, schemaBytes, units.length + dictionaries.length)))
          lost('expected the footer after the last message, got something else');
      } else if (at + 8 < file.size) lost('expected the end of the file after the last message, got more');
      break;
    }
    const { bytes, kind, data } = message;
    if (kind === SCHEMA && schema === null) {
      schema = { fields: message.fields!, version: message.version };
      schemaBytes = bytes;
    } else if (kind === DICTIONARY) dictionaries.push({ ...message.dictionary!, data: data!, before: units.length });
    else {
      const wrong = kind === BATCH ? null : 'expected a record batch, got a schema that nothing needs';
      units.push({ start: at, bytes, rows: data?.rows ?? 0, data: wrong ? null : data, damage: wrong });
    }
    at += bytes;
  }
  if (schema === null || schema.fields.length === 0) throw damage('a schema with columns');
  return { ...schema, dictionaries, units };
}

/**
 * Do all messages end at `at`, with nothing after them but a footer, whole or cut? It repeats the schema, and has 24
 * bytes for each of its messages.
 */
async function isEnd(file: FileWindow, at: number, schemaBytes: number, messages: number): Promise<boolean> {
  const mark = Buffer.from(await file.peek(at, 8)).toString('hex');
  return mark === 'ffffffff00000000' && file.size - at - 8 <= 2 * schemaBytes + 24 * messages + 1024;
}

interface Block {
  readonly start: number;
  readonly metadata: number;
  readonly body: number;
}

/** The footer of the file format, checked. */
async function footerOf(file: FileWindow) {
  const tail = Buffer.from(await file.peek(Math.max(0, file.size - 10), 10));
  const bytes = tail.length === 10 ? tail.readInt32LE(0) : 0;
  const start = file.size - 10 - bytes;
  if (tail.toString('latin1', 4) !== MAGIC || bytes < 8 || bytes > MAX_METADATA || start < 8) throw damage('a footer');
  const copy = await file.copy(start, bytes);
  return checked('a footer', () => {
    const footer = rootTable(copy);
    const schema = footer.table(1);
    if (schema === null) throw damage('a schema');
    const fields = fieldsOfSchema(schema);
    if (fields.length === 0) throw damage('a schema with columns');
    const blocks = (index: number): Block[] => {
      const { at, length } = footer.vector(index, 24);
      return Array.from({ length }, (_, i) => {
        const place = at + 24 * i;
        const block = {
          start: Number(footer.view.getBigInt64(place, true)),
          metadata: footer.view.getInt32(place + 8, true),
          body: Number(footer.view.getBigInt64(place + 16, true)),
        };
        const { metadata, body } = block;
        if (
          block.start < 0 ||
          metadata < 8 ||
          metadata > MAX_METADATA ||
          body < 0 ||
          block.start + metadata + body > start
        )
          throw damage('messages in front of the footer');
        return block;
      });
    };
    return { fields, version: footer.int16(0), dictionaries: blocks(2), batches: blocks(3) };
  });
}

/** The metadata of a message without all of its body. */
class CutMessage extends Error {
  /** Rows of the batch, as its metadata tells; else 0. */
  readonly rows: number;
  constructor(bodyBytes: number, rows: number) {
    super(`expected the body of a message, at most ${MAX_BODY} bytes, got a size of ${bodyBytes}`);
    this.rows = rows;
  }
}

const rowsOf = (error: Error): number => (error instanceof CutMessage ? error.rows : 0);

/** A message whose lists are as long as they say. */
interface Message {
  readonly kind: number;
  readonly version: number;
  /** Of the message with its body. */
  readonly bytes: number;
  readonly fields?: readonly ArrowField[];
  readonly data: ArrowData | null;
  readonly dictionary?: { readonly id: number; readonly delta: boolean };
}

/** The message at `at`, checked; null at the end. @param told its place by the footer */
async function messageAt(file: FileWindow, at: number, told?: Block): Promise<Message | null> {
  if (at === file.size) return null;
  const prefix = Buffer.from(await file.peek(at, 8));
  if (prefix.length < 4) throw damage('the size of a message');
  // Before format version 5 there was no marker.
  const marked = prefix.readUInt32LE(0) === 0xffffffff;
  if (marked && prefix.length < 8) throw damage('the size of a message');
  let size = prefix.readInt32LE(marked ? 4 : 0);
  let start = at + (marked ? 8 : 4);
  // polars 2 writes files without a size in front of their messages: the footer has it.
  if (told && !marked && (size < 8 || size > told.metadata - 4)) [size, start] = [told.metadata, at];
  if (size === 0) return null;
  if (size < 8 || size > MAX_METADATA || start + size > file.size)
    throw new Error(`expected the metadata of a message, at most ${MAX_METADATA} bytes, got a size of ${size}`);
  const metadata = Uint8Array.from(await file.peek(start, size));
  const body = told ? at + told.metadata : start + size;
  return checked('a message of Arrow', () => {
    const message = rootTable(metadata);
    const kind = message.uint8(1);
    const version = message.int16(0);
    const bodyBytes = message.int64(3);
    const header = message.table(2);
    if (header === null || bodyBytes < 0 || kind < SCHEMA || kind > BATCH)
      throw damage('a schema, dictionary or batch');
    if (bodyBytes > MAX_BODY || body + bodyBytes > file.size) {
      const rows = kind === BATCH && bodyBytes <= MAX_BODY ? header.int64(0) : 0;
      throw new CutMessage(bodyBytes, rows > 0 && rows <= MAX_ROWS ? rows : 0);
    }
    const bytes = body + bodyBytes - at;
    if (kind === SCHEMA) return { kind, version, bytes, fields: fieldsOfSchema(header), data: null };
    const data = kind === BATCH ? header : header.table(1);
    if (data === null) throw damage('the data of a dictionary');
    const read = dataOf(data, body, bodyBytes);
    if (kind === BATCH) return { kind, version, bytes, data: read };
    return { kind, version, bytes, data: read, dictionary: { id: header.int64(0), delta: header.uint8(2) !== 0 } };
  });
}

function dataOf(batch: FlatTable, body: number, bodyBytes: number): ArrowData {
  const rows = batch.int64(0);
  if (rows < 0 || rows > MAX_ROWS) throw new Error(`expected a batch of at most ${MAX_ROWS} rows, got ${rows}`);
  const { view } = batch;
  const nodes = batch.vector(1, 16);
  const lengths: number[] = [];
  const nulls: number[] = [];
  for (let i = 0; i < nodes.length; i++) {
    lengths.push(Number(view.getBigInt64(nodes.at + 16 * i, true)));
    nulls.push(Number(view.getBigInt64(nodes.at + 16 * i + 8, true)));
    if (lengths[i] < 0 || lengths[i] > MAX_BODY || (i === 0 && lengths[i] !== rows))
      throw damage('columns as long as their batch');
  }
  const places = batch.vector(2, 16);
  const buffers = Array.from({ length: places.length }, (_, i) => {
    const offset = Number(view.getBigInt64(places.at + 16 * i, true));
    const bytes = Number(view.getBigInt64(places.at + 16 * i + 8, true));
    if (offset < 0 || bytes < 0 || offset + bytes > bodyBytes) throw damage('buffers within the body of their message');
    return { start: body + offset, bytes };
  });
  const counts = batch.vector(4, 8);
  const variadic = Array.from({ length: counts.length }, (_, i) => Number(view.getBigInt64(counts.at + 8 * i, true)));
  const packed = batch.table(3);
  const codec = packed === null ? 'none' : (['lz4', 'zstd'] as const)[packed.uint8(0)];
  return { rows, lengths, nulls, buffers, variadic, compression: codec ?? 'unknown' };
}
