import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { forgetStores } from '../../../src/files/stores/open-store.ts';

/**
 * Sets environment variables until the test ends, a cache of its own among them, and forgets what stores knew before.
 * Returns the folder of the cache.
 */
export function storeEnvironment(env: Readonly<Record<string, string>>): string {
  const cache = mkdtempSync(join(tmpdir(), 'sluice-cache-'));
  const all: Readonly<Record<string, string>> = { SLUICE_CACHE: cache, ...env };
  const before = Object.keys(all).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, all);
  forgetStores();
  onTestFinished(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    forgetStores();
    rmSync(cache, { recursive: true, force: true });
  });
  return cache;
}
