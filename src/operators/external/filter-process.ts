import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AnswerBytes, answerReader, NoAnswer } from './answer-reader.ts';
import { lastWords } from './last-words.ts';

/** The module that Python filters import; it ships with the package. */
const PYTHON_HELPER = fileURLToPath(new URL('../../../python/sluice_filter', import.meta.url));
/** So much of what a filter wrote to standard error is kept, for messages. */
const KEPT_STDERR = 16 * 1024;
const LEAST_BODY = 64 * 1024 * 1024;
const BODY_PER_BYTE = 16;
const MEMORY_EVERY_MS = 200;
/** So long a process may take to end once there is nothing more for it to read. */
const END_MS = 1000;

/** Why a request has no answer, in one sentence. */
export class FilterFailure extends Error {
  /** True: it took all its time. */
  readonly hung: boolean;
  /** Of the system, when the program could not even be started. */
  readonly code: string | null;
  constructor(message: string, { hung = false, code = null as string | null } = {}) {
    super(message);
    this.hung = hung;
    this.code = code;
  }
}

export interface FilterProcess {
  /**
   * Writes a message and waits for the record batch that answers it; one at a time. Errors: FilterFailure; the process
   * has been killed then.
   */
  ask(bytes: Uint8Array, timeoutMs: number): Promise<AnswerBytes>;
  readonly usable: boolean;
  /** The last that it wrote to standard error, see `lastWords`. */
  said(): string;
  kill(): void;
  /** Ends its input and waits for it; kills it when that takes long. */
  end(): Promise<void>;
}

/** Every process that is there, so that none outlives this one. */
const alive = new Set<ChildProcessWithoutNullStreams>();
const killAll = (): void => {
  for (const child of alive) killGroup(child);
};

/** A filter with what it has started itself: it leads a group of its own, which no Ctrl-C of the terminal reaches. */
function killGroup(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Starts a program of the user's; no shell is involved. @param memory most bytes that it may hold; Linux tells */
export function startFilter(argv: readonly string[], memory: number): FilterProcess {
  const path = [PYTHON_HELPER, process.env.PYTHONPATH].filter(Boolean).join(delimiter);
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(argv[0], argv.slice(1), {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    env: { ...process.env, PYTHONPATH: path },
  });
  if (alive.size === 0) process.once('exit', killAll);
  alive.add(child);
  let waiting: { readonly done: (answer: AnswerBytes) => void; readonly fail: (e: FilterFailure) => void } | null =
    null;
  const reader = answerReader(LEAST_BODY);
  let usable = true;
  let stderr = Buffer.alloc(0);
  const said = (): string => lastWords(stderr.toString('utf8'));
  let ended = false;
  const kill = (): void => {
    usable = false;
    if (!ended) killGroup(child);
  };
  const fail = (what: string, options?: ConstructorParameters<typeof FilterFailure>[1]): void => {
    const last = said();
    kill();
    const asked = waiting;
    waiting = null;
    asked?.fail(new FilterFailure(`${what}${last === '' ? '' : `; its last words: ${last}`}`, options));
  };
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.on('error', (error: NodeJS.ErrnoException) =>
    fail(`it could not be started (${error.code})`, { code: error.code }),
  );
  child.on('exit', () => {
    usable = false;
    // Whoever it has started holds its pipes open.
    kill();
    ended = true;
  });
  child.on('close', (code, signal) => {
    alive.delete(child);
    if (alive.size === 0) process.off('exit', killAll);
    fail(signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`);
  });
  // That it is gone is told by its end.
  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-KEPT_STDERR);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (waiting === null) return fail('it wrote what nobody asked for');
    try {
      const answer = reader.push(chunk);
      if (answer === null) return;
      const { done } = waiting;
      waiting = null;
      if (reader.behind > 0) fail('it wrote more than one answer');
      done(answer);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      fail(`expected one record batch on standard output, got ${error.message}`);
    }
  });
  return {
    get usable() {
      return usable;
    },
    said,
    kill,
    async ask(bytes, timeoutMs) {
      reader.limit = Math.max(LEAST_BODY, BODY_PER_BYTE * bytes.length);
      const timers: NodeJS.Timeout[] = [];
      try {
        return await new Promise<AnswerBytes>((done, failed) => {
          waiting = { done, fail: failed };
          const late = (): void => fail(`no answer within ${timeoutMs / 1000} s`, { hung: true });
          timers.push(setTimeout(late, timeoutMs));
          timers.push(
            setInterval(() => {
              const held = bytesHeld(child.pid);
              if (held > memory) fail(`it held ${megabytes(held)} MB, more than the ${megabytes(memory)} it may`);
            }, MEMORY_EVERY_MS),
          );
          if (!usable) return fail('it had ended');
          child.stdin.write(bytes);
        });
      } finally {
        for (const timer of timers) clearTimeout(timer);
      }
    },
    async end() {
      child.stdin.end();
      const late = setTimeout(kill, END_MS);
      usable = false;
      if (child.pid !== undefined) await gone;
      clearTimeout(late);
    },
  };
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6);

/** Bytes of memory of a process; 0 where nothing tells. */
function bytesHeld(pid: number | undefined): number {
  const path = `/proc/${pid}/statm`;
  if (pid === undefined || !existsSync(path)) return 0;
  try {
    return 4096 * Number(readFileSync(path, 'latin1').split(' ')[1]);
  } catch {
    // It has just ended, which its end tells.
    return 0;
  }
}
