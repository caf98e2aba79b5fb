import { InputError } from '../../../errors.ts';
import { bytesOf, type Store } from '../../../files/stores/store.ts';
import { joinKey } from '../../../files/stores/url.ts';
import type { LogLine } from '../../../mixture/log.ts';

/** Where an entry stands: the log of one writer after the other, and in each its entries, from 1. */
export interface At {
  readonly writer: number;
  readonly entry: number;
}

/** What one conditional put adds to a log. */
export interface Entry {
  /** Server that wrote it. */
  readonly by: string;
  readonly lines: readonly LogLine[];
  /** That server writes from here on, in the log of this number: the last entry of the log before. */
  readonly writer?: number;
}

interface Piece {
  readonly key: string;
  readonly first: number;
  readonly last: number;
}

const digits = (n: number): string => String(n).padStart(8, '0');
const NAME = /\/(\d{8})(?:-(\d{8}))?\.jsonl$/;
/** Entries that stay single, so that who is near the end finds the next one by its name. */
const SINGLE = 64;

/**
 * The log of a mixture as objects that are never changed: `log/<writer>/<entry>.jsonl`, each made by a put that fails
 * where there is such an object. Two servers can never both write one entry, whatever each believes of the other:
 * this is all that the order of the log depends on. Entries of a finished stretch are merged into `<first>-<last>`.
 */
export class Entries {
  #store: Store;
  #prefix: string;

  constructor(store: Store, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** False where there is such an entry already: somebody else has written it. */
  async put(at: At, entry: Entry): Promise<boolean> {
    const body = Buffer.from(`${JSON.stringify(entry)}\n`);
    return (await this.#store.put(this.#key(at.writer, digits(at.entry)), body, { when: 'absent' })).written;
  }

  /** All entries after a place, in order, with their places. Errors: InputError for what is no entry. */
  async after(at: At): Promise<{ readonly at: At; readonly entry: Entry }[]> {
    const found: { at: At; entry: Entry }[] = [];
    for (let from = at; ; ) {
      const next = await this.#next(from);
      if (next.length === 0) return found;
      for (const entry of next) {
        from = entry.writer === undefined ? { ...from, entry: from.entry + 1 } : { writer: entry.writer, entry: 0 };
        found.push({ at: from, entry });
      }
    }
  }

  /**
   * True where an entry was made under the name of one that had been merged: its writer has gone on. It is not in the
   * log.
   */
  async isVoid({ writer, entry }: At): Promise<boolean> {
    return (await this.#pieces(writer)).some((p) => p.last > entry || (p.first !== p.last && p.last === entry));
  }

  /** Puts the single entries of this process's log into one object, but for the last ones. */
  async merge(writer: number, entries: readonly Entry[], last: number): Promise<number> {
    const most = entries.length - SINGLE;
    if (most < 1) return 0;
    const first = last - entries.length + 1;
    const text = entries.slice(0, most).map((e) => `${JSON.stringify(e)}\n`);
    const name = `${digits(first)}-${digits(first + most - 1)}`;
    await this.#store.put(this.#key(writer, name), Buffer.from(text.join('')), { when: 'absent' });
    // In their order: where an entry is there, none after it has been taken away.
    for (let e = first; e < first + most; e++) await this.#store.delete(this.#key(writer, digits(e)));
    return most;
  }

  #key = (writer: number, name: string): string => joinKey(this.#prefix, `log/${digits(writer)}/${name}.jsonl`);

  /** The entries that come next, as far as one look tells; none: this is the end. */
  async #next(at: At): Promise<Entry[]> {
    const key = this.#key(at.writer, digits(at.entry + 1));
    const single = await this.#text(key);
    if (single !== null) {
      const entry = parsed(single.trimEnd(), key);
      if (entry.writer === undefined || !(await this.isVoid({ ...at, entry: at.entry + 1 }))) return [entry];
    }
    // The one before is there still, so the next one has never been.
    const before = single === null && at.entry > 0 ? this.#key(at.writer, digits(at.entry)) : null;
    if (before !== null && (await this.#store.stat(before)) !== null) return [];
    const merged = (await this.#pieces(at.writer)).find(
      (p) => p.first !== p.last && p.first <= at.entry + 1 && p.last > at.entry,
    );
    if (merged === undefined) return [];
    const text = (await this.#text(merged.key)) ?? '';
    const rows = text.trimEnd().split('\n');
    if (rows.length !== merged.last - merged.first + 1) throw damaged(merged.key, `${rows.length} entries`);
    return rows.slice(at.entry + 1 - merged.first).map((row) => parsed(row, merged.key));
  }

  async #pieces(writer: number): Promise<Piece[]> {
    const pieces: Piece[] = [];
    for await (const object of this.#store.list(joinKey(this.#prefix, `log/${digits(writer)}/`))) {
      const name = 'key' in object ? NAME.exec(object.key) : null;
      if (name && 'key' in object)
        pieces.push({ key: object.key, first: Number(name[1]), last: Number(name[2] ?? name[1]) });
    }
    return pieces;
  }

  /** Null where there is no such object, or no longer. */
  async #text(key: string): Promise<string | null> {
    if ((await this.#store.stat(key)) === null) return null;
    try {
      return (await bytesOf(this.#store.get(key))).toString('utf8');
    } catch (error) {
      // Merged in this moment.
      if ((await this.#store.stat(key)) === null) return null;
      throw error;
    }
  }
}

function parsed(text: string, where: string): Entry {
  let entry: Partial<Entry> | null = null;
  try {
    entry = JSON.parse(text) as Partial<Entry>;
  } catch {
    // What JSON.parse says differs between versions of Node: told below.
  }
  if (typeof entry?.by === 'string' && Array.isArray(entry.lines)) return entry as Entry;
  throw damaged(where, text.slice(0, 80));
}

const damaged = (where: string, got: string): InputError =>
  new InputError({
    problem: `${where} is damaged`,
    expected: 'an entry as it was written',
    got,
    where,
    fix: 'Restore the object from a copy, or start the feed with another --state.',
  });
