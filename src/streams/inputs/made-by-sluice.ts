import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, InputError } from '../../errors.ts';
import { isReference } from '../../files/reference-record.ts';
import { checkFiles } from '../commits/damage.ts';
import { liveFiles } from '../commits/log.ts';
import { readCommitStore } from '../commits/store.ts';

/** What Sluice has made of a folder, by the record in it; null for any other folder. */
export type MadeFolder = 'finished run' | 'unfinished run' | 'model' | null;

export const isRun = (made: MadeFolder): boolean => made === 'finished run' || made === 'unfinished run';

/** Looks for run.json of a run or sluice.json of a model. @param folder absolute */
export function madeFolder(folder: string): MadeFolder {
  const run = recordIn(folder, 'run.json');
  if (run && typeof run.sluice === 'string' && typeof run.format === 'number' && typeof run.hashes === 'object')
    return run.status === 'done' ? 'finished run' : 'unfinished run';
  return isReference(recordIn(folder, 'sluice.json')) ? 'model' : null;
}

function recordIn(folder: string, name: string): { readonly [key: string]: unknown } | null {
  const path = join(folder, name);
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return null;
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as unknown;
    return typeof record === 'object' && record !== null ? (record as { [key: string]: unknown }) : null;
  } catch (error) {
    // Somebody's own file of that name.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * The documents that a finished run has kept, as paths relative to the run directory in input order. Errors:
 * ConfigError for a run that is not finished; InputError for documents that are not as they were committed.
 */
export async function documentsOfRun(folder: string): Promise<string[]> {
  if (madeFolder(folder) === 'unfinished run') {
    throw new ConfigError({
      expected: 'a finished run, to read the documents that it kept',
      got: 'one that is not finished',
      where: folder,
      fix: 'Run it to its end first, or name the files to read.',
    });
  }
  const commits = await readCommitStore(join(folder, 'commits.jsonl'), { repair: false });
  const files = liveFiles(commits.all, 'documents').filter((f) => f.rows > 0);
  const gone = files.find((f) => statSync(join(folder, f.path), { throwIfNoEntry: false })?.size !== f.bytes);
  if (gone === undefined) {
    await checkFiles({ path: folder, commits, sinks: ['documents'] });
    return files.map((f) => f.path);
  }
  throw new InputError({
    expected: `${gone.path} of ${gone.bytes} bytes, as the run committed it`,
    got: existsSync(join(folder, gone.path)) ? `${statSync(join(folder, gone.path)).size} bytes` : 'no such file',
    where: folder,
    fix: 'Restore it, or run it again with --fresh.',
  });
}
