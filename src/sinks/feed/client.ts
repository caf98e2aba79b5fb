import { tableFromIPC } from 'apache-arrow';
import { InputError } from '../../errors.ts';
import type { TokenArray } from '../../streams/tokens/token-kind.ts';
import type { Asked, FeedFacts, FeedSequence, FeedSource, FeedStatus, Pulled } from './source.ts';

export interface FeedClientOptions {
  /** For a feed beyond loopback. */
  readonly token?: string | null;
  /** How long a server that does not answer is tried again. Default 10 minutes. */
  readonly timeoutMs?: number;
}

/** Pauses between two tries, in ms; the last stays. */
const PAUSES = [50, 100, 200, 400, 800, 1600, 2000];

/**
 * A feed over HTTP with the interface of one in this process: the same steps, losses and errors. Errors: InputError
 * for what the feed refuses, and when none answers.
 * @param url as `sluice feed` prints it; of a feed that several servers serve, all of them: where one does not answer,
 * it goes on with the next
 */
export async function feedClient(
  url: string | readonly string[],
  options: FeedClientOptions = {},
): Promise<FeedSource> {
  const ask = asker(url, options);
  const facts = (await (await ask('GET', '/feed')).json()) as FeedFacts;
  const post = async (path: string, body: unknown): Promise<void> => {
    await (await ask('POST', path, JSON.stringify(body))).arrayBuffer();
  };
  return {
    facts,
    async pull({ ids: _, ...asked }, until) {
      const response = await ask('GET', `/sequences?${queryOf(asked)}`, undefined, until);
      return decodePulled(facts, new Uint8Array(await response.arrayBuffer()));
    },
    post: (step, losses) => post('/losses', { step, losses }),
    rewind: (step) => post('/rewind', { step }),
    status: async () => (await (await ask('GET', '/status')).json()) as FeedStatus,
    close: async () => {},
  };
}

const queryOf = (asked: Asked): string =>
  new URLSearchParams(Object.entries(asked).map(([k, v]): [string, string] => [k, String(v)])).toString();

type Ask = (method: string, path: string, body?: string, until?: AbortSignal) => Promise<Response>;

function asker(given: string | readonly string[], { token = null, timeoutMs = 600_000 }: FeedClientOptions): Ask {
  const urls = typeof given === 'string' ? [given] : given;
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  let at = 0;
  let feed: string | null = null;
  /** Another address may be another feed. */
  const checked = async (url: string): Promise<void> => {
    const facts = await fetch(new URL('/feed', url), { headers });
    const { feed: other } = (await facts.json()) as FeedFacts;
    if (!facts.ok || (other ?? null) === feed) return;
    throw new InputError({
      expected: `a server of the feed ${feed}`,
      got: `one of ${other ?? 'no other'}`,
      where: url,
    });
  };
  return async (method, path, body, until) => {
    const deadline = performance.now() + timeoutMs;
    for (let attempt = 0; ; attempt++) {
      const url = urls[at];
      if (attempt > 0 && feed !== null) await checked(url).catch(unlessAnother);
      const response = await fetch(new URL(path, url), { method, headers, body, signal: until ?? null }).catch(
        (error: Error) => {
          if (until?.aborted || performance.now() > deadline)
            throw new InputError({
              expected: 'a feed that answers',
              got: String(error.cause ?? error),
              where: url,
              cause: error,
            });
          return null;
        },
      );
      if (response?.ok) {
        if (path === '/feed') feed = ((await response.clone().json()) as FeedFacts).feed ?? null;
        return response;
      }
      // Another server has begun to write the log in this moment.
      if (response && (response.status !== 503 || performance.now() > deadline))
        throw refused(url, (await response.json()) as Record<string, unknown>);
      at = (at + 1) % urls.length;
      // Every request may be sent again: a step is a function, and the same losses count once.
      await new Promise((resolve) => setTimeout(resolve, PAUSES[Math.min(attempt, PAUSES.length - 1)]));
    }
  };
}

/** One that does not answer is asked, and left, as any other. */
function unlessAnother(error: unknown): void {
  if (error instanceof InputError) throw error;
}

const refused = (where: string, { error, expected, got, fix }: Record<string, unknown>): InputError =>
  new InputError({
    problem: String(error),
    expected: String(expected ?? 'a request that the feed takes'),
    got: String(got ?? error),
    where,
    fix: fix === undefined ? undefined : String(fix),
  });

function decodePulled(facts: FeedFacts, bytes: Uint8Array): Pulled {
  const table = tableFromIPC(bytes);
  const said = (name: string): string | null => table.schema.metadata.get(name) ?? null;
  const weights = JSON.parse(said('weights') ?? '[]') as readonly (readonly number[])[];
  const steps: { step: number; sequences: FeedSequence[]; weights: readonly number[] }[] = [];
  for (let row = 0; row < table.numRows; row++) {
    const column = (name: string): unknown => table.getChild(name)!.get(row);
    const step = Number(column('step'));
    if (steps.at(-1)?.step !== step) steps.push({ step, sequences: [], weights: weights[steps.length] });
    const ids = (column('input_ids') as { toArray(): TokenArray }).toArray();
    steps.at(-1)!.sequences.push({
      slot: column('slot') as number,
      domain: facts.domains.indexOf(column('domain') as string),
      epoch: column('epoch') as number,
      index: Number(column('index')),
      ids: ids.slice(),
      length: column('length') as number,
      next: column('next') as number,
      starts: [...(column('starts') as { toArray(): Uint32Array }).toArray()],
      lossWeight: column('loss_weight') as number,
      ranges: [],
    });
  }
  return { steps, waitsFor: said('waits_for'), ended: said('ended') };
}
