import type { Amount, DomainCounters } from '../streams/commits/counters.ts';

/** Tokens of what came in: as the ledger has them, or by its bytes where nothing measured them. */
export const tokensCame = ({ bytes, tokens }: Pick<Amount, 'bytes' | 'tokens'>): number =>
  tokens > 0 ? tokens : bytes / 4;

/** Tokens of the kept documents: as the ledger has them; an estimate where text was cut from them after that. */
export function tokensWritten(d: DomainCounters): number {
  const { kept } = d;
  if (kept.tokens === 0 || kept.bytes === 0) return writtenBytes(d) / 4;
  return (kept.tokens * writtenBytes(d)) / kept.bytes;
}

/** Text of the kept documents as it was written, after cuts; bytes. */
export const writtenBytes = ({ kept, cutBytes = 0 }: DomainCounters): number => kept.bytes - cutBytes;
