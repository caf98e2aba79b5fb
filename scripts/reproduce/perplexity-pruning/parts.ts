// Parts of the corpus for scripts/reproduce/perplexity-pruning/perplexity-pruning.ts, disjoint by group and by text.
import assert from 'node:assert/strict';
import { loadXxhash } from '../../../src/hash.ts';
import { type CorpusDocument, firstBytes } from '../../corpus-documents.ts';

/** Place of a group on the line from 0 to 1, by its hash alone. */
export async function groupPlaces(): Promise<(group: bigint) => number> {
  const { h64 } = await loadXxhash();
  return (group) => Number(h64(`pruning ${group.toString(16)}`) >> 11n) / 2 ** 53;
}

/** Whole groups in the order of their hashes, until `bytes` bytes are there. */
export function cutTo(
  documents: readonly CorpusDocument[],
  bytes: number,
  place: (group: bigint) => number,
): CorpusDocument[] {
  const groups = new Map<bigint, number>();
  for (const d of documents) groups.set(d.group, (groups.get(d.group) ?? 0) + Buffer.byteLength(d.text));
  const taken = new Set<bigint>();
  let have = 0;
  for (const [group, size] of [...groups].sort(([a], [b]) => place(a) - place(b))) {
    if (have >= bytes) break;
    taken.add(group);
    have += size;
  }
  return documents.filter((d) => taken.has(d.group));
}

/** Errors: AssertionError when two parts have a group in common. */
export function disjoint(a: readonly CorpusDocument[], b: readonly CorpusDocument[], what: string): void {
  const groups = new Set(a.map((d) => d.group));
  assert(
    b.every((d) => !groups.has(d.group)),
    `${what} share a group`,
  );
}

/** Without texts that stand word for word in another part, under another group. */
export function withoutTexts(
  documents: readonly CorpusDocument[],
  others: readonly CorpusDocument[],
): CorpusDocument[] {
  const hashes = new Set(others.map((d) => d.hash));
  return documents.filter((d) => !hashes.has(d.hash));
}

/** First bytes of documents by domain: `ofDocument` of each at most, until a domain has `ofDomain`. */
export function heldOutTexts(
  documents: readonly CorpusDocument[],
  { ofDomain, ofDocument }: { readonly ofDomain: number; readonly ofDocument: number },
): Map<string, Uint8Array[]> {
  const texts = new Map<string, Uint8Array[]>();
  const have = new Map<string, number>();
  for (const { domain, text } of documents) {
    if ((have.get(domain) ?? 0) >= ofDomain) continue;
    const bytes = firstBytes(Buffer.from(text), ofDocument);
    texts.set(domain, [...(texts.get(domain) ?? []), bytes]);
    have.set(domain, (have.get(domain) ?? 0) + bytes.length);
  }
  return new Map([...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
