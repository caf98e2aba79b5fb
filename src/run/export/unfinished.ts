import { ConfigError } from '../../errors.ts';
import { isFleet } from '../../ledger/fleet-commits.ts';
import { shellWord } from '../../safe-text.ts';
import type { Stores } from '../feed/stores.ts';

/** Why runs that have not finished are not exported, and how they end: of many nodes, or of one process. */
export function unfinished(stores: Stores): ConfigError {
  const of = stores.paths.find(isFleet);
  const named = shellWord(of ?? stores.paths[0]);
  return new ConfigError({
    problem: 'the run has not finished: an export would lack what is still to come',
    expected: 'finished runs',
    got: `${stores.splits.length} of ${stores.planned} splits committed without a gap`,
    where: stores.paths.join(', '),
    fix:
      of === undefined
        ? `Finish it first. Run its command again, which goes on where it stopped, then export: sluice status ${named}`
        : `Finish it first: sluice status ${named} says what is left, and sluice finish ${named} ends it. Then export.`,
  });
}
