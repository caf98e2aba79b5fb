import { type Amount, type Counters, keptTextBytes } from '../streams/commits/counters.ts';
import type { CommittedFile } from '../streams/commits/log.ts';

/** What one phase handed over must have arrived in the next. Null when it has, else a sentence. */
export function handOverError(passed: Amount, received: Amount): string | null {
  if (passed.documents === received.documents && passed.bytes === received.bytes) return null;
  const [p, r] = [passed, received].map((a) => `${a.documents} documents with ${a.bytes} bytes of text`);
  return `${p} before a barrier, ${r} after it`;
}

/**
 * Rows and bytes of text in the files of a commit must be those counted. Null when they are, else a sentence.
 * @param documents false for a recipe without a sink for documents
 */
export function filesError(
  c: Counters,
  files: readonly CommittedFile[],
  { last, documents }: { readonly last: boolean; readonly documents: boolean },
): string | null {
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
