import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Curve } from './curves.ts';

export const SCALARS_FILE = 'scalars.csv';

export interface ScalarsView {
  readonly columns: readonly string[];
  readonly rows: number;
  /** The last line, by column; null where it has no number. */
  readonly last: Readonly<Record<string, number | null>>;
  /** By column, over the first one. */
  readonly curves: ReadonlyMap<string, Curve>;
}

/**
 * Numbers of a training run, one line a step, the first column rising (`step,tokensSeen,loss,...`). Null where there is
 * no such file. A cell that is no number is a gap; a line whose step does not rise, as after a restart, replaces those
 * from there on.
 */
export async function readScalars(folder: string): Promise<ScalarsView | null> {
  const path = join(folder, SCALARS_FILE);
  if (!existsSync(path)) return null;
  let columns: string[] | null = null;
  let values: Column[] = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (columns === null) {
      columns = namesOf(line);
      values = columns.map(() => new Column());
      continue;
    }
    const cells = line.split(',');
    const step = Number(cells[0]);
    // Cut off by a kill.
    if (cells[0] === '' || !Number.isFinite(step) || cells.length !== columns.length) continue;
    while (values[0].length > 0 && values[0].last >= step) for (const v of values) v.pop();
    for (const [i, v] of values.entries()) v.push(cells[i] === '' ? Number.NaN : Number(cells[i]));
  }
  if (columns === null) return null;
  const x = values[0].array();
  const curves = new Map(columns.slice(1).map((c, i) => [c, { x, y: values[i + 1].array() }]));
  const last = columns.map((c, i) => [c, Number.isFinite(values[i].last) ? values[i].last : null] as const);
  return { columns, rows: x.length, last: Object.fromEntries(last), curves };
}

/** Of a line of names, of which one may hold a comma. */
const namesOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain).trim(),
  );

/** Numbers that are added one by one. */
class Column {
  #values = new Float64Array(1024);
  length = 0;

  get last(): number {
    return this.length === 0 ? Number.NaN : this.#values[this.length - 1];
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const more = new Float64Array(2 * this.length);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.length++] = value;
  }

  pop(): void {
    this.length--;
  }

  array(): Float64Array {
    return this.#values.slice(0, this.length);
  }
}
