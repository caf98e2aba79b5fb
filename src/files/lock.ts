import { link, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { processState } from './process-state.ts';
import { readIfThere, temporaryName } from './whole.ts';

/**
 * Takes a folder for this process, by a file `lock` with its process id. The file appears with its content or not at
 * all, so nobody ever sees half a lock. One of a process that is gone is taken over. Errors: ConfigError when a process
 * that lives holds it.
 */
export async function lock(folder: string): Promise<void> {
  const file = join(folder, 'lock');
  const mine = JSON.stringify({ pid: process.pid, started: (await processState(process.pid)).started });
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await createWhole(file, mine)) return;
    const holder = await lockHolder(file);
    if (holder !== null) throw held(folder, holder);
    await takeAway(file, folder);
  }
  throw held(folder, (await lockHolder(file)) ?? 0);
}

const held = (folder: string, holder: number): ConfigError =>
  new ConfigError({
    problem: holder === process.pid ? 'this process already uses the folder' : `process ${holder} is using the folder`,
    expected: 'a folder that no other process is using',
    got: holder === process.pid ? 'one that this process already uses' : `one that process ${holder} is using`,
    where: folder,
    fix: 'Wait for it to finish, stop it, or choose another folder with --output.',
  });

/** False when there is one already. */
async function createWhole(file: string, text: string): Promise<boolean> {
  const own = temporaryName(file);
  let created = false;
  try {
    await writeFile(own, text, { flag: 'wx' });
    created = await linkTo(file, own, text);
    await rm(own, { force: true });
    return created;
  } catch (error) {
    if (created) await unlink(file);
    await rm(own, { force: true });
    throw error;
  }
}

async function linkTo(file: string, own: string, text: string): Promise<boolean> {
  try {
    await link(own, file);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (NO_LINKS.includes(code)) return createExclusive(file, text);
    // ENOENT: the start of another run has swept our file.
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
}

/** What file systems without hard links say. */
const NO_LINKS = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'];

async function createExclusive(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a lock that nobody holds. Another process that does so at the same moment may have made its own meanwhile:
 * that one is put back, unless a third has taken the folder since; whose lock is there holds the folder.
 */
async function takeAway(file: string, folder: string): Promise<void> {
  const aside = temporaryName(file);
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const holder = await lockHolder(aside);
  if (holder !== null) {
    await putBack(aside, file);
    throw held(folder, holder);
  }
  await rm(aside, { force: true });
}

/** Never over the lock of another: that one holds the folder now. */
async function putBack(aside: string, file: string): Promise<void> {
  const text = await readFile(aside, 'utf8');
  await linkTo(file, aside, text);
  await rm(aside, { force: true });
}

/** Process id in a lock when that same process is alive, else null. */
export async function lockHolder(file: string): Promise<number | null> {
  const text = await readIfThere(file);
  if (text === null) return null;
  const match = /^\{"pid":(\d+),"started":(?:"(\d*)"|null)\}$/.exec(text);
  if (!match) return null;
  const pid = Number(match[1]);
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : null;
  }
  const { started, ended } = await processState(pid);
  // Also for our own process id: in a container every start may have the same one.
  return !ended && started === (match[2] ?? null) ? pid : null;
}
