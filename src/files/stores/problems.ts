import { ConfigError, InputError, type SluiceError } from '../../errors.ts';
import { ConnectionError } from './request.ts';
import { PassingError } from './traffic.ts';

/** A status that no other try would change. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  constructor(status: number, code = '') {
    super(`${status} ${code}`.trim());
    this.status = status;
  }
}

/** What was to be done with an object, in words that follow `to`. */
export interface Wanted {
  readonly what: string;
  /** The object or the store, as it may be shown. */
  readonly where: string;
  /** With what rights, for 401 and 403: `credentials from the environment`. */
  readonly as?: () => string;
  /** How to get permission. */
  readonly permission?: string;
}

/** Does the work; what the store refuses, and what is still in the way after all tries, becomes an error for people. */
export async function stored<T>(wanted: Wanted, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreError(wanted, error);
  }
}

/** Whether a store did not answer, or only for a moment: that says nothing of what lies in it. */
export const isAway = (error: Error): boolean =>
  error.cause instanceof PassingError || error.cause instanceof ConnectionError;

/** An error of a store in words; any other as it is. */
export function asStoreError(wanted: Wanted, error: unknown): unknown {
  if (error instanceof Refused) return statusError(wanted, error);
  if (error instanceof PassingError || error instanceof ConnectionError)
    return new InputError({
      expected: `to ${wanted.what}`,
      got: `${error.message}, after many tries`,
      where: wanted.where,
      fix: 'Run the same command again later: it goes on after what is committed.',
      cause: error,
    });
  return error;
}

function statusError({ what, where, as, permission }: Wanted, { status, message }: Refused): SluiceError {
  if (status === 401 || status === 403)
    return new ConfigError({
      expected: `permission to ${what}`,
      got: `${message}, with ${as?.() ?? 'no credentials'}`,
      where,
      fix: permission,
    });
  if (status === 404)
    return new InputError({ expected: `to ${what}`, got: `${message}: nothing has that name`, where });
  if (status === 412 || status === 416)
    return new InputError({
      expected: 'the object as it was when it was looked at first',
      got: 'another version of it',
      where,
      fix: 'Restore it, or start over with --fresh (a planned run: plan it again) once nothing writes to it.',
    });
  return new InputError({ expected: `to ${what}`, got: message, where });
}
