import { SLUICE_VERSION } from '../../version.ts';
import { GRAPHS } from '../graph/graph.ts';
import { interpret } from '../graph/interpret.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensors } from './check-tensors.ts';
import type { Executor } from './executor.ts';
import { SharedStates, stateNames } from './shared-state.ts';

const states = new SharedStates<Tensor>(() => {});

/**
 * The plain interpreter in float64: thousands of times slower than the others, nothing to install, for tests and for
 * doubt.
 */
export const reference: Executor = {
  name: 'reference',
  runtime: {
    library: 'sluice',
    version: SLUICE_VERSION,
    provider: 'cpu',
    threads: 1,
    precision: 'float64',
    graphs: GRAPHS,
  },
  description: 'plain TypeScript in float64',
  async open(graph, values, shares) {
    // State is rounded from step to step, so that one that was read and given again goes on with the same numbers.
    const state = states.begin(graph, values, shares, (name) => values.get(name)!);
    return states.register(graph, state, {
      async run(feeds) {
        checkTensors(graph, feeds, ['feed']);
        const computed = interpret(graph, new Map([...values, ...state.tensors, ...feeds]));
        const tensor = (id: number): Tensor => {
          const { shape, type } = graph.values[id];
          const data = computed[id].data;
          return { shape, data: type === 'int32' ? Int32Array.from(data) : Float32Array.from(data) };
        };
        for (const { name, value } of graph.stateOutputs) state.tensors.set(name, tensor(value));
        return new Map(graph.outputs.map(({ name, value }) => [name, tensor(value)]));
      },
      async readState() {
        return new Map(
          stateNames(graph).map((name) => {
            const { shape, data } = state.tensors.get(name)!;
            return [name, { shape, data: data.slice() }];
          }),
        );
      },
      async release() {},
    });
  },
};
