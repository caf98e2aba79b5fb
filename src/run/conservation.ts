import { type Amount, type Counters, conservationError, keptTextBytes } from '../streams/commits/counters.ts';
import type { CommittedFile } from '../streams/commits/log.ts';
import type { CommitHead } from '../streams/commits/store.ts';

/** Which files a split must have written. */
interface Written {
  /** The phase is the last one: what is kept has its rows in the ledger. */
  readonly last: boolean;
  /** False for a recipe without a sink for documents. */
  readonly documents: boolean;
}

/**
 * A sentence when a split does not add up: in itself, against the phase before, or against the files written. Null when
 * it does, or counts nothing.
 */
export function splitError(
  { counters, files }: { readonly counters: Counters | null; readonly files: readonly CommittedFile[] },
  before: CommitHead | undefined,
  written: Written,
): string | null {
  if (counters === null) return null;
  return (
    conservationError(counters) ??
    (before?.counted ? handOverError(before.counted.passed, counters.received) : null) ??
    filesError(counters, files, written)
  );
}

/** What one phase handed over must have arrived in the next. Null when it has, else a sentence. */
export function handOverError(passed: Amount, received: Amount): string | null {
  if (passed.documents === received.documents && passed.bytes === received.bytes) return null;
  const [p, r] = [passed, received].map((a) => `${a.documents} documents with ${a.bytes} bytes of text`);
  return `${p} before a barrier, ${r} after it`;
}

/** Rows and bytes of text in the files of a commit must be those counted. Null when they are, else a sentence. */
export function filesError(c: Counters, files: readonly CommittedFile[], { last, documents }: Written): string | null {
  const sum = (sink: string, of: 'rows' | 'textBytes'): number =>
    files.reduce((n, f) => (f.sink === sink ? n + f[of] : n), 0);
  const set = c.quarantined.records;
  const expected: [string, number, number][] = [
    ['rows of the ledger', (last ? c.kept.documents : 0) + c.dropped.documents + set, sum('ledger', 'rows')],
    ['rows of quarantine', set, sum('quarantine', 'rows')],
  ];
  if (documents) {
    expected.push(['documents', c.kept.documents, sum('documents', 'rows')]);
    expected.push(['bytes of text in documents', keptTextBytes(c), sum('documents', 'textBytes')]);
  }
  const wrong = expected.find(([, counted, written]) => counted !== written);
  return wrong ? `${wrong[1]} ${wrong[0]} counted, ${wrong[2]} written` : null;
}
