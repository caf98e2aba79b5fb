import { openRunDatabase, type RunDatabase } from '../../ledger/database.ts';
import { indexLedger, type LedgerIndex } from '../../ledger/ledger-index.ts';
import { ledgerParts } from '../../ledger/ledger-parts.ts';
import type { SampleRecord } from '../../ledger/live/records.ts';
import { readRecords } from '../../ledger/live/records.ts';
import { LedgerSearch } from '../../ledger/live/search.ts';
import { openRunFolder, type RunFolder } from '../../ledger/run-folder.ts';
import { openWhatIf } from '../../ledger/what-if/load.ts';
import type { Prepared } from '../../ledger/what-if/prepared.ts';
import { isBarrier } from '../../streams/operator.ts';
import { signOf } from './run-sign.ts';

/** A run directory with its database, as it was committed at a moment. */
export interface OpenRun {
  readonly folder: RunFolder;
  /** Of what was committed then. */
  readonly sign: string;
  readonly db: RunDatabase;
  /** Read when it is asked for, and kept. */
  prepared(): Promise<Prepared>;
  samples(): Promise<Samples>;
  /** Finds documents without reading the ledger, once it is made: that begins when it is asked for; null until then. */
  index(): LedgerIndex | null;
  readonly search: LedgerSearch;
}

/** The points of the curves of a run. */
export interface Samples {
  readonly all: readonly SampleRecord[];
  /** Seconds at which the last phase began; infinity: it has not. */
  readonly endT: number;
}

/**
 * Questions that wait for each other: those about some rows, which are answered at once; searches; and what counts the
 * whole ledger.
 */
export type Lane = 'rows' | 'search' | 'count';

interface OpenLanes extends OpenRun {
  readonly lanes: Readonly<Record<Lane, () => Promise<RunDatabase>>>;
  close(): void;
}

/** Changes with what is committed. */
const COMMITTED = ['commits.jsonl', 'run.json'];
/** Ledgers of fewer rows are read as quickly as an index of them; those of more need 200 MB and more for one. */
const INDEXED_ROWS = { least: 200_000, most: 2 ** 25 } as const;
/** A run in work is looked at anew after so long, where it has committed more since. */
const FRESH_MS = 5000;

/**
 * Opens a run directory, and again when it has changed. What was opened stays open while somebody uses it: segments of
 * a run in work are replaced by shards at its end.
 */
export class RunReader {
  #path: () => string | null;
  #open: Promise<OpenLanes> | null = null;
  #sign = '';
  #at = 0;
  #users = 0;
  #stale: OpenLanes[] = [];
  #last = new Map<Lane, Promise<unknown>>();
  #ready: Prepared | null = null;

  /** @param path null while there is no run yet */
  constructor(path: () => string | null) {
    this.#path = path;
  }

  /**
   * Runs `work` on the run as it is, after what was asked before in the same lane: a connection answers one question
   * at a time. Once more where files went away under it.
   */
  use<T>(work: (run: OpenRun) => Promise<T>, lane: Lane = 'rows'): Promise<T> {
    const before = this.#last.get(lane) ?? Promise.resolve();
    const next = before.then(() => this.#use(async (run) => work({ ...run, db: await run.lanes[lane]() })));
    // Whoever asked is told of it; those behind have other questions.
    const settled = next.catch(() => {});
    this.#last.set(lane, settled);
    return next;
  }

  /** The ledger prepared for other thresholds; at once where it was asked for before, whatever else is being asked. */
  async prepared(): Promise<Prepared> {
    if (this.#ready && this.#isFresh()) return this.#ready;
    // Read over a connection of its own: it takes seconds, in which other questions are answered.
    const run = await this.use(async (open) => open);
    try {
      return this.#keep(run, await run.prepared());
    } catch (error) {
      if (signOf(run.folder.path, COMMITTED) === run.sign) throw error;
      this.#at = 0;
      const again = await this.use(async (open) => open);
      return this.#keep(again, await again.prepared());
    }
  }

  /** Another question may have opened the run anew meanwhile. */
  #keep({ sign }: OpenRun, prepared: Prepared): Prepared {
    if (sign === this.#sign) this.#ready = prepared;
    return prepared;
  }

  async #use<T>(work: (run: OpenLanes) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      const run = await this.#current();
      try {
        return await work(run);
      } catch (error) {
        if (signOf(run.folder.path, COMMITTED) === run.sign) throw error;
        // The run went on meanwhile, and has put other files in place of those that were read.
        this.#at = 0;
        return await work(await this.#current());
      }
    } finally {
      if (--this.#users === 0) for (const run of this.#stale.splice(0)) run.close();
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    // It was told to whoever asked for it.
    const run = await open?.catch(() => null);
    run?.close();
  }

  #isFresh(): boolean {
    const path = this.#path();
    return path !== null && (performance.now() - this.#at < FRESH_MS || signOf(path, COMMITTED) === this.#sign);
  }

  #current(): Promise<OpenLanes> {
    const path = this.#path();
    if (path === null) throw new RangeError('The run has not begun yet: ask again in a moment.');
    if (this.#open && this.#isFresh()) return this.#open;
    this.#ready = null;
    const before = this.#open;
    this.#sign = signOf(path, COMMITTED);
    this.#at = performance.now();
    this.#open = openAt(path, this.#sign);
    before?.then(
      (run) => this.#stale.push(run),
      // Of one that could not be opened nothing is open.
      () => {},
    );
    return this.#open;
  }
}

async function openAt(path: string, sign: string): Promise<OpenLanes> {
  const folder = await openRunFolder(path);
  const db = await openRunDatabase(folder);
  const index = lateIndex(folder, db);
  let prepared: Promise<Prepared> | null = null;
  return {
    folder,
    sign,
    db,
    search: new LedgerSearch(ledgerParts(folder), db),
    lanes: { rows: async () => db, search: lane(db), count: lane(db) },
    prepared: () => {
      prepared ??= prepare(folder);
      return prepared;
    },
    samples: () => samplesOf(path, folder.steps.filter(isBarrier).length),
    index: index.at,
    close: () => {
      index.close();
      db.close();
    },
  };
}

/** A connection that is made when it is first wanted. */
function lane(db: RunDatabase): () => Promise<RunDatabase> {
  let made: Promise<RunDatabase> | null = null;
  return () => {
    made ??= db.beside();
    return made;
  };
}

/** An index that is made when it is first wanted. */
interface LateIndex {
  readonly at: () => LedgerIndex | null;
  close(): void;
}

function lateIndex(folder: RunFolder, db: RunDatabase): LateIndex {
  const rows = db.views.find((v) => v.name === 'ledger')?.rows ?? 0;
  if (folder.run.status !== 'done' || rows < INDEXED_ROWS.least || rows > INDEXED_ROWS.most)
    return { at: () => null, close: () => {} };
  let ready: LedgerIndex | null = null;
  let making: Promise<LedgerIndex | null> | null = null;
  return {
    at: () => {
      // Without it the ledger is read, and whoever asks is told what is wrong with that.
      making ??= indexLedger(folder).catch(() => null);
      making.then((index) => {
        ready = index;
      });
      return ready;
    },
    close: () => void making?.then((index) => index?.close()),
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

async function samplesOf(path: string, lastPhase: number): Promise<Samples> {
  const all: SampleRecord[] = [];
  let endT = lastPhase === 0 ? 0 : Number.POSITIVE_INFINITY;
  for await (const line of readRecords(path)) {
    if (line.record === 'sample') all.push(line);
    if (line.record === 'phase' && line.phase === lastPhase) endT = Math.min(endT, line.t);
  }
  return { all, endT };
}
