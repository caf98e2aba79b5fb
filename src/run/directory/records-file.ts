import { closeSync, existsSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { RECORDS_FILE, type RunRecord, readRecords } from '../../ledger/live/records.ts';

type NewRecord = RunRecord extends infer R ? (R extends RunRecord ? Omit<R, 't'> : never) : never;

/** events.jsonl of a run in work. Lines are whole, and not flushed: a lost one costs a point of a curve. */
export class RecordsFile {
  /** Null once closed: its number may be that of another file then. */
  #file: number | null;
  #startedMs: number;
  #before: number;
  #tell: (record: RunRecord) => void;
  #error: unknown = null;

  private constructor(file: number, before: number, tell: (record: RunRecord) => void) {
    this.#file = file;
    this.#before = before;
    this.#startedMs = performance.now();
    this.#tell = tell;
  }

  /** @param tell called with every record that is appended */
  static async open(run: string, tell: (record: RunRecord) => void): Promise<RecordsFile> {
    let before = 0;
    for await (const { t } of readRecords(run)) before = Math.max(before, t);
    const path = join(run, RECORDS_FILE);
    const torn = existsSync(path) && endsTorn(path);
    const file = openSync(path, 'a');
    if (torn) writeSync(file, '\n');
    return new RecordsFile(file, before, tell);
  }

  /** Seconds of work until now. */
  get t(): number {
    return Math.round(this.#before * 1000 + performance.now() - this.#startedMs) / 1000;
  }

  /** From a timer, where an error has nobody to go to: the next `append` throws it. */
  appendLater(record: NewRecord): void {
    try {
      this.append(record);
    } catch (error) {
      this.#error ??= error;
    }
  }

  append(record: NewRecord): void {
    if (this.#file === null) return;
    if (this.#error !== null) throw this.#error;
    const whole = { ...record, t: this.t } as RunRecord;
    writeSync(this.#file, `${JSON.stringify(whole)}\n`);
    this.#tell(whole);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}

function endsTorn(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
  } finally {
    closeSync(file);
  }
}
