import * as z from 'zod';
import { ConfigError } from '../../errors.ts';
import { parseOptions } from '../../options.ts';
import { byDomain, inOrder, plannedSteps } from '../by-domain.ts';
import { inSegments } from '../segments.ts';

const phase = z.strictObject({
  /** Where it begins: a fraction of the planned steps. */
  from: z.number().min(0).lt(1),
  /** Domains that are not named are not drawn in this phase. */
  weights: byDomain,
});
const schema = z.strictObject({ phases: z.array(phase).min(1) });

/**
 * Weights in phases with hard switches: `{ phases: [{ from: 0, weights: {...} }, { from: 0.9, weights: {...} }] }`. The
 * first begins at 0; each domain has a weight in one of them at least. Needs the planned steps, unless there is one
 * phase only.
 */
export function phases(options: z.input<typeof schema>) {
  const checked = parseOptions(schema, options, 'phases()');
  const begins = checked.phases.map((p) => p.from);
  if (begins[0] !== 0 || begins.some((b, i) => i > 0 && b <= begins[i - 1]))
    throw new ConfigError({
      expected: 'phases that begin at rising fractions of the run, the first at 0',
      got: begins.join(', '),
      where: 'phases()',
    });
  return inSegments({
    name: 'phases',
    version: 1,
    options: checked,
    needsTotals: false,
    segments: (facts) => {
      const named = Object.assign({}, ...checked.phases.map((p) => p.weights));
      inOrder(named, facts, 'phases()');
      const steps = checked.phases.length === 1 ? 0 : plannedSteps(facts, 'phases()');
      return checked.phases.map((p) => ({
        from: Math.round(p.from * steps),
        weights: inOrder(p.weights, facts, 'phases()', 0),
      }));
    },
  });
}
