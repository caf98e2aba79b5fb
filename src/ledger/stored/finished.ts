import { ConfigError } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import { shellWord } from '../../safe-text.ts';
import { readStored, runPlace } from './restore.ts';
import { viewOfStored } from './view.ts';

/**
 * The folder that a run is read from by what cannot follow a store: a folder as it is given; of a finished run in a
 * store one of this machine, with all of its tables. Errors: ConfigError for a run in a store that is not finished.
 * @param command that asks, as `sluice serve`
 */
export async function folderOfFinished(given: string, command: string): Promise<string> {
  if (!isUrl(given)) return given;
  const { json, done } = await readStored(runPlace(given));
  if (json !== null && !done)
    throw new ConfigError({
      problem: `${command} reads a run in a store once it is finished, and this one is not`,
      expected: 'a finished run, or one in a folder',
      got: 'a run in a store that is still worked on',
      where: given,
      fix: `Until then: sluice status ${shellWord(given)} (with --steps what comes through each step).`,
    });
  return viewOfStored(given, () => true);
}
