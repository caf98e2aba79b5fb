import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AskerStatus } from '../../models/generators/asker.ts';
import type { FilterStatus } from '../../operators/external/filter-pool.ts';
import type { DropWindow } from '../../streams/commits/windows.ts';

export const RECORDS_FILE = 'events.jsonl';

/**
 * A line of events.jsonl: times and rates, which no other file of a run has. `t` is in seconds of work, added up over
 * interruptions.
 */
export type RunRecord =
  | StartRecord
  | { readonly record: 'phase'; readonly t: number; readonly phase: number }
  | {
      /** Written before the commit of the split; one that is not committed has been done again since. */
      readonly record: 'split';
      readonly t: number;
      readonly phase: number;
      readonly split: number;
      /** Milliseconds: reading, each step of the phase, writing (or its barrier), what is none of these. */
      readonly times: readonly number[];
      readonly windows: readonly DropWindow[];
    }
  | { readonly record: 'decide'; readonly t: number; readonly step: string; readonly seconds: number }
  /** What the processes of an external filter did in one start of the run. */
  | ({ readonly record: 'filter'; readonly t: number; readonly step: string } & FilterStatus)
  /** Where a step with a generator stood, once a second: as the event `generated`. */
  | ({ readonly record: 'generator'; readonly t: number; readonly step: string } & AskerStatus)
  | SampleRecord
  /** Segments were joined into shards, after the end of the last phase. */
  | { readonly record: 'join'; readonly t: number; readonly seconds: number }
  | { readonly record: 'end'; readonly t: number; readonly how: EndedHow };

export interface StartRecord {
  readonly record: 'start';
  readonly t: number;
  readonly format: 1;
  readonly at: string;
  readonly threads: number;
  /** Seconds before `t` began: from the start of the process, where that is a command, and to plan. */
  readonly before?: { readonly load: number | null; readonly plan: number };
}

export type EndedHow = 'done' | 'stopped' | 'guard' | 'failed';

/** How far the run was at a moment, about one a second: the points of its curves. */
export interface SampleRecord {
  readonly record: 'sample';
  readonly t: number;
  readonly read: number;
  readonly kept: number;
  readonly dropped: number;
  readonly quarantined: number;
  /** Bytes of text read, and of text that went through all steps of a phase. */
  readonly textBytes: number;
  readonly doneBytes: number;
  /** Of the process. */
  readonly memoryBytes: number;
}

/**
 * The records of a run, in the order they were written; none where there is no file (runs of earlier versions). A line
 * that a kill cut off is passed over: the next start begins a new one.
 */
export async function* readRecords(run: string): AsyncGenerator<RunRecord> {
  const path = join(run, RECORDS_FILE);
  if (!existsSync(path)) return;
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    const record = recordOf(line);
    if (record) yield record;
  }
}

/** The same at once, for who must not miss what is appended meanwhile. */
export function recordsNow(run: string): RunRecord[] {
  const path = join(run, RECORDS_FILE);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => recordOf(line) ?? []);
}

function recordOf(line: string): RunRecord | null {
  try {
    const record = JSON.parse(line) as RunRecord;
    return typeof record?.record === 'string' && typeof record.t === 'number' ? record : null;
  } catch {
    // Cut off by a kill.
    return null;
  }
}
