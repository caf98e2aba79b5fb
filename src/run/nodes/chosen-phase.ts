import { ConfigError } from '../../errors.ts';
import type { Fleet, FleetPhase } from './fleet.ts';
import { undone } from './outcome.ts';

/** The phase that was asked for, or the first that is not complete; null when all are. */
export async function chosenPhase(
  { shared, name }: Fleet,
  phases: readonly FleetPhase[],
  wanted: string | undefined,
): Promise<FleetPhase | null> {
  let first: FleetPhase | null = null;
  for (const phase of phases) {
    if ((await undone(shared, phase)).length === 0) continue;
    first = phase;
    break;
  }
  if (wanted === undefined) return first;
  const phase = phases.find((p) => p.name === wanted);
  if (phase === undefined)
    throw new ConfigError({
      expected: `a phase of this run (${phases.map((p) => p.name).join(', ')})`,
      got: wanted,
      where: '--phase',
      fix: 'Name one of these, or leave --phase out: the first that is not complete is taken.',
    });
  if (first !== null && phases.indexOf(first) < phases.indexOf(phase))
    throw new ConfigError({
      expected: `${first.name} to be complete before ${wanted} begins`,
      got: `shards of ${first.name} that are not done`,
      where: name,
      fix: `sluice status ${name} says which; run them, then this phase.`,
    });
  return phase;
}
