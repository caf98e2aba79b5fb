import { ConfigError } from '../../errors.ts';
import { shellWord } from '../../safe-text.ts';
import type { Stores } from '../feed/stores.ts';

/** Why runs that have not finished are not exported, and how they end. */
export const unfinished = (stores: Stores): ConfigError =>
  new ConfigError({
    problem: 'the run has not finished: an export would lack what is still to come',
    expected: 'finished runs',
    got: `${stores.splits.length} of ${stores.planned} splits committed without a gap`,
    where: stores.paths.join(', '),
    fix:
      'Finish it first. Run its command again, which goes on where it stopped, then export: ' +
      `sluice status ${shellWord(stores.paths[0])}`,
  });
