import { createReadStream, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { loadXxhash } from '../../hash.ts';
import { type CommittedFile, liveFiles } from './log.ts';
import type { CommitStore } from './store.ts';
import { addVerified, readVerified, type Stamp } from './verified.ts';

interface Committed {
  readonly path: string;
  readonly commits: CommitStore;
  /** Only the files of these sinks. */
  readonly sinks?: readonly string[];
}

/** A file of the run, when it was committed, and what the disk says of it. */
interface Lying {
  readonly file: CommittedFile;
  readonly committedMs: number;
  readonly stats: Stats;
}

/**
 * The files of tables, which say in commits.jsonl what they hold; those of barriers do not. Errors: InputError for the
 * first that is gone or has another size.
 * @param absent false while a run goes on: a file may be joined and deleted in between
 */
function filesOf({ path, commits, sinks }: Committed, absent: boolean): Lying[] {
  const live = liveFiles(commits.all).filter((f) => f.xxh64 !== '' && (sinks?.includes(f.sink) ?? true));
  const times = new Map(commits.all.flatMap(({ files, at }) => files.map((f) => [f.path, Date.parse(at)])));
  return live.flatMap((file) => {
    const stats = statSync(join(path, file.path), { throwIfNoEntry: false });
    if (stats === undefined && !absent) return [];
    if (stats?.size === file.bytes) return [{ file, committedMs: times.get(file.path)!, stats }];
    throw damaged(path, file, stats === undefined ? 'no such file' : `${stats.size} bytes`);
  });
}

/** Compares sizes only. Errors: as of `checkFiles`. */
export const checkSizes = (run: Committed): void => void filesOf(run, true);

/** So many bytes of a finished run are read whenever it is opened. */
export const CHECKED_BYTES = 256e6;

/** Reads every committed file to its end and compares its hash with what was committed. Errors: as of `checkFiles`. */
export async function checkBytes(run: Committed): Promise<{ readonly files: number; readonly bytes: number }> {
  const files = filesOf(run, true);
  await checkHashes(run.path, files);
  const bytes = sum(files);
  if (bytes > CHECKED_BYTES) await addVerified(run.path, stampsOf(files));
  return { files: files.length, bytes };
}

export interface CheckOptions {
  /** The run has ended: no file is absent, and `most` bytes are read. Default true. */
  readonly done?: boolean;
  /** Bytes of a finished run that are read in any case. Default CHECKED_BYTES. */
  readonly most?: number;
}

/**
 * Compares the files of a run with what was committed:
 * - the size of every file;
 * - all bytes of every file that something wrote to, put in its place or copied since its commit, as its time of change
 *   (ctime) says, however large it is. Those of a run of more than `most` bytes that were right are remembered in
 *   `verified.json`, by that time, so that a copied run is read once;
 * - of a finished run further files, those changed last first, up to `most` bytes in all: the whole of a smaller run.
 * What a disk changes by itself in a larger run leaves no time behind: `checkBytes` finds that. Errors: InputError for
 * the first file that is gone, or has another size or other bytes.
 */
export async function checkFiles(run: Committed, { done = true, most = CHECKED_BYTES }: CheckOptions = {}) {
  const files = filesOf(run, done);
  const small = sum(files) <= most;
  const known = small ? {} : readVerified(run.path);
  const touched = files.filter((f) => isTouched(f) && !isVerified(f, known[f.file.path]));
  await checkHashes(run.path, touched);
  if (!small) await addVerified(run.path, stampsOf(touched));
  if (!done) return;
  let left = most - sum(touched);
  const rest = files.filter((f) => !touched.includes(f)).sort((a, b) => b.stats.ctimeMs - a.stats.ctimeMs);
  await checkHashes(
    run.path,
    rest.filter(({ file: { bytes } }) => {
      if (bytes > left) return false;
      left -= bytes;
      return true;
    }),
  );
}

const sum = (files: readonly Lying[]): number => files.reduce((n, { file }) => n + file.bytes, 0);

/** Changed after its commit. The time of a commit is cut to whole milliseconds. */
const isTouched = ({ committedMs, stats }: Lying): boolean => stats.ctimeMs > committedMs + 1;

const isVerified = ({ file, stats }: Lying, stamp: Stamp | undefined): boolean =>
  stamp !== undefined &&
  stamp.changed === stats.ctimeMs &&
  stamp.inode === stats.ino &&
  stamp.bytes === file.bytes &&
  stamp.xxh64 === file.xxh64;

/** Clocks of disks are coarse: what was changed just now may change again without another time. */
const SETTLED_MS = 2000;

/** Of files whose bytes were right; those that were changed a moment ago are left out. */
const stampsOf = (files: readonly Lying[]): Record<string, Stamp> =>
  Object.fromEntries(
    files
      .filter(({ stats }) => Date.now() - stats.ctimeMs > SETTLED_MS)
      .map(({ file: { path, bytes, xxh64 }, stats }) => [
        path,
        { bytes, changed: stats.ctimeMs, inode: stats.ino, xxh64 },
      ]),
  );

async function checkHashes(run: string, files: readonly Lying[]): Promise<void> {
  for (const { file } of files) {
    const hash = (await loadXxhash()).create64();
    const bytes = createReadStream(join(run, file.path), { highWaterMark: 1024 * 1024 });
    for await (const part of bytes) hash.update(part as Uint8Array);
    const xxh64 = hash.digest().toString(16).padStart(16, '0');
    if (xxh64 !== file.xxh64) throw damaged(run, file, `the same size, but other bytes (xxh64 ${xxh64})`);
  }
}

const damaged = (run: string, file: CommittedFile, got: string): InputError =>
  new InputError({
    expected: `${file.path} as it was committed (${file.bytes} bytes, xxh64 ${file.xxh64})`,
    got,
    where: run,
    fix: 'Another program or the disk changed it: restore the file, or run the recipe again with --fresh.',
  });
