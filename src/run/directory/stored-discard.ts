import { ConfigError, InputError } from '../../errors.ts';
import { deleteAll } from '../../files/stores/delete-all.ts';
import { joinKey } from '../../files/stores/url.ts';
import { NODES_FILE } from '../../ledger/fleet-commits.ts';
import { type LogEntry, logKey, type RunPlace } from '../../ledger/stored/log.ts';
import type { StoredRun } from '../../ledger/stored/restore.ts';
import { isOwnName } from './own-files.ts';

/** The first object below a prefix but for those of a probe, also of one that was killed; null: there is none. */
export async function foreignKey({ store, prefix }: RunPlace): Promise<string | null> {
  for await (const object of store.list(joinKey(prefix, ''))) {
    const key = 'key' in object ? object.key : object.folder;
    if (!key.includes('/.sluice-probe-') && key !== joinKey(prefix, '')) return key;
  }
  return null;
}

/** Errors: ConfigError for a prefix without a run that holds other objects. @param key see `foreignKey` */
export function refuseForeignPrefix(place: RunPlace, { json, log }: StoredRun, key: string | null): void {
  if (json !== null || log.next > 0 || key === null) return;
  throw new ConfigError({
    expected: 'an empty or new prefix, or one of an earlier run',
    got: `one with other objects (${key})`,
    where: `${place.store.url}/${place.prefix}`,
    fix: 'Choose another one with --output. Sluice never deletes what is not its own.',
  });
}

/**
 * Deletes the run of a prefix and nothing beside it. The log goes on: its numbers are never used again, so a process of
 * the discarded run can commit nothing.
 */
export async function discardStored(
  place: RunPlace,
  { json, version, log }: StoredRun,
  fresh: LogEntry,
): Promise<void> {
  const { store, prefix } = place;
  const overtaken = (): InputError =>
    new InputError({
      problem: 'another process has taken over this run',
      expected: 'to discard a run that nobody works on',
      got: 'a commit or a claim that came meanwhile',
      where: `${store.url}/${prefix}`,
      fix: 'Stop that process first.',
    });
  const runJson = joinKey(prefix, 'run.json');
  if (json !== null && version !== null) {
    const running = { ...(JSON.parse(json) as object), status: 'running', finishedAt: null, totals: null };
    const put = await store.put(runJson, Buffer.from(`${JSON.stringify(running, null, 2)}\n`), { when: { version } });
    if (!put.written) throw overtaken();
  }
  const { written } = await store.put(logKey(place, log.next), Buffer.from(JSON.stringify(fresh)), { when: 'absent' });
  if (!written) throw overtaken();
  // Before the rest is listed: see refuseReplanned.
  await store.delete(joinKey(prefix, NODES_FILE));
  const root = joinKey(prefix, '');
  const keys: string[] = [];
  for await (const object of store.list(root)) if ('key' in object) keys.push(object.key);
  const own = keys.filter((key) => {
    const path = key.slice(root.length);
    return path !== 'run.json' && key !== logKey(place, log.next) && (isOwnName(path) || OBJECTS.test(path));
  });
  await deleteAll(store, own);
  await store.delete(runJson);
}

const OBJECTS = /^(segments\/|commits\/\d{12}\.json$|\.sluice-probe-|README\.md$)/;
