/** Of a process besides its buffers, in mebibytes: Node, the code, encoders; four threads. */
const PROCESS_MIB = 512;

/** Of each further thread. */
const THREAD_MIB = 64;

/** What a task takes beside its buffer budget. */
export interface JobSize {
  /** Buffer budget, in bytes. */
  readonly memory: number;
  /** Threads. */
  readonly cpus: number;
  /** The recipe runs models: with `--memory` all model workers together may hold that once more. */
  readonly models: boolean;
}

/** Mebibytes to ask a scheduler for. */
export const jobMebibytes = ({ memory, cpus, models }: JobSize): number =>
  Math.ceil((memory * (models ? 2 : 1)) / 2 ** 20) + PROCESS_MIB + THREAD_MIB * Math.max(0, cpus - 4);
