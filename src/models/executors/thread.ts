import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type ErrorParts, InvariantError, SluiceError } from '../../errors.ts';
import { type Executor, type ExecutorName, releasedSession, type Session, type Tensors } from './executor.ts';
import { waitForModelsAtExit } from './exit-guard.ts';
import type { ExecutorOptions } from './onnxruntime-node.ts';
import { checkedExecutor } from './pick-executor.ts';
import { usesTensorflow } from './tensorflow-library.ts';
import type { ThreadReply, ThreadRequest } from './thread-worker.ts';

/** An executor whose sessions live in one thread of their own, so that `run` does not block the caller's. */
export interface ThreadExecutor extends Executor {
  /** Waits for what is running, releases every session and ends the thread. */
  close(): Promise<void>;
}

type Answer = (reply: ThreadReply | Error) => void;

/** Starts a thread and opens an executor in it. An idle thread does not keep the process alive. */
export async function openInThread(name: ExecutorName, options: ExecutorOptions = {}): Promise<ThreadExecutor> {
  const source = import.meta.url.endsWith('.ts');
  const file = fileURLToPath(new URL(source ? './thread-worker.ts' : './thread-worker.js', import.meta.url));
  waitForModelsAtExit();
  if (usesTensorflow(name)) await usedHere(name, options);
  const worker = new Worker(file, { execArgv: source ? ['--import', registerTsx()] : [] });
  const waiting = new Map<number, Answer>();
  let requests = 0;
  let ended = false;
  const end = (cause: Error) => {
    ended = true;
    for (const answer of waiting.values()) answer(cause);
    waiting.clear();
  };
  worker.on('message', (reply: ThreadReply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
    if (waiting.size === 0) worker.unref();
  });
  worker.on('error', end);
  worker.on('exit', (code) => end(threadEnded(name, `exit code ${code}`)));

  const ask = (request: ThreadRequest): Promise<ThreadReply> =>
    new Promise((resolve, reject) => {
      if (ended) return reject(threadEnded(name, 'a closed one'));
      const id = requests++;
      // Throws for what cannot be copied: nothing waits then. The answer comes in a later turn.
      worker.postMessage({ id, ...request });
      worker.ref();
      waiting.set(id, (reply) => {
        if (reply instanceof Error) reject(reply);
        else if (reply.error) reject(revived(reply.error));
        else resolve(reply);
      });
    });

  const close = async (): Promise<void> => {
    if (ended) return;
    // Never worker.terminate(): inside a run it aborts the process.
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    await ask({ kind: 'close' });
    worker.ref();
    await gone;
  };
  const opened = await ask({ kind: 'executor', name, options }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const numbers = new WeakMap<Session, number>();
  const numberOf = (session: Session, where: string): number => {
    const number = numbers.get(session);
    if (number !== undefined) return number;
    throw new InvariantError({ expected: `a session of this ${name} thread`, got: 'another one', where });
  };
  return {
    name,
    runtime: opened.runtime!,
    description: `${opened.description}, in a thread`,
    async open(graph, values, shares): Promise<Session> {
      const other = shares && numberOf(shares, graph.name);
      const { session } = await ask({ kind: 'open', graph, values, shares: other });
      let released = false;
      const askOpen = async (request: ThreadRequest): Promise<Tensors> => {
        if (released) throw releasedSession(graph.name);
        return (await ask(request)).tensors!;
      };
      const opened: Session = {
        run: (feeds) => askOpen({ kind: 'run', session: session!, feeds }),
        readState: () => askOpen({ kind: 'readState', session: session! }),
        release: async () => {
          if (released) return;
          released = true;
          if (!ended) await ask({ kind: 'release', session: session! });
        },
      };
      numbers.set(opened, session!);
      return opened;
    },
    close,
  };
}

const inUse = new Map<ExecutorName, Promise<Executor>>();

/**
 * Lets the thread that calls compute before others do: tfjs-node keeps the names of attributes in one table without a
 * lock, and threads that add to it at the same time end the process (segmentation fault). The self-check adds all that
 * graphs use, so that others only read.
 */
async function usedHere(name: ExecutorName, options: ExecutorOptions): Promise<void> {
  const used = inUse.get(name) ?? checkedExecutor(name, options);
  inUse.set(name, used);
  // The error is that of the line below; who comes next tries again.
  used.catch(() => inUse.delete(name));
  await used;
}

function threadEnded(name: string, got: string): InvariantError {
  return new InvariantError({ expected: `the ${name} thread to run`, got });
}

/** An error as it was in the thread. */
function revived({ code, parts, message }: { code?: string; parts?: ErrorParts; message: string }): Error {
  return code && parts ? new SluiceError(code, parts) : new Error(message);
}

/** tsx registers itself in main threads only, so a worker of sources does it by name. */
function registerTsx(): string {
  return `data:text/javascript,import{register}from${JSON.stringify(import.meta.resolve('tsx/esm/api'))};register()`;
}
