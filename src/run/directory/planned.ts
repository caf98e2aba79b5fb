import { ConfigError } from '../../errors.ts';
import { shellWord } from '../../safe-text.ts';

/** One process does not work on what was planned for many. */
export const plannedForMany = (where: string, shards: number | null): ConfigError =>
  new ConfigError({
    problem: 'this run is planned for many nodes',
    expected: 'the run directory of one process',
    got: 'one with nodes.json',
    where,
    fix:
      `Work on it with sluice run ${shellWord(where)} --shard 0/${shards ?? 'n'} ` +
      `(sluice status ${shellWord(where)} says what is missing), or choose another --output.`,
  });
