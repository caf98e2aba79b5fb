import { readFile, readlink } from 'node:fs/promises';
import { processState } from '../../files/process-state.ts';

/** Which process this is, among all machines: its boot, its container and its start. Null where the system hides it. */
export interface ProcessMark {
  readonly pid: number;
  readonly boot: string | null;
  readonly space: string | null;
  readonly started: string | null;
}

/** Null where the system has no such file, or does not show it. */
const unlessHidden = (error: NodeJS.ErrnoException): null => {
  if (['ENOENT', 'ESRCH', 'EACCES', 'EINVAL'].includes(error.code ?? '')) return null;
  throw error;
};

export async function processMark(): Promise<ProcessMark> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(unlessHidden);
  const space = await readlink('/proc/self/ns/pid').catch(unlessHidden);
  return { pid: process.pid, boot: boot?.trim() ?? null, space, started: (await processState(process.pid)).started };
}

/**
 * Whether a process lives, where this one can see it: on the same boot of the same machine and in the same container.
 * Null where it cannot: pods of other machines may have our host name and our process id.
 */
export async function aliveHere(mark: ProcessMark): Promise<boolean | null> {
  const own = await processMark();
  if (mark.boot === null || mark.space === null || mark.started === null) return null;
  if (mark.boot !== own.boot || mark.space !== own.space) return null;
  const { started, ended } = await processState(mark.pid);
  return !ended && started === mark.started;
}
