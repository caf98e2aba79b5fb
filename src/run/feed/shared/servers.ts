import { hostname } from 'node:os';
import { bytesOf } from '../../../files/stores/store.ts';
import { joinKey } from '../../../files/stores/url.ts';
import { aliveHere, type ProcessMark, processMark } from '../../nodes/process-mark.ts';
import type { State } from './state-store.ts';

/** What a server says of itself, in `servers/<id>.json`, and how often it has said so. */
export interface ServerNote {
  readonly id: string;
  /** Where others reach it; null before it listens. */
  readonly url: string | null;
  readonly host: string;
  readonly mark: ProcessMark;
  readonly beats: number;
  /** Steps that it has drawn. */
  readonly step: number;
}

/** A server that is seen, with the seconds since its note changed, measured on the clock of the one who looks. */
export interface SeenServer extends ServerNote {
  /** Null: its note has not changed since the one who looks began to. */
  readonly silent: number | null;
}

/**
 * One server an address. One that was killed leaves its note, and another that took its place listens there: the one
 * that was seen last counts. @param own the server that is asked
 */
export function oneByUrl(servers: readonly SeenServer[], own: string): readonly SeenServer[] {
  const silence = ({ id, silent }: SeenServer): number => (id === own ? -1 : (silent ?? Number.POSITIVE_INFINITY));
  const latest = new Map<string, SeenServer>();
  for (const server of servers) {
    const at = server.url ?? server.id;
    const other = latest.get(at);
    if (other === undefined || silence(server) < silence(other)) latest.set(at, server);
  }
  return [...latest.values()];
}

/** The servers of one feed, by their notes. They say who is there; who may write is decided by the log alone. */
export class Servers {
  #state: State;
  #id: string;
  #beats = 0;
  #seen = new Map<string, { note: ServerNote; at: number; moved: boolean }>();

  constructor(state: State, id: string) {
    this.#state = state;
    this.#id = id;
  }

  /** Raises the own heartbeat. */
  async beat(url: string | null, step: number): Promise<void> {
    const note: ServerNote = {
      ...{ id: this.#id, url, host: hostname(), mark: await processMark() },
      ...{ beats: ++this.#beats, step },
    };
    await this.#state.store.put(this.#key(this.#id), Buffer.from(`${JSON.stringify(note)}\n`));
  }

  /** Takes the own note away. */
  leave(): Promise<void> {
    return this.#state.store.delete(this.#key(this.#id));
  }

  /** Looks at all notes. */
  async look(): Promise<readonly SeenServer[]> {
    const ids: string[] = [];
    for await (const object of this.#state.store.list(joinKey(this.#state.prefix, 'servers/'))) {
      const id = 'key' in object ? /\/([\w-]+)\.json$/.exec(object.key)?.[1] : undefined;
      if (id !== undefined) ids.push(id);
    }
    for (const id of ids) await this.note(id);
    for (const id of this.#seen.keys()) if (!ids.includes(id)) this.#seen.delete(id);
    return this.known;
  }

  /** As they were seen last. */
  get known(): readonly SeenServer[] {
    const now = performance.now();
    const own = this.#id;
    return [...this.#seen.values()].map(({ note, at, moved }) => {
      return { ...note, silent: moved || note.id === own ? (now - at) / 1000 : null };
    });
  }

  /** The note of one server; null where it has none. */
  async note(id: string): Promise<ServerNote | null> {
    const { store } = this.#state;
    const key = this.#key(id);
    if ((await store.stat(key)) === null) return null;
    let note: ServerNote;
    try {
      note = JSON.parse((await bytesOf(store.get(key))).toString('utf8')) as ServerNote;
    } catch {
      // Taken away, or replaced in this moment: what was seen before still holds.
      return this.#seen.get(id)?.note ?? null;
    }
    const before = this.#seen.get(id);
    if (before?.note.beats !== note.beats)
      this.#seen.set(id, { note, at: performance.now(), moved: before !== undefined });
    return note;
  }

  /** True where a server has left, its process is gone, or its heartbeat has stood still for so long. */
  async isGone(id: string, patienceMs: number): Promise<boolean> {
    if (id === this.#id) return false;
    const note = await this.note(id);
    if (note === null) return true;
    const here = await aliveHere(note.mark);
    if (here !== null) return !here;
    return performance.now() - (this.#seen.get(id)?.at ?? performance.now()) > patienceMs;
  }

  #key = (id: string): string => joinKey(this.#state.prefix, `servers/${id}.json`);
}
