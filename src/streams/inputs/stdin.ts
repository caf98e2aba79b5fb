import { rmSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, InputError } from '../../errors.ts';
import { loadXxhash } from '../../hash.ts';

/** Disk space that is left to others. */
const RESERVE_BYTES = 512 * 1024 * 1024;
/** Space is looked at each time so much was written. */
const CHECK_BYTES = 64 * 1024 * 1024;

/** A copy that nobody has written to for so long, and whose process is gone, was killed. */
const ABANDONED_MS = 3600_000;

/**
 * Copies standard input to a file named by its content, because positions must mean the same at a resume: the same
 * input piped in again is the same file. The file stays until somebody deletes it; what a killed process left
 * unfinished there is removed an hour later, by the next one that copies. Errors: ConfigError on a terminal, InputError
 * when the disk would be full.
 */
export async function spoolStdin(
  folder = join(tmpdir(), 'sluice-stdin'),
  input: AsyncIterable<Uint8Array> = process.stdin,
): Promise<{ path: string; warning: string }> {
  if (input === process.stdin && process.stdin.isTTY) {
    throw new ConfigError({
      expected: 'data on standard input',
      got: 'a terminal',
      where: '--input -',
      fix: 'Pipe data in, or name files.',
    });
  }
  await mkdir(folder, { recursive: true });
  await sweep(folder);
  const partial = join(folder, `stdin-${process.pid}.tmp`);
  const hash = (await loadXxhash()).create64();
  let bytes = 0;
  let unchecked = CHECK_BYTES;
  const handle = await open(partial, 'w');
  // Ctrl-C may end the process in the middle.
  const remove = (): void => rmSync(partial, { force: true });
  process.once('exit', remove);
  try {
    for await (const chunk of input) {
      unchecked += chunk.length;
      if (unchecked >= CHECK_BYTES) {
        unchecked = 0;
        const { bavail, bsize } = await statfs(folder);
        if (bavail * bsize < RESERVE_BYTES + CHECK_BYTES) {
          throw new InputError({
            expected: `disk space for a copy of standard input (${bytes} bytes so far)`,
            got: `${bavail * bsize} bytes free`,
            where: folder,
            fix: 'Write the input to a file on a larger disk and use that.',
          });
        }
      }
      await handle.writeFile(chunk);
      hash.update(chunk);
      bytes += chunk.length;
    }
    await handle.sync();
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    process.off('exit', remove);
    await handle.close();
  }
  const path = join(folder, `stdin-${hash.digest().toString(16).padStart(16, '0')}`);
  await rename(partial, path);
  return {
    path,
    warning: `standard input (${bytes} bytes) was copied to ${path}, so that a run can be resumed`,
  };
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^stdin-(\d+)\.tmp$/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(folder, name);
    // Null: another process has swept it.
    const found = await stat(path).catch(() => null);
    // A process of another container that shares the folder is not to be seen from here.
    if (found !== null && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
