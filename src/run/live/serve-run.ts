import { resolve } from 'node:path';
import { runAnswers } from './answers.ts';
import { followFolder } from './follow-folder.ts';
import { StateSource } from './live-source.ts';

/** The live page of a run directory; follows a run that is in work elsewhere. @param wrong told of later errors */
export async function serveRun(
  folder: string,
  wrong: (error: unknown) => void,
): Promise<{ readonly source: StateSource; close(): void }> {
  const answers = runAnswers(() => resolve(folder));
  const source = new StateSource(answers.api);
  const unfollow = await followFolder(resolve(folder), (state) => source.show(state), wrong);
  return {
    source,
    close() {
      unfollow();
      answers.close();
    },
  };
}
