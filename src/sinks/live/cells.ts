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
  #cells = new Map<string, { json: string; version: number }>();
  #version = 0;
  #made: { since: number; version: number; json: string } | null = null;

  get version(): number {
    return this.#version;
  }

  /** Puts a whole new picture in place of the old one. Returns whether anything changed. */
  replace(cells: Iterable<readonly [string, unknown]>): boolean {
    const next = this.#version + 1;
    const seen = new Set<string>();
    let changed = false;
    const put = (key: string, json: string): void => {
      const cell = this.#cells.get(key);
      if (cell?.json === json) return;
      this.#cells.set(key, { json, version: next });
      changed = true;
    };
    for (const [key, value] of cells) {
      seen.add(key);
      put(key, JSON.stringify(value ?? null));
    }
    // Kept as null, so that those who have it learn that it is gone.
    for (const key of this.#cells.keys()) if (!seen.has(key)) put(key, 'null');
    if (changed) this.#version = next;
    return changed;
  }

  /** `Changes` as JSON text. Those who ask from the same cursor get the same text, made once. */
  since(cursor: number): string {
    if (this.#made?.since === cursor && this.#made.version === this.#version) return this.#made.json;
    const parts: string[] = [];
    for (const [key, { json, version }] of this.#cells)
      if (version > cursor && !(cursor <= 0 && json === 'null')) parts.push(`${JSON.stringify(key)}:${json}`);
    const json = `{"cursor":${this.#version},"cells":{${parts.join(',')}}}`;
    this.#made = { since: cursor, version: this.#version, json };
    return json;
  }
}
