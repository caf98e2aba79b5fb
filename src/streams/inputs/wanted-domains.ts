import { ConfigError, nearestName } from '../../errors.ts';
import type { DocumentBatch } from '../batch/batch.ts';
import { stringAt } from '../batch/columns.ts';
import { MOST_DOMAINS } from '../commits/counters.ts';

/** Names of domains in an error. */
const SHOWN = 8;

export interface WantedDomains {
  /** Is this document of a wanted domain? */
  covers(batch: DocumentBatch, row: number): boolean;
  /**
   * Call at the end of the input. Errors: ConfigError for a domain that no document was of: a slip of the pen would
   * leave it out unsaid.
   */
  check(): void;
}

/** Documents of the named domains alone; null: of all. `where` is for the error. */
export function wantedDomains(names: readonly string[] | null, where: string): WantedDomains {
  const wanted = new Set(names);
  const met = new Set<string>();
  return {
    covers(batch, row) {
      if (names === null) return true;
      const domain = stringAt(batch.utf8('domain'), row) ?? '';
      if (met.size < MOST_DOMAINS || wanted.has(domain)) met.add(domain);
      return wanted.has(domain);
    },
    check() {
      const missing = [...wanted].find((name) => !met.has(name));
      if (missing === undefined) return;
      const known = [...met].sort();
      const near = nearestName(missing, known);
      throw new ConfigError({
        expected: `documents of the domain '${missing}'`,
        got:
          'none; there are ' +
          (known.slice(0, SHOWN).join(', ') || 'no documents') +
          (known.length > SHOWN ? `, and ${known.length - SHOWN} more` : ''),
        where,
        fix: near ? `Did you mean '${near}'?` : 'Correct the name, or remove it.',
      });
    },
  };
}
