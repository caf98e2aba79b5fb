import type { RunDatabase } from '../database.ts';
import { asRead, wholeText } from '../documents-data.ts';
import { type Explanation, explainDocuments } from '../explain-data.ts';
import type { LedgerIndex } from '../ledger-index.ts';
import { GONE, originalText } from '../original-text.ts';
import type { RunFolder } from '../run-folder.ts';
import { wordDiff } from '../word-diff.ts';

/** A text in pieces: as it is, or cut by a rule; what stands beside its twin, or differs from it. */
export interface Piece {
  readonly text: string;
  /** Rule that cut it; or `removed`, `added` of a comparison. */
  readonly mark: string | null;
}

export interface DocumentText {
  readonly pieces: readonly Piece[];
  /** Why it is not shown; null: it is. */
  readonly missing: string | null;
  /** Bytes that the whole text has. */
  readonly bytes: number;
  /** Bytes that are shown. */
  readonly shown: number;
}

export interface DocumentView {
  /** With this id or position. */
  readonly total: number;
  readonly document: Explanation;
  /** As it was read, with what was cut from it. */
  readonly text: DocumentText;
  /** The document that it is a copy of, and how the two differ; null where there is none. */
  readonly twin: (DocumentText & { readonly position: string; readonly id: string | null }) | null;
}

/** Of a longer text the beginning is shown; a page does not have to hold a book. */
export const MOST_BYTES = 128 * 1024;
const MOST_WORDS = 4000;

/**
 * Everything about one document: each decision, its text read again by position, and its twin.
 * @param most bytes of each text
 */
export async function documentView(
  folder: RunFolder,
  db: RunDatabase,
  wanted: string,
  by: 'id or position' | 'position',
  index: LedgerIndex | null = null,
  most = MOST_BYTES,
): Promise<DocumentView> {
  // Of a position the text is read while the ledger is asked.
  const reading = by === 'position' ? originalText(folder, wanted) : null;
  // It is told where it is awaited, unless there is no such document at all.
  reading?.catch(() => {});
  const { total, documents } = await explainDocuments(folder, db, wanted, by, index);
  const [document] = documents;
  const original = reading ? asRead(await reading, document) : await wholeText(folder, document);
  const text = 'text' in original ? original.text : document.excerpt;
  const gone = 'missing' in original ? original.missing : null;
  const missing = document.quarantine !== null && gone === GONE ? 'no document could be read there' : gone;
  const bytes = document.textBytes ?? Buffer.byteLength(text);
  const whole = missing === null ? cutPieces(text, document.cutSpans, most) : [{ text, mark: null }];
  return {
    total,
    document,
    text: { pieces: whole, missing, bytes, shown: Math.min(bytes, most) },
    twin: await twinOf(folder, document, text, most),
  };
}

/** The first bytes of a text, with the spans that were cut from it. */
export function cutPieces(text: string, spans: Explanation['cutSpans'], most = MOST_BYTES): Piece[] {
  const bytes = Buffer.from(text);
  const end = Math.min(bytes.length, most);
  const pieces: Piece[] = [];
  let at = 0;
  const push = (until: number, mark: string | null): void => {
    const to = boundary(bytes, Math.min(until, end));
    if (to > at) pieces.push({ text: bytes.subarray(at, to).toString('utf8'), mark });
    at = Math.max(at, to);
  };
  for (const s of [...spans].sort((a, b) => a.start - b.start)) {
    push(s.start, null);
    push(s.end, s.rule);
  }
  push(end, null);
  return pieces;
}

/** The nearest place at or before an offset that is not within a code point. */
function boundary(bytes: Buffer, offset: number): number {
  let at = offset;
  while (at > 0 && at < bytes.length && (bytes[at] & 0xc0) === 0x80) at--;
  return at;
}

async function twinOf(
  folder: RunFolder,
  { duplicateOf }: Explanation,
  text: string,
  most: number,
): Promise<DocumentView['twin']> {
  if (duplicateOf === null) return null;
  const { position, id, excerpt } = duplicateOf;
  const found = await originalText(folder, position);
  const none = { position, id, pieces: [], bytes: 0, shown: 0 };
  if ('missing' in found) return { ...none, missing: found.missing };
  if (!found.text.startsWith(excerpt)) return { ...none, missing: 'another text stands there now' };
  const other = found.text;
  const [a, b] = [other, text].map((t) => t.slice(0, most).split(/(\s+)/).slice(0, MOST_WORDS));
  const pieces = wordDiff(a, b).map(({ kind, words }) => ({
    text: words.join(''),
    mark: kind === 'same' ? null : kind,
  }));
  const bytes = Buffer.byteLength(other);
  return { position, id, pieces, missing: null, bytes, shown: Math.min(bytes, most) };
}
