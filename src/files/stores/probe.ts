import { randomUUID } from 'node:crypto';
import { ConfigError } from '../../errors.ts';
import { bytesOf, type Store } from './store.ts';
import { joinKey } from './url.ts';

/** One promise of a store, and whether it was kept. */
export interface StoreFinding {
  readonly promise: 'create only' | 'compare and swap' | 'complete only' | 'races' | 'list after write' | 'ranges';
  readonly kept: boolean;
  /** Exactly-once commits need it. */
  readonly needed: boolean;
}

const SMALLEST_PART = 5 * 1024 * 1024;
const RACES = 5;

/**
 * Tries what commits need of a store, below a prefix, with objects of its own that are deleted in the end.
 * @param whole false: only what a run needs, two objects at once
 */
export async function probeStore(store: Store, prefix: string, whole = true): Promise<readonly StoreFinding[]> {
  const folder = joinKey(prefix, `.sluice-probe-${randomUUID()}`);
  const key = (name: string): string => `${folder}/${name}`;
  const text = (t: string): Uint8Array => Buffer.from(t);
  const used: string[] = [];
  const put = async (name: string, body: Uint8Array, options: Parameters<Store['put']>[2]) => {
    if (!used.includes(name)) used.push(name);
    return store.put(key(name), body, options);
  };
  const findings: StoreFinding[] = [];
  let broken = false;
  const found = (promise: StoreFinding['promise'], kept: boolean, needed: boolean): void =>
    void findings.push({ promise, kept, needed });
  try {
    const createOnly = async (): Promise<boolean> => {
      const first = await put('created', text('one'), { when: 'absent' });
      const second = await put('created', text('two'), { when: 'absent' });
      return first.written && !second.written;
    };
    const compareAndSwap = async (): Promise<boolean> => {
      const first = await put('object', text('one'), {});
      const version = (first.written && first.version) || ((await store.stat(key('object')))?.version ?? '');
      const swapped = await put('object', text('three'), { when: { version } });
      const stale = await put('object', text('four'), { when: { version } });
      return swapped.written && !stale.written;
    };
    // At once: a run waits for it.
    const [created, swaps] = await Promise.all([createOnly(), compareAndSwap()]);
    found('create only', created, true);
    found('compare and swap', swaps, true);
    if (!whole) return findings;
    const listed: string[] = [];
    for await (const object of store.list(`${folder}/`)) if ('key' in object) listed.push(object.key);
    found('list after write', listed.join() === [key('created'), key('object')].join(), true);
    const part = await bytesOf(store.get(key('object'), { range: { start: 1, end: 4 } }));
    found('ranges', part.toString() === 'hre', true);
    let winners = 0;
    for (let race = 0; race < RACES; race++) {
      const writers = Array.from({ length: 6 }, (_, i) => put(`race-${race}`, text(`${i}`), { when: 'absent' }));
      winners += (await Promise.all(writers)).filter((r) => r.written).length;
    }
    found('races', winners === RACES, true);
    const parts = { when: 'absent', partBytes: SMALLEST_PART } as const;
    const once = await put('parts', text('one'), parts);
    const twice = await put('parts', text('two'), parts);
    found('complete only', once.written && !twice.written, false);
    return findings;
  } catch (error) {
    broken = true;
    throw error;
  } finally {
    await Promise.all(used.map((name) => store.delete(key(name)))).catch((error: unknown) => {
      // The first error is the one to tell.
      if (!broken) throw error;
    });
  }
}

/** Errors: ConfigError for a store that ignores conditions, where two processes would both believe in their commits. */
export async function refuseCareless(store: Store, prefix: string): Promise<void> {
  const broken = (await probeStore(store, prefix, false)).filter((f) => f.needed && !f.kept);
  if (broken.length === 0) return;
  throw new ConfigError({
    expected: 'a store that heeds If-None-Match and If-Match: commits depend on it',
    got: `one that does not keep its promises (${broken.map((f) => f.promise).join(', ')})`,
    where: `${store.url}/${prefix}`,
    fix: 'Write to a local folder and copy it, or use another store; sluice doctor s3://bucket/prefix tells more.',
  });
}
