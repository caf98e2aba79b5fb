import { join } from 'node:path';
import { lockHolder } from '../../files/lock.ts';
import { splitPhase, splitPhaseNumber } from '../../streams/commits/phase.ts';
import type { CommitStore } from '../../streams/commits/store.ts';
import { isBarrier } from '../../streams/operator.ts';
import { isFleet } from '../fleet-commits.ts';
import { committedTotals, type RunFolder } from '../run-folder.ts';
import { alertsOf } from './alerts.ts';
import { readRecords } from './records.ts';
import type { LiveFacts, RunStatus } from './state.ts';
import { TimeBook } from './time-book.ts';

/** The records of a run, added up. */
export async function bookOf(run: string): Promise<TimeBook> {
  const book = new TimeBook();
  for await (const line of readRecords(run)) book.take(line);
  return book;
}

/** Documents and bytes that came to the steps of each phase, by what is committed. */
export function arrivedOf(commits: CommitStore, phases: number): { documents: number; bytes: number }[] {
  const arrived = Array.from({ length: phases }, () => ({ documents: 0, bytes: 0 }));
  for (const head of commits.all) {
    const phase = splitPhaseNumber(head);
    if (phase === null || phase >= phases) continue;
    const came = phase === 0 ? head.counted?.read : commits.get(splitPhase(phase - 1), head.split)?.counted?.passed;
    arrived[phase].documents += came?.documents ?? 0;
    arrived[phase].bytes += came?.bytes ?? 0;
  }
  return arrived;
}

export const phaseCount = (folder: Pick<RunFolder, 'steps'>): number => folder.steps.filter(isBarrier).length + 1;

/** Facts of a run from its directory alone. A run in work by another process is seen as it is committed. */
export async function folderFacts(folder: RunFolder, book?: TimeBook): Promise<LiveFacts> {
  const { run, steps, commits, path } = folder;
  const times = book ?? (await bookOf(path));
  const status = await statusOf(folder);
  const isCommitted = (phase: number, split: number): boolean => commits.has(splitPhase(phase), split);
  const phases = phaseCount(folder);
  const last = splitPhase(phases - 1);
  const done = Array.from({ length: phases }, (_, p) => commits.of(splitPhase(p)).size);
  const splits = Math.max(1, run.splits);
  const open = done.findIndex((n) => n < splits);
  const number = times.phase ?? (open < 0 ? phases - 1 : open);
  return {
    run,
    steps,
    status,
    counters: committedTotals(folder),
    arrived: arrivedOf(commits, phases),
    phases: times.at(times.t, []),
    decided: times.decided,
    threads: times.threads,
    generators: times.generators,
    sample: times.sample,
    progress: {
      phase: phaseTitle(steps, number),
      phaseNumber: number,
      phases,
      splitsDone: done[number] ?? commits.of(last).size,
      splits: run.splits,
      share: Math.min(1, done.reduce((n, d) => n + d, 0) / (splits * phases)),
      bytesPerSecond: null,
      etaSeconds: null,
      seconds: times.t,
    },
    alerts: alertsOf(times.windows(isCommitted)),
    stopped: status === 'done' ? null : (run.guards?.stopped ?? null),
    error: null,
  };
}

function phaseTitle(steps: RunFolder['steps'], phase: number): string {
  const barriers = steps.filter(isBarrier);
  const [before, after] = [barriers[phase], barriers[phase - 1]];
  return before ? `before ${before.step}` : after ? `after ${after.step}` : 'curate';
}

async function statusOf({ run, path }: RunFolder): Promise<RunStatus> {
  if (run.status === 'done') return 'done';
  // Who works on it is told by heartbeats; see its shards.
  if (isFleet(path)) return 'running';
  if ((await lockHolder(join(path, 'lock'))) !== null) return 'running';
  return run.guards?.stopped ? 'guard' : 'interrupted';
}
