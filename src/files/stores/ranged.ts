import { InputError } from '../../errors.ts';
import { Refused } from './problems.ts';
import { type Answer, ConnectionError, type Headers, pieces } from './request.ts';
import { PassingError, type Traffic } from './traffic.ts';

/** Asks for bytes from a place on: status 200 or 206 come back, every other is thrown. */
export type Ask = (headers: Headers, signal?: AbortSignal) => Promise<Answer>;

export interface Ranged {
  /** From byte, to before byte; null: to the end, whatever that is. */
  readonly start: number;
  readonly end: number | null;
  /** What names its content (`ETag`, else `Last-Modified`): an answer that names another one is refused. */
  readonly version?: string | null;
  readonly traffic: Traffic;
  readonly signal?: AbortSignal;
  /** For errors. */
  readonly where: string;
}

/**
 * The bytes of a range, whatever becomes of the connections: a cut goes on at the byte reached. What a server says of
 * lengths is not believed: what comes is counted.
 */
export async function* rangedBytes(ask: Ask, given: Ranged): AsyncGenerator<Uint8Array> {
  const { start, end, version, traffic, signal, where } = given;
  let at = start;
  let last = end;
  for (let stalls = 0; last === null || at < last; ) {
    const range: Headers = at === 0 && last === null ? {} : { range: `bytes=${at}-${last === null ? '' : last - 1}` };
    const opened = await traffic.call(async () => {
      const answer = await ask(range, signal);
      try {
        return { answer, skip: skipOf(answer, at, version) };
      } catch (error) {
        answer.body.destroy();
        throw error;
      }
    }, signal);
    const { answer } = opened;
    let { skip } = opened;
    last ??= endOf(answer, at);
    const before = at;
    try {
      for await (const piece of pieces(answer, signal)) {
        const own = piece.subarray(skip, last === null ? piece.length : Math.min(piece.length, skip + last - at));
        skip = Math.max(0, skip - piece.length);
        at += own.length;
        if (own.length > 0) yield own;
        if (last !== null && at >= last) return;
      }
      // It was not said how much there would be, and the connection was closed in order.
      if (last === null) return;
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
    }
    // Too little came, whatever the server said of it.
    stalls = at === before ? stalls + 1 : 0;
    if (stalls >= traffic.attempts)
      throw new InputError({
        expected: `more bytes from byte ${at} on`,
        got: 'answers without any, after many tries',
        where,
        fix: 'Run the same command again later: it goes on after what is committed.',
      });
    await traffic.pause(stalls + 1, 0, signal);
  }
}

/** Bytes of an answer before the byte that was asked for: all of them where a server does not know ranges. */
function skipOf({ status, headers }: Answer, at: number, version: string | null | undefined): number {
  const now = headers.etag ?? headers['last-modified'];
  // Weak tags name the meaning, not the bytes.
  const bare = (v: string): string => v.replace(/^W\//, '');
  if (version && now !== undefined && bare(now) !== bare(version)) throw new Refused(412);
  if (status === 200) return at;
  const range = headers['content-range'];
  if (Number(/^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range ?? '')?.[1] ?? -1) === at) return 0;
  throw new PassingError(206, `a range that was not asked for (${range ?? 'unnamed'})`);
}

function endOf({ status, headers }: Answer, at: number): number | null {
  const length = headers['content-length'];
  return length === undefined ? null : Number(length) + (status === 200 ? 0 : at);
}
