import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { refuseCareless } from '../../files/stores/probe.ts';
import type { PutCondition } from '../../files/stores/store.ts';
import { isUrl } from '../../files/stores/url.ts';
import { writeWhole } from '../../files/whole.ts';
import { isFleet, NODES_FILE } from '../../ledger/fleet-commits.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { readStored } from '../../ledger/stored/restore.ts';
import { PLAN_FILE } from '../../streams/plan/plan-file.ts';
import { refuseBucketItself } from '../directory/mirror.ts';
import { openRunDirectory, type RunDirectory } from '../directory/run-directory.ts';
import { discardStored, foreignKey, refuseForeignPrefix } from '../directory/stored-discard.ts';
import { putFile } from './attempt-store.ts';
import { openShared } from './shared.ts';

/** Where a plan for many nodes goes. */
interface Place {
  /** As it is shown. */
  readonly name: string;
  /** Folder that the plan is written to. */
  readonly path: string;
  /** Takes the place for a new run, and deletes an earlier one where that was asked for. */
  take(): Promise<void>;
  /** The plan is written: run.json, then nodes.json. */
  write(run: RunJson, nodes: string): Promise<void>;
  close(how: { readonly failed: boolean }): Promise<void>;
}

/** Errors: ConfigError for a place that holds a run or something else, and for a store without conditional writes. */
export const openPlace = (output: string, fresh: boolean): Promise<Place> =>
  isUrl(output) ? inStore(output, fresh) : onDisk(output, fresh);

async function onDisk(output: string, fresh: boolean): Promise<Place> {
  const path = resolve(output);
  if (isFleet(path) && !fresh) throw planned(path);
  let directory: RunDirectory | null = null;
  return {
    name: path,
    path,
    async take() {
      const opened = await openRunDirectory(path, { fresh });
      ({ directory } = opened);
      // A planner that was killed has left run.json, and no commit log: that is one process's first act.
      if (opened.previous && existsSync(join(path, 'commits.jsonl')))
        throw holds(opened.previous.status === 'done', path);
    },
    async write(run, nodes) {
      await directory!.writeRunJson(run);
      await writeWhole(`${path}/${NODES_FILE}`, nodes);
    },
    close: async (how) => directory?.close(how),
  };
}

async function inStore(output: string, fresh: boolean): Promise<Place> {
  refuseBucketItself(output);
  const { shared, close } = await openShared(output);
  const place = shared.stored!;
  let when: PutCondition = 'absent';
  return {
    name: shared.name,
    path: shared.path,
    async take() {
      await refuseCareless(place.store, place.prefix);
      if (!fresh && (await shared.has(NODES_FILE))) throw planned(shared.name);
      const stored = await readStored(place);
      refuseForeignPrefix(place, stored, await foreignKey(place));
      if (stored.log.entries.length === 0 && !stored.done && !(await shared.has(NODES_FILE))) {
        // Nothing, or what a planner has left that was killed.
        when = stored.version === null ? 'absent' : { version: stored.version };
        return;
      }
      if (!fresh) throw holds(stored.done, shared.name);
      const entry = { format: 1, what: 'fresh', attempt: randomUUID(), at: new Date().toISOString() } as const;
      await discardStored(place, stored, entry);
    },
    async write(run, nodes) {
      const put = async (name: string, text: string, condition: PutCondition): Promise<void> => {
        if (!(await shared.put(name, text, condition)).written) throw planned(shared.name);
      };
      // The first: by it a planner that was killed is known.
      await put('run.json', `${JSON.stringify(run, null, 2)}\n`, when);
      await putFile(shared, PLAN_FILE);
      await put(NODES_FILE, nodes, 'absent');
    },
    close,
  };
}

const planned = (where: string): ConfigError =>
  new ConfigError({
    problem: 'this folder is already planned for many nodes',
    expected: 'a new folder: a plan never changes',
    got: 'one with nodes.json',
    where,
    fix: 'Go on with it (sluice status), choose another folder, or plan with --fresh to delete it.',
  });

const holds = (done: boolean, where: string): ConfigError =>
  new ConfigError({
    expected: 'a new folder',
    got: done ? 'a finished run' : 'the run directory of one process',
    where,
    fix: 'Choose another folder with --output, or plan with --fresh to delete the run in it.',
  });
