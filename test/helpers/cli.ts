import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { inThisProcess } from './this-process.ts';

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

/** The command line in a process of its own, to its end: what it costs to start, about a second, is paid each time. */
export const spawnCli = (args: readonly string[], options: CliOptions): Promise<CliResult> =>
  startCli(args, options).done;

/** Modules that a command has loaded in this process, with their text: they are not loaded again. */
const loaded = new Map<string, string>();

/**
 * The same in the process of the test: what a command prints, and the code it ends with. Commands wait for each other.
 * Where a module has changed since it was loaded here, the command gets a process of its own.
 */
export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  for (const path of args.filter((a) => /\.[cm]?[jt]s$/.test(a)).map((a) => resolve(options.cwd, a))) {
    if (!existsSync(path)) continue;
    const text = readFileSync(path, 'utf8');
    if ((loaded.get(path) ?? text) !== text) return spawnCli(args, options);
    loaded.set(path, text);
  }
  return inThisProcess(args, options);
}

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
