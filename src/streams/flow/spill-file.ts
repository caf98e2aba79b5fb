import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { InputError } from '../../errors.ts';
import type { DocumentBatch } from '../batch/batch.ts';
import { decodeFrame, decodeHead, encodeFrame, headLength, rowSpans } from './spill.ts';

/** Writes frames one after the other; the caller renames and commits. */
export class SpillWriter {
  readonly path: string;
  #handle: FileHandle;
  #position = 0;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  static async open(path: string): Promise<SpillWriter> {
    return new SpillWriter(path, await open(path, 'w'));
  }

  /** Returns where each row's `text` lies in the file. */
  async write(batch: DocumentBatch): Promise<{ start: Float64Array; bytes: Int32Array }> {
    const frame = encodeFrame(batch);
    const spans = rowSpans(batch, 'text', frame);
    for (let i = 0; i < spans.start.length; i++) spans.start[i] += this.#position;
    await this.writeFrame(frame);
    return spans;
  }

  async writeFrame(frame: readonly Uint8Array[]): Promise<void> {
    const bytes = frame.reduce((sum, part) => sum + part.length, 0);
    const { bytesWritten } = await this.#handle.writev(frame);
    // A full disk takes a part and says no only at the next write.
    if (bytesWritten < bytes) await this.#handle.writeFile(Buffer.concat(frame).subarray(bytesWritten));
    this.#position += bytes;
  }

  async finish(): Promise<number> {
    await this.#handle.sync();
    await this.#handle.close();
    return this.#position;
  }

  async abort(): Promise<void> {
    await this.#handle.close();
  }
}

async function readExactly(handle: FileHandle, bytes: number, position: number, where: string): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytes);
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await handle.read(buffer, done, bytes - done, position + done);
    if (bytesRead === 0) {
      throw new InputError({
        expected: `${bytes} bytes at ${position}`,
        got: 'end of file',
        where,
        fix: 'Start again with --fresh.',
      });
    }
    done += bytesRead;
  }
  return buffer;
}

/**
 * The batches of a spill file, in order, each in a buffer of its own.
 * @param from byte at which the first begins @param to byte at which the last has ended; default: the end of the file
 */
export async function* readSpill(path: string, from = 0, to = Number.POSITIVE_INFINITY): AsyncGenerator<DocumentBatch> {
  const handle = await open(path, 'r');
  try {
    const size = Math.min(to, (await handle.stat()).size);
    for (let at = from; at < size; ) {
      const length = headLength(await readExactly(handle, 8, at, path));
      const head = decodeHead(await readExactly(handle, length, at, path), path);
      const body = await readExactly(handle, head.header.body, at + length, path);
      yield decodeFrame(head, body);
      at += length + head.header.body;
    }
  } finally {
    await handle.close();
  }
}

/** One text by the span that `write` returned. */
export async function readSpan(handle: FileHandle, start: number, bytes: number, where: string): Promise<Uint8Array> {
  return readExactly(handle, bytes, start, where);
}

/** Bytes of a number in an index. */
export const NUMBER = 8;

/** Some numbers of an index, which is nothing but numbers. */
export async function numbersAt(path: string, first: number, count: number): Promise<Float64Array> {
  if (count === 0) return new Float64Array(0);
  const handle = await open(path, 'r');
  try {
    const bytes = await readExactly(handle, count * NUMBER, first * NUMBER, path);
    return new Float64Array(bytes.buffer as ArrayBuffer);
  } finally {
    await handle.close();
  }
}
