import type { Amount, Counters, DomainCounters } from '../../streams/commits/counters.ts';
import { tokensWritten, writtenBytes } from '../token-estimate.ts';

/** What the kept documents are as they were written: after all cuts. Tokens as `Amount`, in proportion to the text. */
export type Written = Pick<Amount, 'bytes' | 'tokens'>;

export interface DomainState {
  readonly domain: string;
  readonly read: Amount;
  /** As it was read. */
  readonly kept: Amount;
  readonly written: Written;
  readonly dropped: Amount;
  readonly created: Amount | null;
}

/** The name of those that are added up. */
export const REST = 'other domains';

/** @param counted whether the recipe counts the tokens of what is written: else they are of the text as it was read */
export function writtenOf(d: DomainCounters & { readonly addedBytes?: number }, counted: boolean): Written {
  const own = { kept: d.kept, cutBytes: (d.cutBytes ?? 0) - (d.addedBytes ?? 0) };
  const tokens = counted || d.kept.tokens === 0 ? d.kept.tokens : Math.round(tokensWritten({ ...d, ...own }));
  return { bytes: writtenBytes({ ...d, ...own }), tokens };
}

/** Domains by bytes read. @param most by name; the others are added up; @param counted as `countsTokens` says */
export function domainStates(counters: Counters, most: number, counted: boolean): DomainState[] {
  const all = Object.entries(counters.domains)
    .map(([domain, d]) => ({
      ...{ domain, read: d.read, kept: d.kept, written: writtenOf(d, counted), dropped: d.dropped },
      created: d.created ?? null,
    }))
    .sort((a, b) => b.read.bytes - a.read.bytes || (a.domain < b.domain ? -1 : 1));
  if (all.length <= most) return all;
  const rest = all.slice(most);
  const sum = (of: (d: DomainState) => Amount | null): Amount =>
    rest.reduce(
      (n, d) => {
        const a = of(d);
        if (a) for (const k of ['documents', 'bytes', 'tokens'] as const) n[k] += a[k];
        return n;
      },
      { documents: 0, bytes: 0, tokens: 0 },
    );
  const created = rest.some((d) => d.created) ? sum((d) => d.created) : null;
  const written = {
    bytes: rest.reduce((n, d) => n + d.written.bytes, 0),
    tokens: rest.reduce((n, d) => n + d.written.tokens, 0),
  };
  const others = { domain: REST, read: sum((d) => d.read), kept: sum((d) => d.kept), dropped: sum((d) => d.dropped) };
  return [...all.slice(0, most), { ...others, written, created }];
}
