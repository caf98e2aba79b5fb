import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isFleet } from '../../ledger/fleet-commits.ts';

/** A run on many nodes has a log for every attempt: instead of looking at all of them it is read anew so often. */
const FLEET_MS = 5000;

/** Changes whenever one of these files of a run does; of a run on many nodes with time. */
export function signOf(path: string, names: readonly string[]): string {
  const own = names.map((name) => {
    const stat = statSync(join(path, name), { throwIfNoEntry: false });
    return stat ? `${stat.size}.${stat.mtimeMs}` : '-';
  });
  if (isFleet(path)) own.push(String(Math.floor(performance.now() / FLEET_MS)));
  return own.join(' ');
}
