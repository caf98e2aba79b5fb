import type { HeldOutDocument } from '../forgetting/measures.ts';
import type { Pool, PoolDocument } from './pool.ts';

/** A document that every arm is measured on. */
export interface ComparedDocument extends HeldOutDocument {
  /** Arms that have it, by number; empty where the documents were given. */
  readonly arms: readonly number[];
}

/** Domains with a row of their own; the smaller ones share one. */
const MOST_DOMAINS = 24;
const OTHERS = '(others)';

/**
 * Documents of the held-out side: of each domain those that every arm has, then those that only some have, each up to
 * so many bytes. The texts that all arms were split off, so that none is trained on by any.
 */
export function chooseHeldOut(pools: readonly Pool[], bytes: number): ComparedDocument[] {
  const found = new Map<bigint, PoolDocument & { readonly arms: readonly number[] }>();
  for (const pool of pools)
    for (const document of pool.heldOut) {
      if (found.has(document.textHash)) continue;
      const arms = pools.flatMap((p, i) => (p.heldOutTexts.has(document.textHash) ? [i] : []));
      found.set(document.textHash, { ...document, arms });
    }
  const named = namesOf([...found.values()]);
  const room = new Map<string, number>();
  return [...found.values()]
    .sort((a, b) => a.place - b.place)
    .flatMap(({ domain, text, arms }) => {
      const key = JSON.stringify([domain, arms]);
      const left = room.get(key) ?? bytes;
      if (left <= 0) return [];
      room.set(key, left - text.length);
      return [{ domain: named(domain), text: Buffer.from(text).toString('utf8'), arms }];
    });
}

/** Documents that were given to measure on, each domain up to so many bytes. */
export function givenHeldOut(documents: readonly PoolDocument[]): ComparedDocument[] {
  const named = namesOf(documents);
  return documents.map(({ domain, text }) => ({
    domain: named(domain),
    text: Buffer.from(text).toString('utf8'),
    arms: [],
  }));
}

/** The largest domains keep their names. */
function namesOf(documents: readonly PoolDocument[]): (domain: string) => string {
  const bytes = new Map<string, number>();
  for (const { domain, text } of documents) bytes.set(domain, (bytes.get(domain) ?? 0) + text.length);
  const largest = [...bytes].sort((a, b) => b[1] - a[1]).slice(0, MOST_DOMAINS);
  const kept = new Set(largest.map(([name]) => name));
  return (domain) => (kept.has(domain) ? domain : OTHERS);
}
