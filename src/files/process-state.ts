import { readdir, readFile } from 'node:fs/promises';

/** What the system tells of a process. */
export interface ProcessState {
  /** Start time in clock ticks: a process id is used again after a restart. Null where the system does not tell. */
  readonly started: string | null;
  /** All of its threads have ended, and nobody has asked how: a container may have nobody who ever does. */
  readonly ended: boolean;
}

const UNKNOWN: ProcessState = { started: null, ended: false };

/** Of a process of this machine; nothing is known where there is no such process or no /proc. */
export async function processState(pid: number): Promise<ProcessState> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ended = fields[0] === 'Z' && (await readdir(`/proc/${pid}/task`)).length <= 1;
    return { started: fields[19] ?? null, ended };
  } catch (error) {
    // Gone, hidden, or another system.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) return UNKNOWN;
    throw error;
  }
}
