import { ConfigError } from '../errors.ts';

/**
 * A graph for `skillIt` from one short run on each domain alone, the variant of Chen et al. 2023 whose cost grows with
 * the number of domains and not with its square: edge i -> j is the part of j's loss that training on i takes away, 0
 * where it rises.
 * @param before loss of each domain before training
 * @param after `after[i][j]`: loss of domain j after training on domain i alone
 */
export function graphFromDrops(before: readonly number[], after: readonly (readonly number[])[]): number[][] {
  if (after.length !== before.length || after.some((row) => row.length !== before.length))
    throw new ConfigError({
      expected: `${before.length} rows of ${before.length} losses`,
      got: `${after.length} rows`,
      where: 'graphFromDrops()',
    });
  return after.map((row) => row.map((loss, j) => Math.max(0, (before[j] - loss) / before[j])));
}

/**
 * A graph from runs on pairs, the brute force of Chen et al. 2023: edge i -> j where training on i and j together (half
 * of each) reaches the loss that training on j alone ends with, in no more steps of j than that took. Edges between
 * different domains get 0.5, those to itself 1, as in the authors' code.
 * @param alone `alone[j]`: loss of domain j after each step of training on j alone
 * @param pairs `pairs[i][j]`: loss of domain j after each step of training on i and j together; `null` was not tried
 */
export function graphFromPairs(
  alone: readonly (readonly number[])[],
  pairs: readonly (readonly (readonly number[] | null)[])[],
): number[][] {
  return alone.map((_, i) =>
    alone.map((own, j) => {
      if (i === j) return 1;
      // Of s steps on both, half are steps on j.
      const reached = pairs[i][j]?.findIndex((loss) => loss <= own[own.length - 1]) ?? -1;
      return reached >= 0 && (reached + 1) / 2 <= own.length ? 0.5 : 0;
    }),
  );
}
