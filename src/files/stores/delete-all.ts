import { atOnce } from './at-once.ts';
import type { Store } from './store.ts';

/** Objects that are deleted at once where each is a request: they send nothing. */
const AT_ONCE = 32;

/** Deletes objects, a thousand with each request where the store can. */
export async function deleteAll(store: Store, keys: readonly string[], signal?: AbortSignal): Promise<void> {
  if (store.deleteMany !== undefined && keys.length > 1) return store.deleteMany(keys, signal);
  await atOnce(keys, AT_ONCE, (key) => store.delete(key, signal));
}
