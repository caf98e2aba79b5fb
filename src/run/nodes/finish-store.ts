import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { deleteAll } from '../../files/stores/delete-all.ts';
import type { SharedFolder } from '../../files/stores/shared-folder.ts';
import { joinKey } from '../../files/stores/url.ts';
import { attemptLog, attemptName, attemptsOf } from '../../ledger/fleet-commits.ts';
import { SIDE_FILES } from '../../ledger/stored/restore.ts';
import { type CommittedFile, commitLine, commitLines } from '../../streams/commits/log.ts';
import { RunDirectory } from '../directory/run-directory.ts';
import type { StoreSide } from '../directory/store-side.ts';
import { AttemptStore } from './attempt-store.ts';
import type { Claim } from './attempts.ts';

/**
 * The run directory that a finisher joins shards in. In a store shards get their final names at once, because whoever
 * makes them makes the same bytes, and the commits of each finisher are in a log of its own; what they replace stays
 * until run.json says that the run is done.
 */
export async function openEnd(run: SharedFolder, claim: Claim): Promise<RunDirectory> {
  if (run.stored === null) return RunDirectory.open(run.path);
  await appendJoined(run, claim);
  return RunDirectory.open(run.path, new FinishStore(run, claim.folder, await run.version('run.json')));
}

/** What earlier finishers have joined. */
async function appendJoined(run: SharedFolder, { attempt, folder }: Claim): Promise<void> {
  const task = folder.slice(0, folder.lastIndexOf('/'));
  const known = new Set<string>();
  for (const earlier of (await attemptsOf(run, task)).filter((a) => a < attempt)) {
    const log = await attemptLog(run, `${task}/${attemptName(earlier)}`);
    for await (const { commit } of commitLines(log, { repair: false })) {
      const name = `${commit.phase} ${commit.split}`;
      if (!known.has(name)) await appendFile(join(run.path, 'commits.jsonl'), await commitLine(commit));
      known.add(name);
    }
  }
}

class FinishStore implements StoreSide {
  readonly url: string;
  readonly done = false;
  #run: SharedFolder;
  #attempt: AttemptStore;
  /** Of run.json. */
  #version: string | null;

  constructor(run: SharedFolder, attempt: string, version: string | null) {
    [this.#run, this.#version] = [run, version];
    this.url = run.name;
    this.#attempt = new AttemptStore(run, attempt, '');
  }

  upload(phase: string, files: readonly CommittedFile[]): Promise<void> {
    return this.#attempt.upload(phase, files);
  }

  commit(lines: readonly string[]): Promise<void> {
    return this.#attempt.commit(lines);
  }

  remove(): void {}

  /** The plan is there. */
  async putFiles(): Promise<void> {}

  async putRunJson(text: string, done: boolean): Promise<void> {
    if (done) await this.#attempt.putFiles(['commits.jsonl', ...SIDE_FILES.filter((name) => name !== 'plan.jsonl')]);
    const result = await this.#run.put(
      'run.json',
      text,
      this.#version === null ? 'absent' : { version: this.#version },
    );
    if (!result.written)
      throw new InputError({
        problem: 'another process has finished this run, or planned it anew',
        expected: 'run.json as it was when this process began',
        got: 'another version of it',
        where: `${this.#run.name}/run.json`,
        fix: 'Nothing: see sluice status.',
      });
    this.#version = result.version;
  }

  async close(): Promise<void> {}
}

/** Deletes what lies below a folder of a store. */
export async function deleteBelow({ stored }: SharedFolder, folder: string): Promise<void> {
  const { store, prefix } = stored!;
  const keys: string[] = [];
  for await (const object of store.list(joinKey(prefix, `${folder}/`))) if ('key' in object) keys.push(object.key);
  await deleteAll(store, keys);
}
