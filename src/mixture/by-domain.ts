import * as z from 'zod';
import { ConfigError, nearestName } from '../errors.ts';
import type { Facts } from './scheduler.ts';

/** A number for each domain, by name. */
export type ByDomain = { readonly [domain: string]: number };

export const byDomain = z.record(z.string(), z.number().min(0));

/**
 * The numbers in the order of the domains. Errors: ConfigError for a name that is no domain, and for a domain without a
 * number where `missing` is null.
 */
export function inOrder(values: ByDomain, facts: Facts, where: string, missing: number | null = null): number[] {
  const names = facts.domains.map((d) => d.name);
  const stranger = Object.keys(values).find((name) => !names.includes(name));
  if (stranger !== undefined) {
    const near = nearestName(stranger, names);
    throw new ConfigError({
      expected: `a domain: ${names.join(', ')}`,
      got: stranger,
      where,
      fix: near ? `Did you mean ${near}?` : undefined,
    });
  }
  return names.map((name) => {
    if (Object.hasOwn(values, name)) return values[name];
    if (missing !== null) return missing;
    throw new ConfigError({
      expected: `a number for each of ${names.join(', ')}`,
      got: `none for ${name}`,
      where,
      fix: 'A domain that is not to be drawn gets 0.',
    });
  });
}

/** Sequences of an epoch of each domain. Only a scheduler that needs totals may ask. */
export const sizesOf = (facts: Facts): number[] => facts.domains.map((d) => d.sequences ?? 0);

/** Planned steps. Errors: ConfigError for an open-ended run. */
export function plannedSteps(facts: Facts, where: string): number {
  if (facts.steps !== null) return facts.steps;
  throw new ConfigError({
    problem: `${where} is laid out over the whole run, and the number of steps is not given`,
    expected: 'the planned steps',
    got: 'an open-ended run',
    where,
    fix: 'Give the number of steps, as in --steps 10000.',
  });
}

/** Divided by their sum; 0 throughout where that is 0. */
export function shares(values: readonly number[]): number[] {
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((v) => (sum > 0 ? v / sum : 0));
}

/** Losses with what is missing put in: the domain's last one, else the mean of the others, else 0. */
export function filledIn(losses: readonly (number | null)[], before: readonly (number | null)[]): number[] {
  const known = losses.map((loss, i) => loss ?? before[i]);
  const present = known.filter((loss) => loss !== null);
  const mean = present.length > 0 ? present.reduce((a, b) => a + b, 0) / present.length : 0;
  return known.map((loss) => loss ?? mean);
}

/** Losses beyond this count as this, so that no sum of them leaves the numbers. */
const LARGEST_LOSS = 1e9;

export const bounded = (losses: readonly (number | null)[]): (number | null)[] =>
  losses.map((loss) => (loss === null ? null : Math.max(-LARGEST_LOSS, Math.min(LARGEST_LOSS, loss))));

/** exp(values), divided by their sum, times `factors` where given; a factor of 0 stays 0 whatever its value. */
export function softmax(values: readonly number[], factors: readonly number[] = values.map(() => 1)): number[] {
  const most = Math.max(...values.filter((_, i) => factors[i] > 0));
  return shares(values.map((v, i) => (factors[i] > 0 ? factors[i] * Math.exp(v - most) : 0)));
}
