import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFull } from '../../files/full-disk.ts';
import { writeWhole } from '../../files/whole.ts';

/** In a run directory: which of its files had the right bytes when they were read, as they lay there then. */
export const VERIFIED_FILE = 'verified.json';

/** A file as it lay there. Whatever writes to it, or puts another in its place, leaves another time of change. */
export interface Stamp {
  readonly bytes: number;
  /** Time of change (ctime), which no program sets, in ms. */
  readonly changed: number;
  readonly inode: number;
  /** What its bytes were. */
  readonly xxh64: string;
}

export type Verified = Readonly<Record<string, Stamp>>;

const FORMAT = 1;

/** What was verified before; nothing where that is not known. @param run path of the run directory */
export function readVerified(run: string): Verified {
  let text: string;
  try {
    text = readFileSync(join(run, VERIFIED_FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    const { format, files } = JSON.parse(text) as { readonly format?: number; readonly files?: Verified };
    return format === FORMAT ? (files ?? {}) : {};
  } catch (error) {
    // Damaged as any file may be: then everything is read again.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** Why a folder takes no file, where that is no fault: what was verified is then read again the next time. */
const REFUSALS = ['EACCES', 'EPERM', 'EROFS'];

/** Adds to what was verified. A folder that cannot be written stays as it is. */
export async function addVerified(run: string, more: Verified): Promise<void> {
  if (Object.keys(more).length === 0) return;
  const files = { ...readVerified(run), ...more };
  try {
    await writeWhole(join(run, VERIFIED_FILE), `${JSON.stringify({ format: FORMAT, files }, null, 2)}\n`);
  } catch (error) {
    const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    const refused = isFull(cause) || REFUSALS.includes((cause as NodeJS.ErrnoException).code ?? '');
    // A run directory of somebody else's, or on a disk that is full, can be read all the same.
    if (!refused) throw error;
  }
}
