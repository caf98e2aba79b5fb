import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { loadXxhash } from '../../hash.ts';
import { type CommittedFile, liveFiles } from './log.ts';
import type { CommitStore } from './store.ts';

interface Committed {
  readonly path: string;
  readonly commits: CommitStore;
  /** Only the files of this sink. */
  readonly sink?: string;
}

/** The files of tables, which say in commits.jsonl what they hold; those of barriers do not. */
const filesOf = ({ commits, sink }: Committed): CommittedFile[] =>
  liveFiles(commits.all, sink).filter((f) => f.xxh64 !== '');

/**
 * Compares the size of every committed file with what was committed. Costs nothing. Errors: InputError for the first
 * that is gone or has another size.
 * @param absent false while a run goes on: a file may be joined and deleted in between
 */
export function checkSizes(run: Committed, absent = true): void {
  for (const file of filesOf(run)) {
    const size = statSync(join(run.path, file.path), { throwIfNoEntry: false })?.size;
    if (size === file.bytes || (size === undefined && !absent)) continue;
    throw damaged(run.path, file, size === undefined ? 'no such file' : `${size} bytes`);
  }
}

/** So many bytes of a finished run are read whenever it is opened. */
export const CHECKED_BYTES = 256e6;

/** Reads every committed file to its end and compares its hash with what was committed. Errors: as of `checkSizes`. */
export async function checkBytes(run: Committed): Promise<{ readonly files: number; readonly bytes: number }> {
  checkSizes(run);
  const files = filesOf(run);
  await checkHashes(run, files);
  return { files: files.length, bytes: files.reduce((n, f) => n + f.bytes, 0) };
}

/**
 * As `checkBytes`, of the whole run where it has `most` bytes or less; else of as many files as are within that, those
 * changed last first, for what changed a file has left its time behind.
 */
export async function checkRecent(run: Committed, most = CHECKED_BYTES): Promise<void> {
  checkSizes(run);
  const changed = new Map(filesOf(run).map((file) => [file, statSync(join(run.path, file.path)).mtimeMs]));
  let left = most;
  const files = [...changed].sort(([, a], [, b]) => b - a).map(([file]) => file);
  await checkHashes(
    run,
    files.filter(({ bytes }) => {
      if (bytes > left) return false;
      left -= bytes;
      return true;
    }),
  );
}

async function checkHashes(run: Committed, files: readonly CommittedFile[]): Promise<void> {
  for (const file of files) {
    const hash = (await loadXxhash()).create64();
    const bytes = createReadStream(join(run.path, file.path), { highWaterMark: 1024 * 1024 });
    for await (const part of bytes) hash.update(part as Uint8Array);
    const xxh64 = hash.digest().toString(16).padStart(16, '0');
    if (xxh64 !== file.xxh64) throw damaged(run.path, file, `the same size, but other bytes (xxh64 ${xxh64})`);
  }
}

const damaged = (run: string, file: CommittedFile, got: string): InputError =>
  new InputError({
    expected: `${file.path} as it was committed (${file.bytes} bytes, xxh64 ${file.xxh64})`,
    got,
    where: run,
    fix: 'Another program or the disk changed it: restore the file, or run the recipe again with --fresh.',
  });
