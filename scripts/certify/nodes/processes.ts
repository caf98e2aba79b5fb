import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The build that is tried: SLUICE_CLI, or the one of this folder. */
export const cli = process.env.SLUICE_CLI ?? resolve(import.meta.dirname, '../../../dist/cli.js');

/** sha256 of everything that is promised to be the same as of one process. */
export function bytesOf(run: string): string {
  const hash = createHash('sha256');
  for (const top of ['documents', 'ledger', 'quarantine'])
    for (const name of readdirSync(join(run, top)).sort())
      hash.update(`${top}/${name}`).update(readFileSync(join(run, top, name)));
  const { totals } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { readonly totals: unknown };
  return hash.update(JSON.stringify(totals)).digest('hex');
}

/** Runs the command line in `cwd` to its end; resolves with the CPU seconds of the process. */
export const sluice =
  (cwd: string) =>
  (args: readonly string[]): Promise<number> => {
    const command = ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'sluice', process.execPath, cli, ...args];
    const child = spawn('bash', command, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (d: Buffer) => {
      said += d.toString();
    });
    return new Promise((done, fail) => {
      child.on('close', (code) => {
        const [, user, system] = /cpu ([\d.]+) ([\d.]+)\s*$/.exec(said) ?? [];
        if (code !== 0 || user === undefined) fail(new Error(`sluice ${args.join(' ')}: ${said}`));
        else done(Number(user) + Number(system));
      });
    });
  };
