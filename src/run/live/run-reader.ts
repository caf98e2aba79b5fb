import { openRunDatabase, type RunDatabase } from '../../ledger/database.ts';
import { type IdIndex, indexIds } from '../../ledger/id-index.ts';
import type { SampleRecord } from '../../ledger/live/records.ts';
import { readRecords } from '../../ledger/live/records.ts';
import { openRunFolder, type RunFolder } from '../../ledger/run-folder.ts';
import { openWhatIf } from '../../ledger/what-if/load.ts';
import type { Prepared } from '../../ledger/what-if/prepared.ts';
import { signOf } from './run-sign.ts';

/** A run directory with its database, as it was committed at a moment. */
export interface OpenRun {
  readonly folder: RunFolder;
  readonly db: RunDatabase;
  /** Read when it is asked for, and kept. */
  prepared(): Promise<Prepared>;
  samples(): Promise<readonly SampleRecord[]>;
  /** Finds documents by their id, once it is made: that begins when it is asked for; null until then, or without. */
  ids(): IdIndex | null;
}

/** Changes with what is committed. */
const COMMITTED = ['commits.jsonl', 'run.json'];
/** Ledgers of fewer rows are read as quickly as an index of them; those of more need 128 MB and more for one. */
const INDEXED_ROWS = { least: 200_000, most: 2 ** 25 } as const;
/** A run in work is looked at anew after so long, where it has committed more since. */
const FRESH_MS = 5000;

/**
 * Opens a run directory, and again when it has changed. What was opened stays open while somebody uses it: segments of
 * a run in work are replaced by shards at its end.
 */
export class RunReader {
  #path: () => string | null;
  #open: Promise<OpenRun> | null = null;
  #sign = '';
  #at = 0;
  #users = 0;
  #stale: RunDatabase[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #ready: Prepared | null = null;

  /** @param path null while there is no run yet */
  constructor(path: () => string | null) {
    this.#path = path;
  }

  /**
   * Runs `work` on the run as it is, after what was asked before: a connection answers one question at a time. Once
   * more where files went away under it.
   */
  use<T>(work: (run: OpenRun) => Promise<T>): Promise<T> {
    const next = this.#last.then(() => this.#use(work));
    // Whoever asked is told of it; those behind have other questions.
    this.#last = next.catch(() => {});
    return next;
  }

  /** The ledger prepared for other thresholds; at once where it was asked for before, whatever else is being asked. */
  async prepared(): Promise<Prepared> {
    if (this.#ready && this.#isFresh()) return this.#ready;
    // Read over a connection of its own: it takes seconds, in which other questions are answered.
    const run = await this.use(async (open) => open);
    try {
      this.#ready = await run.prepared();
    } catch (error) {
      if (signOf(run.folder.path, COMMITTED) === this.#sign) throw error;
      this.#at = 0;
      this.#ready = await (await this.use(async (open) => open)).prepared();
    }
    return this.#ready;
  }

  async #use<T>(work: (run: OpenRun) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      const run = await this.#current();
      try {
        return await work(run);
      } catch (error) {
        if (signOf(run.folder.path, COMMITTED) === this.#sign) throw error;
        // The run went on meanwhile, and has put other files in place of those that were read.
        this.#at = 0;
        return await work(await this.#current());
      }
    } finally {
      if (--this.#users === 0) for (const db of this.#stale.splice(0)) db.close();
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    // It was told to whoever asked for it.
    const run = await open?.catch(() => null);
    run?.db.close();
  }

  #isFresh(): boolean {
    const path = this.#path();
    return path !== null && (performance.now() - this.#at < FRESH_MS || signOf(path, COMMITTED) === this.#sign);
  }

  #current(): Promise<OpenRun> {
    const path = this.#path();
    if (path === null) throw new RangeError('The run has not begun yet: ask again in a moment.');
    if (this.#open && this.#isFresh()) return this.#open;
    this.#ready = null;
    const before = this.#open;
    this.#sign = signOf(path, COMMITTED);
    this.#at = performance.now();
    this.#open = openAt(path);
    before?.then(
      ({ db }) => this.#stale.push(db),
      // Of one that could not be opened nothing is open.
      () => {},
    );
    return this.#open;
  }
}

async function openAt(path: string): Promise<OpenRun> {
  const folder = await openRunFolder(path);
  const db = await openRunDatabase(folder);
  let prepared: Promise<Prepared> | null = null;
  return {
    folder,
    db,
    prepared: () => {
      prepared ??= prepare(folder);
      return prepared;
    },
    samples: () => samplesOf(path),
    ids: idsOf(folder, db),
  };
}

function idsOf(folder: RunFolder, db: RunDatabase): () => IdIndex | null {
  const rows = db.views.find((v) => v.name === 'ledger')?.rows ?? 0;
  if (folder.run.status !== 'done' || rows < INDEXED_ROWS.least || rows > INDEXED_ROWS.most) return () => null;
  let ready: IdIndex | null = null;
  let begun = false;
  return () => {
    if (!begun) {
      begun = true;
      indexIds(folder).then(
        (index) => {
          ready = index;
        },
        () => {
          // Without it the ledger is read, and whoever asks is told what is wrong with that.
        },
      );
    }
    return ready;
  };
}

async function prepare(folder: RunFolder): Promise<Prepared> {
  const own = await openRunDatabase(folder);
  try {
    return await openWhatIf(folder, own);
  } finally {
    own.close();
  }
}

async function samplesOf(path: string): Promise<SampleRecord[]> {
  const samples: SampleRecord[] = [];
  for await (const line of readRecords(path)) if (line.record === 'sample') samples.push(line);
  return samples;
}
