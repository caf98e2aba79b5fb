import type { CommittedFile } from '../../streams/commits/log.ts';

/** What a run directory whose files belong into a store does there. */
export interface StoreSide {
  /** As it is shown. */
  readonly url: string;
  /** True of a run that was finished before. */
  readonly done: boolean;
  /** Puts the files of a commit, with those of others; they count with its line. */
  upload(phase: string, files: readonly CommittedFile[]): Promise<void>;
  /** Makes commits true, all of them or none. One call at a time, in order. @param lines newlines included */
  commit(lines: readonly string[]): Promise<void>;
  /** Of files that a commit has replaced. */
  remove(paths: readonly string[]): void;
  /** Puts small files of the folder, those that are there. */
  putFiles(names: readonly string[]): Promise<void>;
  /** Puts run.json. @param live files of the finished run */
  putRunJson(text: string, done: boolean, live: readonly CommittedFile[]): Promise<void>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}
