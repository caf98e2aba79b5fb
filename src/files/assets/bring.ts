import { copyFile, open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError, InputError } from '../../errors.ts';
import { isUrl, shownUrl } from '../stores/url.ts';

/** Longest file that is fetched. */
const MOST_BYTES = 8 * 1024 ** 3;
const WEB = /^https?:\/\//i;

/** A source as errors, the index and people may see it: of an address without name, password, `?` and `#`. */
export function shownSource(source: string): string {
  if (!isUrl(source) || source.startsWith('file://')) return source;
  if (WEB.test(source) && URL.canParse(source)) return shownUrl(source);
  // Where its parts cannot be told, a password may be anywhere.
  return `${source.slice(0, source.indexOf('://'))}://...`;
}

/** Copies or fetches a file. Errors: ConfigError for a source that is not there; InputError for a failed connection. */
export async function bring(source: string, to: string): Promise<void> {
  const where = shownSource(source);
  if (WEB.test(source) && URL.canParse(source)) return download(source, to);
  if (isUrl(source) && !source.startsWith('file://'))
    throw new ConfigError({ expected: 'a file, or an address of http:// or https://', got: where, where });
  try {
    await copyFile(source.startsWith('file://') ? fileURLToPath(source) : source, to);
  } catch (cause) {
    throw new ConfigError({ expected: 'a file or an address', got: (cause as Error).message, where, cause });
  }
}

async function download(source: string, to: string): Promise<void> {
  const where = shownSource(source);
  const failed = (got: string, cause?: unknown): InputError =>
    new InputError({
      expected: 'a file that can be fetched',
      got,
      where,
      fix:
        'Try again, or fetch it by other means and add the file: sluice assets add NAME FILE --licence LICENCE. ' +
        'A name, a password and what stands behind ? in an address are not kept: to fetch such a file again, add it ' +
        'with its whole address again.',
      cause,
    });
  const url = new URL(source);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  const file = await open(to, 'w');
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.timeout(600_000),
      headers: user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` },
    });
    if (!answer.ok || answer.body === null) throw failed(`status ${answer.status}`);
    let bytes = 0;
    for await (const part of answer.body) {
      bytes += part.length;
      if (bytes > MOST_BYTES) throw failed(`more than ${MOST_BYTES} bytes`);
      await file.write(part);
    }
  } catch (error) {
    throw error instanceof InputError ? error : failed((error as Error).message, error);
  } finally {
    await file.close();
  }
}
