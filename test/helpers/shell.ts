import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { temporaryFolder } from './run.ts';

const cli = resolve(import.meta.dirname, '../../dist/cli.js');

/** Gives a command to a shell that has `sluice` on its path. */
export async function paste(command: string, cwd: string): Promise<{ code: number | null; text: string }> {
  const bin = await temporaryFolder();
  writeFileSync(join(bin, 'sluice'), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`);
  chmodSync(join(bin, 'sluice'), 0o755);
  const { npm_command: _, ...env } = process.env;
  const path = `${bin}${delimiter}${env.PATH}`;
  const { status, stdout, stderr } = spawnSync(command, {
    shell: true,
    cwd,
    encoding: 'utf8',
    env: { ...env, PATH: path },
  });
  return { code: status, text: stdout + stderr };
}
