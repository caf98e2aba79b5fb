import type { FileWindow } from '../codecs/window.ts';

/** A record batch in the file, or the damage that ends it. */
export interface ArrowUnit {
  /** File byte of the message. */
  readonly start: number;
  /** Bytes of the message with its body; of damage: to the end of the file. */
  readonly bytes: number;
  /** Its rows; 0 of damage. */
  readonly rows: number;
  readonly damage: string | null;
}

/** What the messages of an Arrow IPC file or stream say without their bodies being read. */
export interface ArrowMessages {
  /** Its message; or the footer, to the end of the file. */
  readonly schema: { readonly start: number; readonly bytes: number; readonly footer: boolean };
  /** Dictionaries in front of the unit of the same number, or after it and before the next. */
  readonly dictionaries: readonly { readonly start: number; readonly bytes: number; readonly before: number }[];
  readonly units: readonly ArrowUnit[];
}

/** More than any schema or batch of sane width needs. */
const MAX_METADATA = 16 * 1024 * 1024;
const MAX_BODY = 2 ** 31 - 1;
const MAX_ROWS = 2 ** 24;
const MAX_FIELDS = 65_536;
const MAX_DEPTH = 64;
const MAGIC = 'ARROW1';

const SCHEMA = 1;
const DICTIONARY = 2;
const BATCH = 3;

/**
 * Walks the messages from the beginning of the file. Of the footer of the file format only the schema is asked, and
 * only where there is none in front (apache-arrow for JavaScript writes such files). Sizes are believed only where they
 * fit: into the file, the message, the body. Throws when there is no schema.
 */
export async function arrowMessages(file: FileWindow): Promise<ArrowMessages> {
  const isFile = Buffer.from(await file.peek(0, 6)).toString('latin1') === MAGIC;
  const footer = isFile ? await footerOf(file).catch(refuse) : null;
  const told = footer === null || footer instanceof Error ? null : footer;
  const end = told?.start ?? null;
  const units: ArrowUnit[] = [];
  const dictionaries: { start: number; bytes: number; before: number }[] = [];
  let schema: ArrowMessages['schema'] | null = null;
  /** Columns of the schema, and how many are encoded by a dictionary. */
  let { columns, encoded } = told ?? { columns: 0, encoded: 0 };
  let at = isFile ? 8 : 0;
  const lost = (detail: string): void => {
    units.push({ start: at, bytes: file.size - at, rows: 0, damage: detail });
  };
  while (at !== end) {
    const message = await messageAt(file, at).catch(refuse);
    if (message === null || message instanceof Error) {
      if (message !== null) lost(message.message);
      else if (isFile && at + 8 !== end) lost('expected the footer after the last message, got something else');
      else if (!isFile && at + 8 < file.size) lost('expected the end of the file after the last message, got more');
      break;
    }
    const { bytes, kind } = message;
    let wrong: string | null = null;
    if (kind === SCHEMA && schema === null) {
      schema = { start: at, bytes, footer: false };
      ({ columns, encoded } = message);
    } else if (kind === DICTIONARY && encoded > 0) dictionaries.push({ start: at, bytes, before: units.length });
    else if (kind !== BATCH) wrong = 'expected a record batch, got a schema or dictionary that nothing needs';
    else if (message.columns < columns) wrong = 'expected a batch of all columns, got fewer';
    if (kind === BATCH || wrong !== null) units.push({ start: at, bytes, rows: message.rows, damage: wrong });
    at += bytes;
  }
  if (schema === null && told) schema = { start: told.start, bytes: told.bytes, footer: true };
  if (told && units.length !== told.batches)
    lost(`expected ${told.batches} record batches, as the footer says, got ${units.length}`);
  if (schema === null || columns === 0) throw damage('a schema with columns');
  return { schema, dictionaries, units };
}

/** An error of the disk is no damage. */
function refuse(error: Error): Error {
  if ('parts' in error || 'syscall' in error) throw error;
  return error;
}

/** The footer, checked, with its size and the magic after it. */
async function footerOf(file: FileWindow) {
  const tail = Buffer.from(await file.peek(Math.max(0, file.size - 10), 10));
  const bytes = tail.length === 10 ? tail.readInt32LE(0) : 0;
  const start = file.size - 10 - bytes;
  if (tail.toString('latin1', 4) !== MAGIC || bytes < 8 || bytes > MAX_METADATA || start < 8) throw damage('a footer');
  const budget: FieldBudget = { left: MAX_FIELDS, encoded: 0 };
  let [columns, batches] = [0, 0];
  try {
    const view = viewOf(await file.copy(start, bytes));
    const footer = new FlatTable(view, view.getUint32(0, true));
    const schema = footer.table(1);
    if (schema === null) throw damage('a schema');
    columns = checkFields(schema, 1, budget, 0);
    footer.vector(2, 24);
    batches = footer.vector(3, 24).length;
  } catch (error) {
    throw error instanceof RangeError ? damage('a footer') : error;
  }
  return { start, bytes: bytes + 10, columns, encoded: budget.encoded, batches };
}

