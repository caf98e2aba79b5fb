import { isFleet } from '../../ledger/fleet-commits.ts';
import { openFleet } from '../nodes/fleet.ts';
import { type FleetFacts, fleetFacts } from '../nodes/state.ts';

/** Shards that the page names one by one. */
const NAMED = 100;
/** Between two lookings; one takes as long again, in which heartbeats are watched. */
const REST_MS = 5000;

/** How a run on many nodes stands, as the page shows it. */
export interface FleetView extends Omit<FleetFacts, 'phases'> {
  readonly phases: readonly Omit<FleetFacts['phases'][number], 'missing'>[];
  /** Of the phase in work: shards that somebody has begun, failed and slow ones first. */
  readonly tasks: FleetFacts['phases'][number]['missing'];
  /** More of them than are named. */
  readonly more: number;
}

export function fleetView({ phases, ...rest }: FleetFacts): FleetView {
  const begun = (phases.find((p) => p.phase === rest.next)?.missing ?? []).filter((t) => t.attempts > 0);
  const badness = (t: FleetView['tasks'][number]): number =>
    t.state === 'failed' ? 0 : t.state === 'silent' ? 1 : t.slow ? 2 : 3;
  const sorted = [...begun].sort((a, b) => badness(a) - badness(b) || a.task - b.task);
  return {
    ...rest,
    phases: phases.map(({ missing: _, ...p }) => p),
    tasks: sorted.slice(0, NAMED),
    more: Math.max(0, sorted.length - NAMED),
  };
}

/**
 * Looks at the shards of a run again and again until it is finished. Returns how to stop.
 * @param show told null once the run is finished @param wrong told what a look fails on
 */
export function watchFleet(
  path: string,
  show: (view: FleetView | null) => void,
  wrong: (error: unknown) => void,
): () => void {
  if (!isFleet(path)) return () => {};
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    try {
      const found = isFleet(path) ? fleetView(await fleetFacts(await openFleet(path))) : null;
      if (!stopped) show(found);
    } catch (error) {
      if (isFleet(path) && !stopped) wrong(error);
    }
    if (!stopped) timer = setTimeout(() => void look(), REST_MS);
  };
  void look();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
