import { existsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { atOnce } from '../../files/stores/at-once.ts';
import type { SharedFolder } from '../../files/stores/shared-folder.ts';
import { joinKey } from '../../files/stores/url.ts';
import { logPath } from '../../ledger/fleet-commits.ts';
import type { CommittedFile } from '../../streams/commits/log.ts';
import { RunDirectory } from '../directory/run-directory.ts';
import type { StoreSide } from '../directory/store-side.ts';

/** Files that are put at once: each is held in memory, or 64 MB of it. */
const UPLOADS = 4;
/** A log goes on in another object from here on: every line is put with those before it. */
const LOG_BYTES = 128 * 1024;

/**
 * The side in the store of what one attempt writes: its files first, then the line that makes them true, as the end of
 * a log that only this attempt puts, over the version that it put before. What has arrived is not kept here.
 */
export class AttemptStore implements StoreSide {
  readonly url: string;
  readonly done = false;
  #run: SharedFolder;
  #attempt: string;
  #root: string;
  #log = { number: 0, text: '', version: null as string | null };
  #putting = 0;
  #queued: (() => void)[] = [];

  /**
   * @param attempt its folder, relative to the run @param root folder that the paths of its files are relative to;
   *   default: its own
   */
  constructor(run: SharedFolder, attempt: string, root = attempt) {
    [this.#run, this.#attempt, this.#root] = [run, attempt, root];
    this.url = `${run.name}/${attempt}`;
  }

  async upload(_phase: string, files: readonly CommittedFile[]): Promise<void> {
    await atOnce(files, UPLOADS, async ({ path }) => {
      while (this.#putting >= UPLOADS) await new Promise<void>((next) => this.#queued.push(next));
      this.#putting++;
      try {
        await putFile(this.#run, this.#in(path));
        await rm(join(this.#run.path, this.#in(path)));
      } finally {
        this.#putting--;
        this.#queued.shift()?.();
      }
    });
  }

  async commit(lines: readonly string[]): Promise<void> {
    if (this.#log.text.length >= LOG_BYTES) this.#log = { number: this.#log.number + 1, text: '', version: null };
    const { number, version } = this.#log;
    const text = this.#log.text + lines.join('');
    const result = await this.#run.put(logPath(this.#attempt, number), text, version === null ? 'absent' : { version });
    if (!result.written)
      throw new InputError({
        expected: 'the log of this attempt as this process put it last',
        got: 'another one, or none: the run was finished or planned anew meanwhile',
        where: `${this.#run.name}/${logPath(this.#attempt, number)}`,
        fix: 'Nothing, if that was meant; sluice status says how the run stands.',
      });
    this.#log = { number, text, version: result.version };
  }

  /** What is replaced is deleted when the run is finished. */
  remove(): void {}

  async putFiles(names: readonly string[]): Promise<void> {
    const there = names.map((name) => this.#in(name)).filter((path) => existsSync(join(this.#run.path, path)));
    await atOnce(there, UPLOADS, (path) => putFile(this.#run, path));
  }

  putRunJson(): Promise<void> {
    throw new Error('an attempt has no run.json');
  }

  async close(): Promise<void> {}

  #in(path: string): string {
    return this.#root === '' ? path : `${this.#root}/${path}`;
  }
}

/** Puts a file of this machine at its path in the store. */
export async function putFile({ stored, path: folder }: SharedFolder, path: string): Promise<void> {
  const file = join(folder, path);
  await stored!.store.put(joinKey(stored!.prefix, path), { file, size: statSync(file).size });
}

/** The folder of an attempt for its commits, whose files go to the store if it is one. */
export const openAttempt = (run: SharedFolder, attempt: string): Promise<RunDirectory> =>
  RunDirectory.open(join(run.path, attempt), run.stored && new AttemptStore(run, attempt));
