import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, tap } from 'rxjs';
import { type Recipe, type RunEvent, type RunOptionsInput, run } from 'sluice';
import { afterEach } from 'vitest';

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

/** sha256 of every file that a finished run promises to be the same, by path; and the totals of run.json. */
export function promisedBytes(output: string): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const top of ['documents', 'ledger', 'quarantine', 'sinks']) {
    if (!existsSync(join(output, top))) continue;
    for (const name of readdirSync(join(output, top), { recursive: true, encoding: 'utf8' }).sort()) {
      const path = join(output, top, name);
      if (!name.includes('.')) continue;
      hashes[`${top}/${name}`] = createHash('sha256').update(readFileSync(path)).digest('hex');
    }
  }
  const { totals } = JSON.parse(readFileSync(join(output, 'run.json'), 'utf8')) as { totals: unknown };
  hashes.totals = JSON.stringify(totals);
  return hashes;
}
