import { parentPort } from 'node:worker_threads';
import { type ErrorParts, SluiceError } from '../../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Executor, ExecutorName, ExecutorRuntime, Session, Tensors } from './executor.ts';
import type { ExecutorOptions } from './onnxruntime-node.ts';
import { openExecutor } from './open-executor.ts';

export type ThreadRequest =
  | { readonly kind: 'executor'; readonly name: ExecutorName; readonly options: ExecutorOptions }
  | { readonly kind: 'open'; readonly graph: Graph; readonly values: Tensors; readonly shares?: number }
  | { readonly kind: 'run'; readonly session: number; readonly feeds: Tensors }
  | { readonly kind: 'readState'; readonly session: number }
  | { readonly kind: 'release'; readonly session: number }
  | { readonly kind: 'close' };

export interface ThreadReply {
  readonly id: number;
  readonly description?: string;
  readonly runtime?: ExecutorRuntime;
  readonly session?: number;
  readonly tensors?: Tensors;
  readonly error?: { readonly code?: string; readonly parts?: ErrorParts; readonly message: string };
}

type Body = Omit<ThreadReply, 'id'>;

const sessions = new Map<number, Session>();
let executor: Executor | null = null;
let opened = 0;
/** The reply to `close` is the last one. */
let closing = false;

// One request after another: runs of a session must not overlap, and a close comes after what was asked before it.
let last: Promise<void> = Promise.resolve();
parentPort!.on('message', (request: ThreadRequest & { id: number }) => {
  last = last.then(async () => {
    const body = await answer(request).catch((error: unknown): Body => ({ error: plainError(error as Error) }));
    parentPort!.postMessage({ id: request.id, ...body });
    if (closing) parentPort!.close();
  });
});

async function answer(request: ThreadRequest): Promise<Body> {
  switch (request.kind) {
    case 'executor':
      executor = await openExecutor(request.name, request.options);
      return { description: executor.description, runtime: executor.runtime };
    case 'open':
      sessions.set(
        opened,
        await executor!.open(
          request.graph,
          request.values,
          request.shares === undefined ? undefined : sessions.get(request.shares)!,
        ),
      );
      return { session: opened++ };
    case 'run':
      return { tensors: await sessions.get(request.session)!.run(request.feeds) };
    case 'readState':
      return { tensors: await sessions.get(request.session)!.readState() };
    case 'release':
      await sessions.get(request.session)?.release();
      sessions.delete(request.session);
      return {};
    case 'close':
      for (const session of sessions.values()) await session.release();
      sessions.clear();
      closing = true;
      return {};
  }
}

function plainError(error: Error): ThreadReply['error'] {
  if (!(error instanceof SluiceError)) return { message: error.message };
  const { cause: _, ...parts } = error.parts;
  return { code: error.code, parts, message: error.message };
}
