import { Refused } from './problems.ts';
import { type Answer, drain, type Headers, send } from './request.ts';
import { isPassing, PassingError, retryAfterMs } from './traffic.ts';

const MOST_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

export interface Followed {
  readonly answer: Answer;
  /** Where the answer came from in the end. */
  readonly url: URL;
}

export interface FollowedCall {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: Headers;
  /** Headers for the server of `url` alone: a redirect to another one does not get them. */
  readonly secret?: Headers;
  readonly signal?: AbortSignal;
  /** Statuses that are answers; of redirects, they are not followed then. */
  readonly expected: readonly number[];
}

/** One try, with redirects followed: never from https to http, nor to what is neither. Errors: see `send`. */
export async function sendFollowing(call: FollowedCall): Promise<Followed> {
  let { url } = call;
  for (let redirects = 0; ; redirects++) {
    const own = url.origin === call.url.origin ? call.secret : {};
    const answer = await send({ method: call.method, url, headers: { ...call.headers, ...own }, signal: call.signal });
    const { status, headers } = answer;
    if (call.expected.includes(status)) return { answer, url };
    await drain(answer);
    if (REDIRECTS.includes(status) && headers.location !== undefined) {
      url = nextOf(url, headers.location, redirects);
      continue;
    }
    if (isPassing(status)) throw new PassingError(status, `status ${status}`, retryAfterMs(headers['retry-after']));
    throw new Refused(status, `${headers['x-error-code'] ?? ''}`);
  }
}

function nextOf(from: URL, location: string, redirects: number): URL {
  if (redirects >= MOST_REDIRECTS) throw new Refused(310, `more than ${MOST_REDIRECTS} redirects`);
  if (!URL.canParse(location, from.href)) throw new Refused(310, 'a redirect to what is no address');
  const next = new URL(location, from);
  const fine = next.protocol === 'https:' || (next.protocol === 'http:' && from.protocol === 'http:');
  if (!fine) throw new Refused(310, `a redirect from ${from.protocol}// to ${next.protocol}//`);
  return next;
}
