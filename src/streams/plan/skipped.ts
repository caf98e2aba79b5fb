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

/** What to do where every file was skipped, or none was found. */
export const nothingToRead = (skipped: readonly SkippedFile[]): string =>
  skipped.length > 0
    ? `Skipped ${skippedReasons(skipped).join('; ')}.`
    : 'Check the path; quote globs so that the shell does not expand them.';
