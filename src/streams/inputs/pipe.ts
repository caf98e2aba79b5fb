import { closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { basename, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';

/** What is copied before it is read: it comes once only. */
export interface Pipe {
  /** The name of its documents' file. */
  readonly name: string;
  /** What people call it. */
  readonly called: string;
  /** Waits for somebody who writes. Errors: ConfigError on a terminal. */
  readonly read: () => AsyncIterable<Uint8Array>;
  /** Without waiting: null where nobody writes at this moment, and for a terminal. */
  readonly readIfGiven: () => AsyncIterable<Uint8Array> | null;
}

const STDIN_PATHS = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];
/** Numbered anew by the shell at every start. */
const NUMBERED = /^\/(dev|proc\/self)\/fd\/\d+$/;
/** Linux keeps so much for a reader. */
const PIPE_BYTES = 65_536;

/** Is it standard input, by one of its names? */
export const isStdin = (input: string): boolean => STDIN_PATHS.includes(input);

/** A process substitution: `<(command)`, as the shell hands it over. It is closed when the command ends. */
export const isSubstitution = (input: string): boolean => NUMBERED.test(input) && !isStdin(input);

/** What names the same pipes at every start, in the order of the inputs: the shell counts substitutions anew. */
export function pipeKeys(inputs: readonly string[]): Map<string, string> {
  const keys = new Map<string, string>();
  let substitutions = 0;
  for (const input of new Set(inputs))
    keys.set(input, isStdin(input) ? '-' : isSubstitution(input) ? `<() ${substitutions++}` : resolve(input));
  return keys;
}

/** The pipe that an input names: standard input, a FIFO, a process substitution; null when it names something else. */
export function pipeOf(input: string, stdin?: AsyncIterable<Uint8Array>): Pipe | null {
  if (input !== '-') {
    if (!existsSync(input)) return null;
    const found = statSync(input);
    if (!found.isFIFO() && !found.isSocket()) return null;
  }
  if (!isStdin(input)) {
    const name = isSubstitution(input) ? 'pipe' : basename(input);
    return { name, called: input, read: () => fifo(openFifo(input)), readIfGiven: () => fifoIfWritten(input) };
  }
  const readIfGiven = (): AsyncIterable<Uint8Array> | null => stdin ?? (process.stdin.isTTY ? null : process.stdin);
  const read = (): AsyncIterable<Uint8Array> => {
    const given = readIfGiven();
    if (given !== null) return given;
    throw new ConfigError({
      expected: 'data on standard input',
      got: 'a terminal',
      where: '--input -',
      fix: 'Pipe data in, or name files.',
    });
  };
  return { name: 'stdin', called: 'standard input', read, readIfGiven };
}

/** Without waiting for a writer: a thread that waits there would keep the process from ending. */
const openFifo = (path: string): number => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);

const fifo = (fd: number): Socket =>
  new (process.getBuiltinModule('node:net').Socket)({ fd, readable: true, writable: false });

/** A writer that waits for a reader counts as one from its `open` on, so the first read tells whether there is any. */
function fifoIfWritten(path: string): Socket | null {
  const fd = openFifo(path);
  const first = Buffer.alloc(PIPE_BYTES);
  const length = readNow(fd, first);
  if (length === 0) {
    closeSync(fd);
    return null;
  }
  const stream = fifo(fd);
  if (length !== null) stream.unshift(first.subarray(0, length));
  return stream;
}

/** Bytes that are there, 0 where nobody writes, null where somebody does and has written nothing yet. */
function readNow(fd: number, into: Buffer): number | null {
  try {
    return readSync(fd, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null;
    throw error;
  }
}
