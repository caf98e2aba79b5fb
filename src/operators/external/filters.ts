import type { StepDescriptor } from '../../streams/operator.ts';
import { type FilterPool, type FilterStatus, openFilterPool } from './filter-pool.ts';
import { type FilterAnswer, type FilterRequest, settingsOf } from './request.ts';

/** The external filters of a run or a pipe, started when the first of their documents comes. */
export interface Filters {
  ask(step: StepDescriptor, request: FilterRequest, signal: AbortSignal): Promise<FilterAnswer>;
  /** By step; none for a step that has not been asked. */
  status(): ReadonlyMap<string, FilterStatus>;
  close(): Promise<void>;
}

/**
 * Processes that a step has: no more than there are workers and than it asks for itself, nor than have room in memory,
 * but one at least.
 */
export function processesOf(step: StepDescriptor, workers: number, memory: number): number {
  const { processes, memory: each } = settingsOf(step);
  return Math.max(1, Math.min(workers, processes ?? workers, Math.floor(memory / each)));
}

/** @param told once for each step, when its first process is to be started */
export function openFilters(
  workers: number,
  memory: number,
  told: (step: string, status: FilterStatus) => void = () => {},
): Filters {
  const pools = new Map<string, FilterPool>();
  const poolOf = (descriptor: StepDescriptor): FilterPool => {
    const known = pools.get(descriptor.step);
    if (known) return known;
    const pool = openFilterPool(descriptor, processesOf(descriptor, workers, memory));
    pools.set(descriptor.step, pool);
    told(descriptor.step, pool.status());
    return pool;
  };
  return {
    ask: (descriptor, request, signal) => poolOf(descriptor).ask(request, signal),
    status: () => new Map([...pools].map(([step, pool]) => [step, pool.status()])),
    async close() {
      await Promise.all([...pools.values()].map((p) => p.close()));
    },
  };
}
