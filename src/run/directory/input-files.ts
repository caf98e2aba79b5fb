import { statSync } from 'node:fs';
import { InputError } from '../../errors.ts';
import { isUrl } from '../../files/stores/url.ts';
import type { PlannedFile } from '../../streams/plan/splits.ts';

/**
 * Errors: InputError when one of the files is gone, or has another size or time than when the run was planned. Called
 * before and after a split is read, so that what is committed comes from the files that run.json names.
 */
export function refuseChangedFiles(files: readonly PlannedFile[]): void {
  for (const { path, absolutePath, size, mtimeMs } of files) {
    // Every read of an object in a store asks for its version.
    if (isUrl(absolutePath)) continue;
    const now = statSync(absolutePath, { throwIfNoEntry: false });
    // The time of the copy of standard input is not recorded.
    if (now?.size === size && (mtimeMs === 0 || now.mtimeMs === mtimeMs)) continue;
    throw new InputError({
      expected: `${path} as it was when the run was planned: ${factsOf({ size, mtimeMs })}`,
      got: now === undefined ? 'no such file any more' : factsOf(now),
      where: absolutePath,
      fix:
        'Restore the file with its time and run the same command again, or start over with --fresh (a planned run: ' +
        'plan it again) once nothing writes to the input.',
    });
  }
}

const factsOf = ({ size, mtimeMs }: Pick<PlannedFile, 'size' | 'mtimeMs'>): string =>
  `${size} bytes${mtimeMs === 0 ? '' : `, changed ${new Date(mtimeMs).toISOString()}`}`;
