import { safeText } from '../../safe-text.ts';
import { count, plural } from './format.ts';

interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

/** Sentences about files that were skipped: how many, then each reason with the first file, most files first. */
export function skippedSentences(skipped: readonly SkippedFile[]): string[] {
  if (skipped.length === 0) return [];
  const by = new Map<string, { files: number; first: string }>();
  for (const { path, reason } of skipped) {
    const seen = by.get(reason) ?? { files: 0, first: path };
    by.set(reason, { ...seen, files: seen.files + 1 });
  }
  const reasons = [...by].sort(([, a], [, b]) => b.files - a.files);
  return [
    `${plural(skipped.length, 'file or folder', 'files or folders')}:`,
    ...reasons.map(
      ([reason, { files, first }]) =>
        `${safeText(first)}${files > 1 ? ` and ${count(files - 1)} more` : ''}: ${safeText(reason)}`,
    ),
  ];
}
