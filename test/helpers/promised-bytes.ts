import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** sha256 of every file that a finished run promises to be the same, by path; and the totals of run.json. */
export function promisedBytes(output: string): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const top of ['documents', 'ledger', 'quarantine', 'sinks', 'indexes']) {
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
