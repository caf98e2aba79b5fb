import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CliOptions, CliResult } from './cli.ts';

const root = resolve(import.meta.dirname, '../..');
const entry = ['dist/cli/main.js', 'src/cli/main.ts'].map((f) => resolve(root, f)).find((f) => existsSync(f))!;
/** What a user's shell does not set. */
const UNSET = ['NO_COLOR', 'FORCE_COLOR', 'SLUICE_DEBUG', 'NODE_OPTIONS', 'npm_command'];

type Main = (args: readonly string[]) => Promise<number>;
let last: Promise<unknown> = Promise.resolve();

/** A command line, after the one before it: folder, environment and output belong to the whole process. */
export function inThisProcess(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const next = last.then(() => alone(args, options));
  // What failed is known to whoever asked for it.
  last = next.catch(() => {});
  return next;
}

async function alone(args: readonly string[], { cwd, env = {} }: CliOptions): Promise<CliResult> {
  const { main } = (await import(pathToFileURL(entry).href)) as { main: Main };
  const back = [inFolder(cwd), withEnvironment(env)];
  const stdout = heard(process.stdout);
  const stderr = heard(process.stderr);
  try {
    const code = await main(args);
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    for (const undo of [stdout.restore, stderr.restore, ...back]) undo();
  }
}

function inFolder(cwd: string): () => void {
  const before = process.cwd();
  process.chdir(cwd);
  return () => process.chdir(before);
}

function withEnvironment(env: Readonly<Record<string, string>>): () => void {
  const names = [...UNSET, ...Object.keys(env)];
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) {
    if (name in env) process.env[name] = env[name];
    else delete process.env[name];
  }
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/** What is written to a stream, which is no terminal meanwhile. */
function heard(stream: NodeJS.WriteStream): { text: () => string; restore: () => void } {
  const { write, isTTY, columns } = stream;
  const parts: Buffer[] = [];
  Object.assign(stream, {
    isTTY: undefined,
    columns: undefined,
    write: (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
      parts.push(Buffer.from(chunk as string));
      const told = [encoding, done].find((f) => typeof f === 'function') as (() => void) | undefined;
      if (told) process.nextTick(told);
      return true;
    },
  });
  return {
    text: () => Buffer.concat(parts).toString('utf8'),
    restore: () => {
      Object.assign(stream, { write, isTTY, columns });
    },
  };
}
