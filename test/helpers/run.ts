import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
import { type Recipe, type RunEvent, type RunOptionsInput, run } from 'sluice';
import { afterEach } from 'vitest';

export { promisedBytes } from './promised-bytes.ts';

const folders: string[] = [];

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-run-'));
  folders.push(folder);
  return folder;
}
afterEach(async () => {
  for (const f of folders.splice(0)) await rm(f, { recursive: true, force: true });
});

/** Runs to the end; returns the last event, and all of them. */
export async function runToEnd(
  recipe: Recipe,
  options: RunOptionsInput,
): Promise<{ last: RunEvent; events: RunEvent[] }> {
  const events: RunEvent[] = [];
  const last = await lastValueFrom(run(recipe, options).pipe(tap((e) => events.push(e))));
  return { last, events };
}
