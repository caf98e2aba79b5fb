import { DocumentBatch } from '../batch/batch.ts';
import { type Column, concatColumns, takeRows } from '../batch/columns.ts';
import type { Send } from './barrier.ts';
import { encodeFrame } from './spill.ts';
import { numbersAt, readSpill, SpillWriter } from './spill-file.ts';

/** What one task of a round has sent: a file of frames, and an index of those of each part. */
export interface SentFile {
  readonly path: string;
  readonly index: string;
}

/** Columns of rows that wait for their frame. */
interface Waiting {
  readonly columns: ReadonlyMap<string, Column>;
  readonly rows: number;
}

/**
 * Writes what a task sends. The index: as many numbers as there are parts and one more, which say where the entries of
 * a part begin, then the entries, first byte and length of a frame each.
 * @param limitBytes of rows that wait to be written together
 */
export class SentWriter {
  #file: SpillWriter;
  #indexPath: string;
  #waiting: Waiting[][];
  #frames: number[][];
  #held = 0;
  #at = 0;
  #limit: number;

  private constructor(file: SpillWriter, indexPath: string, parts: number, limitBytes: number) {
    this.#file = file;
    this.#indexPath = indexPath;
    this.#limit = limitBytes;
    this.#waiting = Array.from({ length: parts }, () => []);
    this.#frames = Array.from({ length: parts }, () => []);
  }

  static async open({ path, index }: SentFile, parts: number, limitBytes: number): Promise<SentWriter> {
    return new SentWriter(await SpillWriter.open(path), index, parts, limitBytes);
  }

  readonly send: Send = async (columns, to) => {
    const parts = this.#waiting.length;
    const sizes = new Int32Array(parts);
    for (let i = 0; i < to.length; i++) sizes[to[i] % parts]++;
    const rows = Array.from(sizes, (n) => new Int32Array(n));
    sizes.fill(0);
    for (let i = 0; i < to.length; i++) rows[to[i] % parts][sizes[to[i] % parts]++] = i;
    for (const [part, own] of rows.entries()) {
      if (own.length === 0) continue;
      const taken = new Map([...columns].map(([name, c]) => [name, takeRows(c, own)]));
      this.#waiting[part].push({ columns: taken, rows: own.length });
      for (const c of taken.values()) this.#held += c.values.byteLength + ('offsets' in c ? c.offsets.byteLength : 0);
    }
    if (this.#held >= this.#limit) await this.#flush();
  };

  async finish(): Promise<{ readonly bytes: number; readonly indexBytes: number }> {
    await this.#flush();
    const bytes = await this.#file.finish();
    const numbers: number[] = [];
    for (const frames of [[], ...this.#frames]) numbers.push((numbers.at(-1) ?? 0) + frames.length / 2);
    for (const frames of this.#frames) for (const n of frames) numbers.push(n);
    const index = await SpillWriter.open(this.#indexPath);
    await index.writeFrame([new Uint8Array(Float64Array.from(numbers).buffer)]);
    return { bytes, indexBytes: await index.finish() };
  }

  abort(): Promise<void> {
    return this.#file.abort();
  }

  async #flush(): Promise<void> {
    for (const [part, waiting] of this.#waiting.entries()) {
      if (waiting.length === 0) continue;
      const sizes = waiting.map((w) => w.rows);
      const columns = new Map(
        [...waiting[0].columns.keys()].map((name) => [
          name,
          concatColumns(
            waiting.map((w) => w.columns.get(name)!),
            sizes,
          ),
        ]),
      );
      const rows = sizes.reduce((n, r) => n + r, 0);
      const frame = encodeFrame(new DocumentBatch({ rows, split: 0, sequence: 0, columns }));
      const bytes = frame.reduce((n, piece) => n + piece.length, 0);
      await this.#file.writeFrame(frame);
      this.#frames[part].push(this.#at, bytes);
      this.#at += bytes;
      this.#waiting[part] = [];
    }
    this.#held = 0;
  }
}

/** Where the frames of one of so many parts lie in a file of what was sent. */
export async function framesFor(index: string, part: number, parts: number): Promise<{ start: number; end: number }[]> {
  const [first, end] = await numbersAt(index, part, 2);
  const frames = await numbersAt(index, parts + 1 + 2 * first, 2 * (end - first));
  return Array.from({ length: end - first }, (_, k) => {
    return { start: frames[2 * k], end: frames[2 * k] + frames[2 * k + 1] };
  });
}

/** The rows that tasks have sent to one of so many parts, in the order of the files. */
export async function* readSent(
  files: readonly SentFile[],
  part: number,
  parts: number,
): AsyncGenerator<DocumentBatch> {
  for (const { path, index } of files)
    for (const { start, end } of await framesFor(index, part, parts)) yield* readSpill(path, start, end);
}
