import type { Subscriber } from 'rxjs';
import type { RecordsFile } from './directory/records-file.ts';
import type { RunEvent } from './events.ts';
import type { SplitPool } from './split/split-pool.ts';

/** Says what generators have spent and external filters have done, at the end of a start. */
export async function tellSpent(pool: SplitPool, out: Subscriber<RunEvent>): Promise<void> {
  for (const [step, status] of await pool.generators()) out.next({ type: 'generated', step, status });
  for (const [step, status] of pool.filters()) out.next({ type: 'filter', step, ended: true, status });
}

/** The same of external filters for events.jsonl, ahead of its `end`. */
export function recordFilters(pool: SplitPool, records: RecordsFile): void {
  for (const [step, status] of pool.filters()) records.appendLater({ record: 'filter', step, ...status });
}
