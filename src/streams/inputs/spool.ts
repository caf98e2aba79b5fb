import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { ifThere } from '../../files/whole.ts';
import { loadXxhash } from '../../hash.ts';
import type { Pipe } from './pipe.ts';

/** Disk space that is left to others. */
const RESERVE_BYTES = 512 * 1024 * 1024;
/** Space is looked at each time so much was written. */
const CHECK_BYTES = 64 * 1024 * 1024;

/** A copy that nobody has written to for so long, and whose process is gone, was killed. */
const ABANDONED_MS = 3600_000;

/** A copy of a pipe. */
export interface Spooled {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly warning: string;
}

/**
 * Copies a pipe to a file that only its owner can read, named by its content, because positions must mean the same at
 * a resume: the same input piped in again is the same file.
 * @param folder keeps the copy until somebody deletes it; what a killed process left unfinished there is removed an
 *   hour later, by the next one that copies. Default: a folder of this process alone among the temporary files, which
 *   is removed when the process ends.
 * @param input its stream
 * Errors: ConfigError on a terminal, InputError when the disk would be full.
 */
export async function spool(pipe: Pipe, folder?: string, input = pipe.read()): Promise<Spooled> {
  const into = folder ?? (await ownFolder());
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  await sweep(into, /^stdin-(\d+)-[\w-]+\.tmp$/);
  const partial = join(into, `stdin-${process.pid}-${randomUUID()}.tmp`);
  const hash = (await loadXxhash()).create64();
  let bytes = 0;
  let unchecked = CHECK_BYTES;
  const handle = await open(partial, 'wx', 0o600);
  // Ctrl-C may end the process in the middle.
  const remove = (): void => rmSync(partial, { force: true });
  process.once('exit', remove);
  try {
    for await (const chunk of input) {
      unchecked += chunk.length;
      if (unchecked >= CHECK_BYTES) {
        unchecked = 0;
        const { bavail, bsize } = await statfs(into);
        if (bavail * bsize < RESERVE_BYTES + CHECK_BYTES) {
          throw new InputError({
            expected: `disk space for a copy of ${pipe.called} (${bytes} bytes so far)`,
            got: `${bavail * bsize} bytes free`,
            where: into,
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
  const path = join(into, copyName(hash));
  await rename(partial, path);
  const kept = folder === undefined ? 'for as long as this takes' : 'so that a run can be resumed';
  return { name: pipe.name, path, bytes, warning: `${pipe.called} (${bytes} bytes) was copied to ${path}, ${kept}` };
}

/** What the copy of a stream would be called, and its size; nothing is kept. */
export async function digestOf(stream: AsyncIterable<Uint8Array>): Promise<{ name: string; bytes: number }> {
  const hash = (await loadXxhash()).create64();
  let bytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { name: copyName(hash), bytes };
}

const copyName = (hash: { digest(): bigint }): string => `stdin-${hash.digest().toString(16).padStart(16, '0')}`;

let own: Promise<string> | null = null;

/** The folder for the copies of this process: nobody else can guess or open it, and it goes with the process. */
function ownFolder(): Promise<string> {
  own ??= (async () => {
    await sweep(tmpdir(), /^sluice-stdin-(\d+)-\w+$/);
    const folder = await mkdtemp(join(tmpdir(), `sluice-stdin-${process.pid}-`));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    return folder;
  })();
  return own;
}

/** Removes what killed processes of this user left, by the process number in its name. */
async function sweep(folder: string, left: RegExp): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = left.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(folder, name);
    // Null where another process has swept it.
    const found = await ifThere(stat(path));
    if (found === null || found.uid !== (process.getuid?.() ?? found.uid)) continue;
    // A process of another container that shares the folder is not to be seen from here.
    if (Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
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
