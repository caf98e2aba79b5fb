/** No room on the disk, none for this user, or none for so large a file. */
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** Whether the operating system refused to write because there is no room. */
export function isFull(error: unknown): error is NodeJS.ErrnoException {
  return FULL.includes((error as NodeJS.ErrnoException | null)?.code);
}
