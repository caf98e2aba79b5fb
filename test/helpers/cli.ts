import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const built = resolve(root, 'dist/cli.js');
// The build, as a user has it; sources where there is none.
const command = existsSync(built) ? [built] : ['--import', import.meta.resolve('tsx'), resolve(root, 'src/cli.ts')];

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the real command line in a folder; `done` resolves when it ends. */
export function startCli(
  args: readonly string[],
  { cwd, env = {} }: CliOptions,
): { child: ChildProcess; done: Promise<CliResult> } {
  const { NO_COLOR: _, SLUICE_DEBUG: __, NODE_OPTIONS: ___, npm_command: ____, ...inherited } = process.env;
  const child = spawn(process.execPath, [...command, ...args], { cwd, env: { ...inherited, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (s: string) => {
    stdout += s;
  });
  child.stderr.setEncoding('utf8').on('data', (s: string) => {
    stderr += s;
  });
  const done = new Promise<CliResult>((ok, fail) => {
    child.on('error', fail);
    child.on('close', (code) => ok({ code, stdout, stderr }));
  });
  return { child, done };
}

export const runCli = (args: readonly string[], options: CliOptions): Promise<CliResult> =>
  startCli(args, options).done;

/** Resolves when standard error has said something. */
export function said(child: ChildProcess, text: string): Promise<void> {
  let seen = '';
  return new Promise((ok) => {
    child.stderr?.on('data', (s: string) => {
      seen += s;
      if (seen.includes(text)) ok();
    });
  });
}
