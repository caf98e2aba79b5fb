import type { Fleet } from './fleet.ts';

/** Things that are kept: those of the tasks of one phase. */
const MOST = 4;

const known = new WeakMap<Fleet, Map<string, Promise<unknown>>>();

/**
 * What never changes and every task of a phase asks for, made once by a process; the last few are kept.
 * @param name of it in this run
 */
export function remembered<T>(fleet: Fleet, name: string, make: () => Promise<T>): Promise<T> {
  const all = known.get(fleet) ?? new Map<string, Promise<unknown>>();
  known.set(fleet, all);
  const value = (all.get(name) as Promise<T> | undefined) ?? make();
  all.delete(name);
  all.set(name, value);
  // Whoever waits is told why; it is tried again.
  value.catch(() => all.delete(name));
  for (const old of [...all.keys()].slice(0, -MOST)) all.delete(old);
  return value;
}
