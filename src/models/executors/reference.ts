import { SLUICE_VERSION } from '../../version.ts';
import { interpret } from '../graph/interpret.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensors } from './check-tensors.ts';
import { type Executor, oneAtATime, type Tensors } from './executor.ts';

/**
 * The plain interpreter in float64: thousands of times slower than the others, nothing to install, for tests and for
 * doubt.
 */
export const reference: Executor = {
  name: 'reference',
  runtime: { library: 'sluice', version: SLUICE_VERSION, provider: 'cpu', threads: 1, precision: 'float64' },
  description: 'plain TypeScript in float64',
  async open(graph, values) {
    checkTensors(graph, values, ['weight', 'state']);
    let known: Tensors = values;
    return oneAtATime(graph.name, {
      async run(feeds) {
        checkTensors(graph, feeds, ['feed']);
        const computed = interpret(graph, new Map([...known, ...feeds]));
        const tensor = (id: number): Tensor => {
          const { shape, type } = graph.values[id];
          const data = computed[id].data;
          return { shape, data: type === 'int32' ? Int32Array.from(data) : Float32Array.from(data) };
        };
        const named = (list: typeof graph.outputs) => list.map(({ name, value }) => [name, tensor(value)] as const);
        known = new Map([...known, ...named(graph.stateOutputs)]);
        return new Map(named(graph.outputs));
      },
      async readState() {
        return new Map(
          graph.stateOutputs.map(({ name }) => {
            const { shape, data } = known.get(name)!;
            return [name, { shape, data: data.slice() }];
          }),
        );
      },
      async release() {},
    });
  },
};
