import { rootTable } from '../../streams/formats/arrow/flat.ts';

const SCHEMA = 1;
const DICTIONARY = 2;
const BATCH = 3;
const MARK = 0xffffffff;
const MAX_METADATA = 4 * 1024 * 1024;

/** What a process wrote that is no answer. */
export class NoAnswer extends Error {}

/** The messages of one record batch, with all that is needed to read it: one whole stream of Arrow. */
export type AnswerBytes = readonly Uint8Array[];

/** Takes the bytes that a process writes, and gives its answers one by one. */
export interface AnswerReader {
  /**
   * @returns the answer that these bytes complete; null while there is none
   * Errors: NoAnswer for bytes that are no Arrow stream, that end it, or that are more than allowed.
   */
  push(chunk: Uint8Array): AnswerBytes | null;
  /** Bytes behind the last answer. */
  readonly behind: number;
  /** Most bytes of one message from now on: what a process says of its sizes is not believed. */
  limit: number;
}

export function answerReader(limit: number): AnswerReader {
  let maxBody = limit;
  let chunks: Uint8Array[] = [];
  let held = 0;
  let schema: Uint8Array | null = null;
  let dictionaries: Uint8Array[] = [];
  let isNew = false;
  /** The first so many bytes as one buffer; joins chunks only when a message is there as a whole. */
  const peek = (bytes: number): Uint8Array => {
    if (chunks[0].length < bytes) chunks = [Buffer.concat(chunks)];
    return chunks[0].subarray(0, bytes);
  };
  const take = (bytes: number): Uint8Array => {
    const taken = peek(bytes);
    chunks = [chunks[0].subarray(bytes), ...chunks.slice(1)].filter((c) => c.length > 0);
    held -= bytes;
    return taken;
  };
  const nextMessage = (): { readonly kind: number; readonly bytes: Uint8Array } | null => {
    if (held < 8) {
      if (held >= 4) refuseOther(peek(held));
      return null;
    }
    const prefix = peek(8);
    refuseOther(prefix);
    const metadata = Buffer.from(prefix.buffer, prefix.byteOffset, 8).readInt32LE(4);
    if (metadata === 0) throw new NoAnswer('the end of its answers, while a request was waiting');
    if (metadata < 8 || metadata > MAX_METADATA) throw new NoAnswer(`a message with ${metadata} bytes of metadata`);
    if (held < 8 + metadata) return null;
    const { kind, body } = headOf(peek(8 + metadata).subarray(8));
    if (body < 0 || body > maxBody) throw new NoAnswer(`a message of ${body} bytes (at most ${maxBody})`);
    if (held < 8 + metadata + body) return null;
    return { kind, bytes: take(8 + metadata + body) };
  };
  return {
    push(chunk) {
      chunks.push(chunk);
      held += chunk.length;
      for (;;) {
        const message = nextMessage();
        if (message === null) return null;
        const { kind, bytes } = message;
        if (kind === SCHEMA && schema === null) schema = bytes;
        else if (schema === null || kind === SCHEMA) throw new NoAnswer('messages of Arrow without one schema first');
        else if (kind === DICTIONARY) {
          // A new dictionary takes the place of the one before it.
          dictionaries = isNew ? [...dictionaries, bytes] : [bytes];
          isNew = true;
          if (dictionaries.reduce((n, d) => n + d.length, 0) > maxBody)
            throw new NoAnswer(`dictionaries of more than ${maxBody} bytes`);
        } else if (kind === BATCH) {
          isNew = false;
          return [schema, ...dictionaries, bytes];
        }
      }
    },
    get behind() {
      return held;
    },
    get limit() {
      return maxBody;
    },
    set limit(bytes) {
      maxBody = bytes;
    },
  };
}

function headOf(metadata: Uint8Array): { readonly kind: number; readonly body: number } {
  try {
    const message = rootTable(Uint8Array.from(metadata));
    const kind = message.uint8(1);
    if (kind < SCHEMA || kind > BATCH) throw new NoAnswer(`an Arrow message of kind ${kind}`);
    return { kind, body: message.int64(3) };
  } catch (error) {
    if (error instanceof RangeError) throw new NoAnswer('a damaged message of Arrow');
    throw error;
  }
}

function refuseOther(head: Uint8Array): void {
  if (Buffer.from(head.buffer, head.byteOffset, 4).readUInt32LE(0) === MARK) return;
  const shown = JSON.stringify(Buffer.from(head).toString('latin1'));
  throw new NoAnswer(`other bytes on standard output, which begin with ${shown}: print to standard error instead`);
}