/** A copy of a checked footer that names no messages, only the schema. */
export function footerWithoutMessages(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const view = viewOf(copy);
  const footer = new FlatTable(view, view.getUint32(0, true));
  for (const list of [2, 3]) {
    const { at } = footer.vector(list, 24);
    if (at > 0) view.setUint32(at - 4, 0, true);
  }
  return copy;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

const damage = (what: string): Error => new Error(`expected ${what}, got damage`);

/** The message at `at`, checked; null at the end. */
async function messageAt(file: FileWindow, at: number): Promise<(CheckedMessage & { readonly bytes: number }) | null> {
  if (at === file.size) return null;
  const prefix = Buffer.from(await file.peek(at, 8));
  if (prefix.length < 4) throw damage('the size of a message');
  // Before format version 5 there was no marker.
  const marked = prefix.readUInt32LE(0) === 0xffffffff;
  if (marked && prefix.length < 8) throw damage('the size of a message');
  const metadata = prefix.readInt32LE(marked ? 4 : 0);
  if (metadata === 0) return null;
  const start = at + (marked ? 8 : 4);
  if (metadata < 8 || metadata > MAX_METADATA || start + metadata > file.size)
    throw new Error(`expected the metadata of a message, at most ${MAX_METADATA} bytes, got a size of ${metadata}`);
  const message = checkedMessage(Uint8Array.from(await file.peek(start, metadata)));
  const { body } = message;
  if (body > MAX_BODY || start + metadata + body > file.size)
    throw new Error(`expected the body of a message, at most ${MAX_BODY} bytes, got a size of ${body}`);
  return { ...message, bytes: start + metadata + body - at };
}

/** A table of a flatbuffer: where its fields are. Reading outside of the buffer throws a RangeError. */
class FlatTable {
  readonly view: DataView;
  readonly at: number;
  #vtable: number;
  #length: number;
  constructor(view: DataView, at: number) {
    this.view = view;
    this.at = at;
    this.#vtable = at - view.getInt32(at, true);
    this.#length = view.getUint16(this.#vtable, true);
  }
  /** Place of a field, or 0 when it has its default. */
  field(index: number): number {
    const slot = 4 + 2 * index;
    const offset = slot < this.#length ? this.view.getUint16(this.#vtable + slot, true) : 0;
    return offset === 0 ? 0 : this.at + offset;
  }
  int64(index: number): number {
    const at = this.field(index);
    return at === 0 ? 0 : Number(this.view.getBigInt64(at, true));
  }
  table(index: number): FlatTable | null {
    const at = this.field(index);
    return at === 0 ? null : new FlatTable(this.view, at + this.view.getUint32(at, true));
  }
  /** Place and length of a vector whose elements are all inside the buffer. */
  vector(index: number, elementBytes: number): { at: number; length: number } {
    const field = this.field(index);
    if (field === 0) return { at: 0, length: 0 };
    const at = field + this.view.getUint32(field, true);
    const length = this.view.getUint32(at, true);
    if (at + 4 + length * elementBytes > this.view.byteLength) throw damage('a list within its message');
    return { at: at + 4, length };
  }
}

/** A message whose lists are as long as they say. */
interface CheckedMessage {
  readonly kind: number;
  /** Bytes of the body. */
  readonly body: number;
  /** Columns of a schema; of a batch with those inside of others. */
  readonly columns: number;
  /** Columns of a schema that a dictionary encodes. */
  readonly encoded: number;
  readonly rows: number;
}

function checkedMessage(metadata: Uint8Array): CheckedMessage {
  try {
    const view = viewOf(metadata);
    const message = new FlatTable(view, view.getUint32(0, true));
    const kindAt = message.field(1);
    const kind = kindAt === 0 ? 0 : view.getUint8(kindAt);
    const body = message.int64(3);
    const header = message.table(2);
    message.vector(4, 4);
    if (header === null || body < 0 || kind < SCHEMA || kind > BATCH) throw damage('a schema, dictionary or batch');
    const budget: FieldBudget = { left: MAX_FIELDS, encoded: 0 };
    if (kind === SCHEMA)
      return { kind, body, columns: checkFields(header, 1, budget, 0), encoded: budget.encoded, rows: 0 };
    const data = kind === BATCH ? header : header.table(1);
    if (data === null) throw damage('the data of a dictionary');
    return { kind, body, columns: checkBatch(data, body), encoded: 0, rows: data.int64(0) };
  } catch (error) {
    throw error instanceof RangeError ? damage('a message of Arrow') : error;
  }
}

/** Fields that a schema may still have, and those so far that are encoded by a dictionary. */
interface FieldBudget {
  left: number;
  encoded: number;
}

function checkFields(table: FlatTable, index: number, budget: FieldBudget, depth: number): number {
  const { at, length } = table.vector(index, 4);
  budget.left -= length;
  if (budget.left < 0 || depth > MAX_DEPTH) throw damage(`at most ${MAX_FIELDS} fields, ${MAX_DEPTH} deep`);
  for (let i = 0; i < length; i++) {
    const place = at + 4 * i;
    const field = new FlatTable(table.view, place + table.view.getUint32(place, true));
    field.vector(0, 1);
    field.vector(6, 4);
    if (field.field(4) !== 0) budget.encoded++;
    checkFields(field, 5, budget, depth + 1);
  }
  table.vector(depth === 0 ? 2 : 6, 4);
  return length;
}

function checkBatch(batch: FlatTable, body: number): number {
  const rows = batch.int64(0);
  if (rows < 0 || rows > MAX_ROWS) throw new Error(`expected a batch of at most ${MAX_ROWS} rows, got ${rows}`);
  const nodes = batch.vector(1, 16);
  for (let i = 0; i < nodes.length; i++) {
    const length = Number(batch.view.getBigInt64(nodes.at + 16 * i, true));
    if (length < 0 || length > MAX_BODY || (i === 0 && length !== rows)) throw damage('columns as long as their batch');
  }
  const buffers = batch.vector(2, 16);
  for (let i = 0; i < buffers.length; i++) {
    const offset = Number(batch.view.getBigInt64(buffers.at + 16 * i, true));
    const length = Number(batch.view.getBigInt64(buffers.at + 16 * i + 8, true));
    if (offset < 0 || length < 0 || offset + length > body) throw damage('buffers within the body of their message');
  }
  return nodes.length;
}
