import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { parseOptions } from '../../options.ts';
import type { Decision, Facts, Json, MixtureEvent, Scheduler } from '../scheduler.ts';
import { checkedWeights } from '../weights.ts';

const schema = z.strictObject({
  /** Domains of the old data. */
  domains: z.array(z.string()).min(1),
  /** Share of every step that is old, in all. */
  share: z.number().min(0).max(1).default(0.05),
});

/** Nothing is new. */
const ALL_OLD: Decision<Json> = { weights: [], state: null };

/**
 * Replay of old data at equal compute (Ibrahim et al. 2024, "Simple and Scalable Strategies to Continually Pre-train
 * Large Language Models"): a share of every step is old, and there is so much less that is new; the number of tokens
 * stays. The paper takes 5 % for a weak shift and 25 % for a strong one; 0.5 to 1 % takes away most of the forgetting.
 * Old domains are drawn in proportion to their size, new ones as another scheduler says, which does not see the old
 * ones. Where all is old, all that is drawn is. Errors: ConfigError for a domain that is not there.
 */
export function replay(of: Scheduler, options: z.input<typeof schema>): Scheduler {
  const { domains, share } = parseOptions(schema, options, 'replay()');
  const fresh = (facts: Facts): number[] => facts.domains.flatMap((d, i) => (domains.includes(d.name) ? [] : [i]));
  const only = (facts: Facts): Facts => ({ ...facts, domains: fresh(facts).map((i) => facts.domains[i]) });
  const joined = (facts: Facts, inner: Decision<Json>): Decision<Json> => {
    const own = fresh(facts);
    // One that does not need totals may give a weight to a domain that turns out to be empty.
    const given = inner.weights.map((w, i) => (facts.domains[own[i]].sequences === 0 ? 0 : w));
    const weights = own.length === 0 ? [] : checkedWeights(of.name, only(facts), given);
    const old = facts.domains.filter((d) => domains.includes(d.name));
    const size = (d: Facts['domains'][number]): number => d.sequences ?? 1;
    const all = old.reduce((n, d) => n + size(d), 0);
    if (all === 0)
      throw new ConfigError({ expected: 'old data to replay', got: 'none', where: `domains ${domains.join(', ')}` });
    const by = (values: readonly number[], i: number): number => values[own.indexOf(i)];
    return {
      weights: facts.domains.map((d, i) => (own.includes(i) ? (1 - share) * by(weights, i) : (share * size(d)) / all)),
      ...(inner.lossWeights && {
        lossWeights: facts.domains.map((_, i) => (own.includes(i) ? by(inner.lossWeights!, i) : 1)),
      }),
      state: inner.state,
    };
  };
  const seen = (event: MixtureEvent, facts: Facts): MixtureEvent => {
    const own = <T>(values: readonly T[]): T[] => fresh(facts).map((i) => values[i]);
    return event.type === 'step'
      ? { ...event, drawn: own(event.drawn), epochs: own(event.epochs) }
      : { ...event, losses: own(event.losses) };
  };
  return {
    name: 'replay',
    version: 1,
    options: { domains, share, of: { name: of.name, version: of.version, options: of.options } },
    needsTotals: true,
    needsLosses: of.needsLosses,
    start(facts) {
      const stranger = domains.find((name) => !facts.domains.some((d) => d.name === name));
      if (stranger !== undefined)
        throw new ConfigError({
          expected: `a domain: ${facts.domains.map((d) => d.name).join(', ')}`,
          got: stranger,
          where: 'replay()',
        });
      return joined(facts, fresh(facts).length === 0 ? ALL_OLD : of.start(only(facts)));
    },
    next: (state, event, facts) =>
      joined(facts, fresh(facts).length === 0 ? ALL_OLD : of.next(state, seen(event, facts), only(facts))),
  };
}
