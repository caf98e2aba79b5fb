import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { runCli } from './cli.ts';
import { temporaryFolder } from './run.ts';

const cli = resolve(import.meta.dirname, '../../dist/cli.js');

/**
 * Gives a command to a shell that has `sluice` on its path. One without pipe and file only tells what the shell made of
 * it, folder and arguments, and runs in this process.
 */
export async function paste(command: string, cwd: string): Promise<{ code: number | null; text: string }> {
  const bin = await temporaryFolder();
  const told = join(bin, 'told');
  const whole = /[|<>]/.test(command);
  const script = whole
    ? `exec '${process.execPath}' '${cli}' "$@"`
    : `[ -e '${told}' ] && exit 9\n{ pwd; printf '%s\\0' "$@"; } >'${told}'`;
  writeFileSync(join(bin, 'sluice'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'sluice'), 0o755);
  const { npm_command: _, ...inherited } = process.env;
  const env = { ...inherited, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const { status, stdout, stderr } = spawnSync(command, { shell: true, cwd, encoding: 'utf8', env });
  if (whole || status !== 0) return { code: status, text: stdout + stderr };
  const all = readFileSync(told, 'utf8');
  const folder = all.slice(0, all.indexOf('\n'));
  const args = all
    .slice(folder.length + 1)
    .split('\0')
    .slice(0, -1);
  const done = await runCli(args, { cwd: folder });
  return { code: done.code, text: stdout + stderr + done.stdout + done.stderr };
}
