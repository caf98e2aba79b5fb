import { type RawValues, skipped } from './cursor.ts';
import type { Page, PageReader } from './pages.ts';
import type { Leaf } from './schema.ts';

/** Levels and values of some rows of a leaf column. */
export interface LeafRows {
  /** Repetition and definition level of every place; null where all are 0, or all values there. */
  readonly repeated: Uint8Array | null;
  readonly defined: Uint8Array | null;
  /** Values of the places that are not null. */
  readonly values: RawValues;
  /** For each row its first place and its first value; one more for the end. */
  readonly places: Int32Array;
  readonly starts: Int32Array;
}

/** Places that are decoded at once. */
const STEP = 8192;

/** Reads a leaf column in runs of rows; holds one page, of which it decodes what is asked for. */
export class LeafReader {
  readonly leaf: Leaf;
  readonly #pages: PageReader;
  #page: Page | null = null;
  /** Where the page at hand starts, and places of it that were taken. */
  #pageAt = 0;
  #taken = 0;
  /** Places that were decoded and not taken: of a list that goes on in the next row's step. */
  #repeated: Int32Array = new Int32Array(0);
  #defined: Int32Array | null = null;
  #pending = 0;

  constructor(leaf: Leaf, pages: PageReader) {
    this.leaf = leaf;
    this.#pages = pages;
  }

  /** Bytes of the page at hand. */
  get held(): number {
    return this.#page?.bytes ?? 0;
  }

  /** Lets go of the page at hand; it is read again when more of it is asked for. */
  release(): void {
    if (this.#page === null || this.leaf.maxRepeated > 0) return;
    this.#page = null;
    this.#pages.seek(this.#pageAt);
  }

  async #open(): Promise<boolean> {
    while (this.#page === null || this.#page.left === 0) {
      const again = this.#page === null ? this.#taken : 0;
      this.#pageAt = this.#pages.place;
      this.#page = await this.#pages.next();
      this.#taken = 0;
      if (this.#page === null) return false;
      if (again > 0) {
        const defined = this.#page.defined?.take(again) ?? null;
        skipped(this.#page.values, defined ? count(defined, this.leaf.maxDefined) : again);
        this.#page.left -= again;
        this.#taken = again;
      }
    }
    return true;
  }

  /** The next `rows` rows. Throws when there are fewer, and on damage. */
  async take(rows: number): Promise<LeafRows> {
    return this.leaf.maxRepeated === 0 ? this.#flat(rows) : this.#nested(rows);
  }

  /** Passes over the next `rows` rows. Throws when there are fewer, and on damage. */
  async skip(rows: number): Promise<void> {
    const { maxDefined, maxRepeated } = this.leaf;
    if (maxRepeated > 0) {
      if (rows > 0) await this.#nested(rows);
      return;
    }
    for (let done = 0; done < rows; ) {
      if (!(await this.#open())) throw new Error(`expected ${rows} values, got ${done}`);
      const page = this.#page!;
      const n = Math.min(page.left, rows - done);
      const levels = page.defined?.take(n) ?? null;
      skipped(page.values, levels ? count(levels, maxDefined) : n);
      page.left -= n;
      this.#taken += n;
      done += n;
    }
  }

  async #flat(rows: number): Promise<LeafRows> {
    const { maxDefined } = this.leaf;
    const parts: RawValues[] = [];
    const defined = maxDefined > 0 ? new Uint8Array(rows) : null;
    const starts = new Int32Array(rows + 1);
    for (let done = 0; done < rows; ) {
      if (!(await this.#open())) throw new Error(`expected ${rows} values, got ${done}`);
      const page = this.#page!;
      const n = Math.min(page.left, rows - done);
      const levels = page.defined?.take(n) ?? null;
      if (levels !== null && defined !== null) defined.set(levels, done);
      let there = starts[done];
      for (let i = 0; i < n; i++) {
        if (levels === null || levels[i] === maxDefined) there++;
        starts[done + i + 1] = there;
      }
      parts.push(page.values.take(there - starts[done]));
      page.left -= n;
      this.#taken += n;
      done += n;
    }
    const places = new Int32Array(rows + 1);
    for (let i = 1; i <= rows; i++) places[i] = i;
    return { repeated: null, defined, values: joined(parts), places, starts };
  }

  /** Rows start where the repetition level is 0; one may go on over many pages. */
  async #nested(rows: number): Promise<LeafRows> {
    const { maxDefined } = this.leaf;
    const [repeated, defined]: [number[], number[]] = [[], []];
    const places = new Int32Array(rows + 1);
    const starts = new Int32Array(rows + 1);
    const parts: RawValues[] = [];
    let begun = 0;
    let there = 0;
    for (;;) {
      if (this.#pending === this.#repeated.length && !(await this.#decode())) break;
      let wanted = 0;
      let full = false;
      for (; this.#pending < this.#repeated.length; this.#pending++) {
        const level = this.#repeated[this.#pending];
        if (level === 0) {
          if (begun === rows) {
            full = true;
            break;
          }
          places[begun] = repeated.length;
          starts[begun] = there;
          begun++;
        } else if (begun === 0) throw new Error('expected a row that starts, got one that goes on');
        const d = this.#defined?.[this.#pending] ?? maxDefined;
        repeated.push(level);
        defined.push(d);
        if (d === maxDefined) {
          there++;
          wanted++;
        }
      }
      if (wanted > 0) parts.push(this.#page!.values.take(wanted));
      if (full) break;
    }
    if (begun < rows) throw new Error(`expected ${rows} rows, got ${begun}`);
    places[rows] = repeated.length;
    starts[rows] = there;
    return {
      repeated: Uint8Array.from(repeated),
      defined: Uint8Array.from(defined),
      values: joined(parts),
      places,
      starts,
    };
  }

  /** Levels of some more places, all of one page. */
  async #decode(): Promise<boolean> {
    if (!(await this.#open())) return false;
    const page = this.#page!;
    const n = Math.min(page.left, STEP);
    this.#repeated = page.repeated?.take(n) ?? new Int32Array(n);
    this.#defined = page.defined?.take(n) ?? null;
    this.#pending = 0;
    page.left -= n;
    return true;
  }
}

function count(levels: Int32Array, level: number): number {
  let n = 0;
  for (const l of levels) if (l === level) n++;
  return n;
}

function joined(parts: readonly RawValues[]): RawValues {
  if (parts.length === 1) return parts[0];
  if (parts.length === 0) return [];
  if (Array.isArray(parts[0])) return (parts as Uint8Array[][]).flat();
  const length = parts.reduce((n, p) => n + p.length, 0);
  const out = new ((parts[0] as Float64Array).constructor as Float64ArrayConstructor)(length);
  let at = 0;
  for (const p of parts) {
    out.set(p as Float64Array, at);
    at += p.length;
  }
  return out;
}
