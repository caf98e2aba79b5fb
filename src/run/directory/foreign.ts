import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isOwnReadme } from './own-files.ts';

/** What a start that was killed may have left before run.json was there. */
const BEFORE_RUN_JSON = new RegExp(
  String.raw`^(lock|nodes\.json|plan\.jsonl?|input\.xxh64|stdin-copy|answers|` +
    String.raw`(lock|nodes\.json|plan\.jsonl?|input\.xxh64|run\.json)(\.[\w-]+)?\.tmp)$`,
);

/** Errors: ConfigError where the folder holds something, and no run. */
export async function refuseForeign(path: string): Promise<void> {
  if (!existsSync(path) || existsSync(join(path, 'run.json'))) return;
  if (!statSync(path).isDirectory()) {
    throw new ConfigError({
      expected: 'an empty or new output folder, or one of an earlier run',
      got: 'a file',
      where: path,
      fix: 'Choose another name with --output. Sluice never writes over what is not its own.',
    });
  }
  const names = await readdir(path);
  if (names.every((name) => BEFORE_RUN_JSON.test(name))) return;
  throw new ConfigError({
    expected: 'an empty or new output folder, or one of an earlier run',
    got: `a folder with other files (${names.slice(0, 3).join(', ')})`,
    where: path,
    fix: 'Choose another folder with --output. Sluice never deletes what is not its own.',
  });
}

/** A finished run has a README.md. Errors: ConfigError where another one is there. */
export async function refuseOtherReadme(path: string): Promise<void> {
  if (await isOwnReadme(path)) return;
  throw new ConfigError({
    expected: 'no README.md, or one of an earlier run',
    got: 'one that Sluice did not write',
    where: path,
    fix: 'Move it elsewhere: a run writes its own. Sluice never writes over what is not its own.',
  });
}
