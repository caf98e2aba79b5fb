import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runAnswers } from './answers.ts';
import { type FleetView, watchFleet } from './fleet-cell.ts';
import { followFolder } from './follow-folder.ts';
import { StateSource } from './live-source.ts';
import { sideFiles } from './side-files.ts';

const EVERY_MS = 1000;

export interface ServedRun {
  readonly source: StateSource;
  close(): Promise<void>;
}

/**
 * The live page of a folder: of a run, of a feed (its mixture log), of a training (its scalars.csv), or of what stands
 * beside a run. Follows what is in work elsewhere. Errors: those of `openRunFolder`.
 * @param wrong told of later errors
 */
export async function serveRun(folder: string, wrong: (error: unknown) => void): Promise<ServedRun> {
  const path = resolve(folder);
  const answers = runAnswers(() => path);
  const side = sideFiles(path);
  const source = new StateSource({ ...answers.api, ...side.api });
  const isRun = existsSync(join(path, 'run.json')) || (await side.cells()).every(([, cell]) => cell === null);
  const unfollow = isRun ? await followFolder(path, (state) => source.show(state), wrong) : () => {};
  let fleet: FleetView | null = null;
  const beside = async () => [...(await side.cells()), ['fleet', fleet] as const];
  source.showBeside(await beside());
  const timer = setInterval(() => void besides(source, beside, wrong), EVERY_MS);
  const unwatch = watchFleet(
    path,
    (view) => {
      fleet = view;
    },
    wrong,
  );
  return {
    source,
    async close() {
      clearInterval(timer);
      unwatch();
      unfollow();
      await answers.close();
    },
  };
}

async function besides(
  source: StateSource,
  cells: () => Promise<readonly (readonly [string, unknown])[]>,
  wrong: (error: unknown) => void,
): Promise<void> {
  try {
    source.showBeside(await cells());
  } catch (error) {
    wrong(error);
  }
}
