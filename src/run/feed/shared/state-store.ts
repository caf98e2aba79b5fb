import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, InputError } from '../../../errors.ts';
import { localStore } from '../../../files/stores/local-store.ts';
import { bucketPlace } from '../../../files/stores/open-store.ts';
import { refuseCareless } from '../../../files/stores/probe.ts';
import { bytesOf, type Store } from '../../../files/stores/store.ts';
import { isUrl, joinKey, withoutEndSlash } from '../../../files/stores/url.ts';
import type { LogHeader } from '../../../mixture/log.ts';

/** Where servers of one feed meet: a folder that all of them see, or a prefix of a bucket. */
export interface State {
  readonly store: Store;
  readonly prefix: string;
  /** As it is shown. */
  readonly name: string;
  /** How often to look for what others have written while waiting, in ms. */
  readonly pollMs: number;
}

/** What the first server of a feed began it with. */
export interface Begun {
  /** Of the feed: servers with another one serve another feed. */
  readonly id: string;
  readonly header: LogHeader;
}

const BEGUN = 'begun.json';

/** Where a feed says what it was begun with, as it is shown. */
export const begunPlace = (state: State): string => `${withoutEndSlash(state.name)}/${BEGUN}`;

/**
 * Errors: ConfigError for a folder that a server alone has begun, and for a bucket whose puts know no conditions.
 */
export async function openState(state: string): Promise<State> {
  if (isUrl(state)) {
    const { store, key } = bucketPlace(state);
    const prefix = withoutEndSlash(key);
    await refuseCareless(store, prefix);
    return { store, prefix, name: state, pollMs: 500 };
  }
  const folder = resolve(state);
  if (existsSync(join(folder, 'mixture.jsonl')))
    throw new ConfigError({
      problem: `${state} holds the log of a feed that one server serves alone`,
      expected: 'a new folder, or that of a feed of several servers',
      got: 'a folder with a mixture.jsonl',
      where: '--state',
      fix: 'Serve it without --shared, or begin anew with another --state.',
    });
  return { store: localStore(folder), prefix: '', name: folder, pollMs: 100 };
}

/** Null: nobody has begun it. Errors: InputError for a file that is damaged. */
export async function readBegun({ store, prefix }: State): Promise<Begun | null> {
  const key = joinKey(prefix, BEGUN);
  if ((await store.stat(key)) === null) return null;
  const text = (await bytesOf(store.get(key))).toString('utf8');
  try {
    const begun = JSON.parse(text) as Begun;
    if (typeof begun.id === 'string' && begun.header.type === 'header' && begun.header.format === 1) return begun;
  } catch {
    // Told below, since what JSON.parse says differs between versions of Node.
  }
  throw new InputError({
    expected: 'what a feed was begun with',
    got: text.slice(0, 80),
    where: `${store.url}/${key}`,
    fix: 'Start the feed with another --state.',
  });
}

/** Begins a feed, or takes what another server began in the same moment. */
export async function begin(state: State, header: LogHeader): Promise<Begun> {
  const begun: Begun = { id: randomUUID(), header };
  const body = Buffer.from(`${JSON.stringify(begun)}\n`);
  const { written } = await state.store.put(joinKey(state.prefix, BEGUN), body, { when: 'absent' });
  return written ? begun : (await readBegun(state))!;
}
