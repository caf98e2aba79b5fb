import { statSync } from 'node:fs';
import { ConfigError } from '../../errors.ts';
import { shownUrl } from '../../files/stores/url.ts';

interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

/** Each reason to skip files, with the first of them and how many more; those of most files first. */
export function skippedReasons(skipped: readonly SkippedFile[]): string[] {
  const by = new Map<string, { files: number; first: string }>();
  for (const { path, reason } of skipped) {
    const seen = by.get(reason) ?? { files: 0, first: path };
    by.set(reason, { ...seen, files: seen.files + 1 });
  }
  return [...by]
    .sort(([, a], [, b]) => b.files - a.files)
    .map(([reason, { files, first }]) => `${first}${files > 1 ? ` and ${files - 1} more` : ''}: ${reason}`);
}

/**
 * An input without a file to read: every file was skipped, or none was found.
 * @param where the option or the command
 */
export function nothingToRead(
  patterns: readonly string[],
  skipped: readonly SkippedFile[],
  where = '--input',
): ConfigError {
  const [only] = patterns;
  const isFolder = patterns.length === 1 && statSync(only, { throwIfNoEntry: false })?.isDirectory() === true;
  let fix = 'Check the path; quote globs so that the shell does not expand them.';
  if (skipped.length > 0) fix = `Skipped ${skippedReasons(skipped).join('; ')}.`;
  else if (isFolder) fix = 'Name a folder or a glob with JSONL, Parquet, CSV, WARC, Arrow or text files in it.';
  return new ConfigError({
    expected: 'at least one file to read',
    got:
      isFolder && skipped.length === 0
        ? `none in the folder ${only}`
        : `none that matches ${patterns.map(shownUrl).join(' ')}`,
    where,
    fix,
  });
}
