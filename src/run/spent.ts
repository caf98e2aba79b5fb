import type { Subscriber } from 'rxjs';
import type { RecordsFile } from './directory/records-file.ts';
import type { RunEvent } from './events.ts';
import type { SplitPool } from './split/split-pool.ts';

/** Says what generators have spent and external filters have done, at the end of a start. */
export async function tellSpent(pool: SplitPool, out: Subscriber<RunEvent>): Promise<void> {
  for (const [step, status] of await pool.generators()) out.next({ type: 'generated', step, status });
  for (const [step, status] of pool.filters()) out.next({ type: 'filter', step, ended: true, status });
}

const EVERY_MS = 1000;

/** Records where generators stand in events.jsonl, once a second where that has changed. Returns how to end it. */
export function watchSpent(pool: SplitPool, records: RecordsFile): () => Promise<void> {
  const last = new Map<string, string>();
  const look = async (): Promise<void> => {
    for (const [step, status] of await pool.generators()) {
      const said = JSON.stringify(status);
      if (last.get(step) === said) continue;
      last.set(step, said);
      records.appendLater({ record: 'generator', step, ...status });
    }
  };
  // A generator that cannot be opened has said so to the stage that asked.
  const timer = setInterval(() => void look().catch(() => {}), EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    // As above.
    await look().catch(() => {});
  };
}

/** The last of both for events.jsonl, ahead of its `end`. @param unwatch of `watchSpent` */
export async function recordSpent(pool: SplitPool, records: RecordsFile, unwatch: () => Promise<void>): Promise<void> {
  await unwatch();
  for (const [step, status] of pool.filters()) records.appendLater({ record: 'filter', step, ...status });
}
