import { InvariantError } from '../../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../tensor.ts';

/** Names of the executors, fastest kind of hardware first. */
export const EXECUTORS = [
  'onnxruntime-cuda',
  'tfjs-node-gpu',
  'onnxruntime-webgpu',
  'onnxruntime-cpu',
  'tfjs-node',
  'onnxruntime-wasm',
  'tfjs-wasm',
  'tfjs-cpu',
  'reference',
] as const;

export type ExecutorName = (typeof EXECUTORS)[number];

/** Tensors by name. */
export type Tensors = ReadonlyMap<string, Tensor>;

/**
 * A graph made ready to run, with its weights and its state. Runs of one session must not overlap. `run` blocks the
 * thread that calls it (whatever the promise says): call it in a worker, and never terminate a worker inside `run`,
 * which would abort the process; `openInThread` gives a session that lives in a worker of its own.
 */
export interface Session {
  /**
   * Feeds by name in, outputs by name out; the state is replaced by the new one. The buffers of the feeds are not kept.
   */
  run(feeds: Tensors): Promise<Tensors>;
  /** A copy of the state that its graph reads, as it is now. */
  readState(): Promise<Tensors>;
  /** Frees the memory; the session cannot be used after that. Twice is once. */
  release(): Promise<void>;
}

/** What decides the last digits that an executor computes, beside the processor. */
export interface ExecutorRuntime {
  /** Package, or `sluice` for the plain reference. */
  readonly library: string;
  readonly version: string;
  /** What the library computes on: cpu, webgpu, cuda, wasm, tensorflow. */
  readonly provider: string;
  /** Threads of one session; null where the library decides. */
  readonly threads: number | null;
  readonly precision: 'float32' | 'float64';
  /** Version of what is computed (`GRAPHS`); none before version 2. */
  readonly graphs?: number;
}

/** What runs tensor graphs. */
export interface Executor {
  readonly name: ExecutorName;
  /** Runtime, version and device, for people. */
  readonly description: string;
  /** The same as data, for the record of a run. */
  readonly runtime: ExecutorRuntime;
  /**
   * @param graph computation
   * @param values every weight and the first state, by name. An executor may hold on to these buffers: do not change
   *   them.
   * @param shares an open session of the same executor: state of the same name is one for both, and what only this
   *   graph has is added from `values`. So training, accumulation and evaluation have one set of weights. Of sessions
   *   that share, one runs at a time; the state lives until the last of them is released.
   */
  open(graph: Graph, values: Tensors, shares?: Session): Promise<Session>;
}

/** Whether a run is going on; sessions over one state have one. */
export interface SessionLock {
  running: boolean;
}

/**
 * The session, refusing a run that begins before the one before it has ended (both would start from the same state),
 * and runs and readings after its release. Release comes to it once.
 */
export function oneAtATime(name: string, session: Session, lock: SessionLock): Session {
  let released = false;
  const refuseReleased = (): void => {
    if (released) throw releasedSession(name);
  };
  return {
    ...session,
    async release() {
      if (released) return;
      released = true;
      await session.release();
    },
    async run(feeds) {
      refuseReleased();
      if (lock.running) throw new InvariantError({ expected: 'one run at a time', got: 'a second one', where: name });
      lock.running = true;
      try {
        return await session.run(feeds);
      } finally {
        lock.running = false;
      }
    },
    async readState() {
      refuseReleased();
      return session.readState();
    },
  };
}

export function releasedSession(name: string): InvariantError {
  return new InvariantError({ expected: 'an open session', got: 'a released one', where: name });
}
