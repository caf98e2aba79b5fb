/** What changed since a cursor: cells by key; those that are gone are null. */
export interface Changes {
  readonly cursor: number;
  readonly cells: Readonly<Record<string, unknown>>;
}

/**
 * A picture as cells, each with the version at which it changed last: whoever has seen version c needs the cells that
 * are newer, however long the run has been going on.
 */
export class Cells {
  #cells = new Map<string, Cell>();
  #version = 0;
  #made: { since: number; version: number; json: string } | null = null;

  get version(): number {
    return this.#version;
  }

  /**
   * Puts a whole new picture in place of the old one. Returns whether anything changed.
   * @param cells plain data, which nobody changes afterwards
   */
  replace(cells: Iterable<readonly [string, unknown]>): boolean {
    const next = this.#version + 1;
    const seen = new Set<string>();
    let changed = false;
    const put = (key: string, value: unknown): void => {
      const cell = this.#cells.get(key);
      if (cell !== undefined && isSame(cell.value, value)) return;
      this.#cells.set(key, { value, version: next, json: null });
      changed = true;
    };
    for (const [key, value] of cells) {
      seen.add(key);
      put(key, value ?? null);
    }
    // Kept as null, so that those who have it learn that it is gone.
    for (const key of this.#cells.keys()) if (!seen.has(key)) put(key, null);
    if (changed) this.#version = next;
    return changed;
  }

  /** `Changes` as JSON text. Those who ask from the same cursor get the same text, made once. */
  since(cursor: number): string {
    if (this.#made?.since === cursor && this.#made.version === this.#version) return this.#made.json;
    const parts: string[] = [];
    for (const [key, cell] of this.#cells)
      if (cell.version > cursor && !(cursor <= 0 && cell.value === null)) {
        cell.json ??= JSON.stringify(cell.value);
        parts.push(`${JSON.stringify(key)}:${cell.json}`);
      }
    const json = `{"cursor":${this.#version},"cells":{${parts.join(',')}}}`;
    this.#made = { since: cursor, version: this.#version, json };
    return json;
  }
}

interface Cell {
  readonly value: unknown;
  /** At which it changed last. */
  readonly version: number;
  /** Made when it is first asked for. */
  json: string | null;
}

/** Whether two values of plain data have the same JSON text: fields in the same order. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  const [keys, others] = [Object.keys(left), Object.keys(right)];
  return keys.length === others.length && keys.every((key, i) => key === others[i] && isSame(left[key], right[key]));
}
