import { InputError, SluiceError } from '../errors.ts';
import { isFull } from './full-disk.ts';

/** An error of the operating system (a full, broken or read-only disk) as an InputError; any other error as it is. */
export function systemError(error: unknown): unknown {
  const { syscall, code, message, path } = error as NodeJS.ErrnoException;
  if (error instanceof SluiceError || syscall === undefined || code === undefined) return error;
  const full = isFull(error);
  return new InputError({
    expected: `${syscall} to succeed`,
    got: full ? `a full disk (${code})` : message,
    where: path,
    fix: full
      ? 'Free some space and run the same command again: it resumes after the last committed split.'
      : 'Fix that and run the same command again: committed work is kept.',
    cause: error,
  });
}
