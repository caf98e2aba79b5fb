import { type Builder, builderOf } from './column-builders.ts';
import { assertSchema, schemaText, type TableBatch, type TableColumn } from './table.ts';

/** Collects rows of many batches into contiguous columns whose buffers are used again for the next group. */
export class RowGroup {
  rows = 0;
  readonly #path: string;
  readonly #keepBytes: number;
  #schema: string | null = null;
  #columns: { name: string; builder: Builder }[] = [];

  /**
   * @param path for errors
   * @param keepBytes buffers that a rare large row made larger than this are let go after the group
   */
  constructor(path: string, keepBytes: number) {
    this.#path = path;
    this.#keepBytes = keepBytes;
  }

  append(batch: TableBatch, from: number, to: number): void {
    if (this.#schema === null) {
      this.#schema = schemaText(batch.columns);
      this.#columns = [...batch.columns].map(([name, c]) => ({ name, builder: builderOf(c) }));
    } else {
      assertSchema(this.#schema, batch, this.#path);
    }
    for (const { name, builder } of this.#columns) builder.append(batch.columns.get(name)!, from, to);
    this.rows += to - from;
  }

  /** Views of the rows collected; valid until the next `append` or `clear`. */
  table(): TableBatch {
    const columns = this.#columns.map(({ name, builder }): [string, TableColumn] => [
      name,
      builder.column() as TableColumn,
    ]);
    return { columns: new Map(columns), rows: this.rows };
  }

  clear(): void {
    this.rows = 0;
    for (const { builder } of this.#columns) builder.clear(this.#keepBytes);
  }

  /** The end: large buffers go to the next writer of this thread. */
  release(): void {
    for (const { builder } of this.#columns) builder.release();
    this.#columns = [];
  }

  /** Bytes of all buffers held. */
  get byteLength(): number {
    return this.#columns.reduce((n, c) => n + c.builder.byteLength(), 0);
  }
}
