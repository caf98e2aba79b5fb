import { ConfigError, InputError } from '../../../errors.ts';
import { WRITER_HEADER } from '../../../sinks/feed/server.ts';
import { SendAgain } from '../../../sinks/feed/source.ts';

/** A writer that is silent for so long is not waited for: another takes over, and it can write no more. */
const ANSWERS_MS = 5000;

/**
 * Hands losses or a rewind on to the server that writes. @returns false where it is not there (any more). Errors: what
 * that server says is wrong; SendAgain where it does not write any more.
 */
export async function handOn(
  to: { readonly id: string; readonly url: string },
  path: string,
  body: unknown,
  token: string | null,
): Promise<boolean> {
  const headers = { [WRITER_HEADER]: to.id, ...(token !== null && { authorization: `Bearer ${token}` }) };
  let response: Response;
  try {
    const signal = AbortSignal.timeout(ANSWERS_MS);
    response = await fetch(new URL(path, to.url), { method: 'POST', headers, body: JSON.stringify(body), signal });
  } catch {
    // It has ended, stands still, or cannot be reached from here: who may write is for the log to say.
    return false;
  }
  if (response.ok) {
    await response.arrayBuffer();
    return true;
  }
  if (response.status === 421) return false;
  const said = (await response.json()) as Record<string, string>;
  const parts = {
    problem: said.error,
    expected: said.expected ?? 'losses that the writer takes',
    got: said.got ?? said.error,
    where: said.where ?? to.url,
    fix: said.fix,
  };
  if (response.status === 503) throw new SendAgain(parts);
  if (response.status === 401)
    throw new ConfigError({
      ...parts,
      problem: `the server that writes, ${to.url}, has another token`,
      fix: 'Start all servers of the feed with the same SLUICE_FEED_TOKEN.',
    });
  if (response.status === 400) throw new ConfigError(parts);
  throw new InputError(parts);
}
