import { ConfigError } from '../../errors.ts';

/** One process does not work on what was planned for many. */
export const plannedForMany = (where: string): ConfigError =>
  new ConfigError({
    problem: 'this run is planned for many nodes',
    expected: 'the run directory of one process',
    got: 'one with nodes.json',
    where,
    fix:
      'Work on it with sluice run DIR --shard 0/8 (sluice status DIR says what is missing), or choose another ' +
      '--output.',
  });
