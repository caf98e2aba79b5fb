import { InvariantError } from '../../errors.ts';
import { type Graph, type GraphValue, inputsOf } from '../graph/graph.ts';
import { checkState, checkTensors } from './check-tensors.ts';
import { oneAtATime, type Session, type SessionLock, type Tensors } from './executor.ts';

/** State that several sessions read and write, in the executor's own kind of tensor. */
export interface SharedState<T> extends SessionLock {
  readonly tensors: Map<string, T>;
  /** Shape and type of each. */
  readonly specs: Map<string, GraphValue>;
  /** Sessions that are open over it. */
  users: number;
}

/** What of its state a session is read by: what it writes, in the order of the graph, then what it only reads. */
export function stateNames(graph: Graph): string[] {
  const names = [...graph.stateOutputs, ...inputsOf(graph, ['state'])].map(({ name }) => name);
  return [...new Set(names)];
}

/** The states of one executor, by session. */
export class SharedStates<T> {
  readonly #states = new WeakMap<Session, SharedState<T>>();
  readonly #dispose: (tensor: T) => void;

  constructor(dispose: (tensor: T) => void) {
    this.#dispose = dispose;
  }

  /**
   * The state that a graph is to be opened over: that of the other session, with what it lacks made from `values`. What
   * the graph needs is checked first.
   */
  begin(graph: Graph, values: Tensors, shares: Session | undefined, make: (name: string) => T): SharedState<T> {
    const state: SharedState<T> = shares
      ? this.#of(shares, graph.name)
      : { tensors: new Map(), specs: new Map(), users: 0, running: false };
    checkTensors(graph, values, ['weight']);
    checkState(graph, values, state.specs);
    for (const { name, value } of inputsOf(graph, ['state']))
      if (!state.tensors.has(name)) {
        state.tensors.set(name, make(name));
        state.specs.set(name, graph.values[value]);
      }
    return state;
  }

  /** The session, one run at a time over its state; the last one to be released frees it. */
  register(graph: Graph, state: SharedState<T>, session: Session): Session {
    const whole = oneAtATime(
      graph.name,
      {
        ...session,
        release: async () => {
          if (--state.users === 0) {
            for (const tensor of state.tensors.values()) this.#dispose(tensor);
            state.tensors.clear();
          }
          await session.release();
        },
      },
      state,
    );
    state.users++;
    this.#states.set(whole, state);
    return whole;
  }

  #of(session: Session, where: string): SharedState<T> {
    const state = this.#states.get(session);
    if (state && state.users > 0) return state;
    const got = state ? 'that of a released session' : 'that of another one';
    throw new InvariantError({ expected: 'the state of an open session of this executor', got, where });
  }
}
