import { open, stat } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';
import { ifThere } from './whole.ts';

/** Bytes at the beginning of a file that tell who made it. */
const HEAD_BYTES = 64 * 1024;

/** The beginning of a file as text; null where there is none. */
export async function headOf(path: string): Promise<string | null> {
  const found = await ifThere(stat(path));
  if (!found?.isFile()) return null;
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Before a file is written that a user has named: what is there must be nothing, empty, or such a file of ours. Errors:
 * ConfigError.
 * @param isOwn of its first 64 KB. @param what it would be, for the message. @param option that names it
 */
export async function refuseOthersFile(
  path: string,
  isOwn: (head: string) => boolean,
  { what, option }: { readonly what: string; readonly option: string },
): Promise<void> {
  const found = await ifThere(stat(path));
  if (found === null) return;
  const head = await headOf(path);
  if (head !== null && (head.trim() === '' || isOwn(head))) return;
  throw new ConfigError({
    expected: `a new file, or ${what} that Sluice has made`,
    got: found.isDirectory() ? 'a folder' : head === null ? 'something that is not a file' : 'another file',
    where: path,
    fix: `Choose another name with ${option}. Sluice never writes over what is not its own.`,
  });
}
