import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { GRAPHS, type Graph, type InputKind, inputsOf } from '../graph/graph.ts';
import { dataTypeOf, type Tensor } from '../tensor.ts';
import { checkTensors } from './check-tensors.ts';
import type { Executor, Session, Tensors } from './executor.ts';
import { importRuntime, RUNTIME_VERSIONS } from './missing.ts';
import { SharedStates, stateNames } from './shared-state.ts';
import { tensorflowThreads, tensorflowVersion, threadsText, usesTensorflow } from './tensorflow-library.ts';
import { type Tf, type TfTensor, tfCompute } from './tfjs-ops.ts';

export type TfjsName = 'tfjs-node-gpu' | 'tfjs-node' | 'tfjs-wasm' | 'tfjs-cpu';

const PACKAGES: Readonly<Record<TfjsName, readonly string[]>> = {
  'tfjs-node-gpu': ['@tensorflow/tfjs-node-gpu'],
  'tfjs-node': ['@tensorflow/tfjs-node'],
  'tfjs-wasm': ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'],
  'tfjs-cpu': ['@tensorflow/tfjs'],
};
const BACKENDS: Readonly<Record<TfjsName, string>> = {
  'tfjs-node-gpu': 'tensorflow',
  'tfjs-node': 'tensorflow',
  'tfjs-wasm': 'wasm',
  'tfjs-cpu': 'cpu',
};

/**
 * Graphs node by node in TensorFlow.js. Runs of two of these executors in one thread must not overlap.
 *
 * @param threads of one operation, for the two that compute with the TensorFlow library; the first one opened in a
 *   process decides
 */
export async function tfjs(name: TfjsName, threads?: number): Promise<Executor> {
  const threadsOfTensorflow = usesTensorflow(name) ? tensorflowThreads(threads) : 1;
  const tf = await load(name);
  const backend = BACKENDS[name];
  tf.enableProdMode();
  // The backend is global to the thread.
  const use = async () => {
    if (tf.getBackend() !== backend && !(await tf.setBackend(backend)))
      throw new ConfigError({
        expected: `the ${backend} backend of TensorFlow.js`,
        got: 'one that does not start',
        fix: `Run: ${installText(name)}`,
      });
    await tf.ready();
  };
  await use();
  const { version_core } = tf;
  const version = usesTensorflow(name)
    ? `${version_core} with TensorFlow ${tensorflowVersion(tf.backend(), name)}`
    : version_core;
  const states = new SharedStates<TfTensor>((tensor) => tensor.dispose());
  return {
    name,
    runtime: {
      library: PACKAGES[name].at(-1)!,
      version,
      provider: backend,
      threads: threadsOfTensorflow,
      precision: 'float32',
      graphs: GRAPHS,
    },
    description: usesTensorflow(name)
      ? `${name} ${version}${threadsText(threadsOfTensorflow)}`
      : `TensorFlow.js ${version} ${backend}`,
    async open(graph, values, shares) {
      await use();
      const state = states.begin(graph, values, shares, (name) => toTf(tf, values.get(name)!, true));
      const session = open(tf, graph, values, state.tensors);
      return states.register(graph, state, {
        ...session,
        async run(feeds) {
          await use();
          return session.run(feeds);
        },
      });
    },
  };
}

async function load(name: TfjsName): Promise<Tf> {
  // tfjs-node calls a function that Node 23 took away, and one more that Node 22 warns about.
  if (usesTensorflow(name))
    Object.assign(createRequire(import.meta.url)('node:util') as object, {
      isArray: Array.isArray,
      isNullOrUndefined: (x: unknown) => x === null || x === undefined,
    });
  let tf: Tf | null = null;
  for (const id of PACKAGES[name]) {
    const module = await importRuntime<{ default?: unknown }>(id, () => import(id), installText(name));
    tf ??= (module.default ?? module) as Tf;
    if (id.endsWith('-wasm')) setWasmPaths(module);
  }
  return tf!;
}

function installText(name: TfjsName): string {
  const packages = PACKAGES[name].map((p) => `${p}@${RUNTIME_VERSIONS.tfjs}`).join(' ');
  const note = usesTensorflow(name)
    ? ' (its install script downloads libtensorflow, for the GPU one that of CUDA 11.2 and cuDNN 8.1; ' +
      'scripts/build-tfjs-node.sh of Sluice builds it without)'
    : '';
  return `npm install ${packages}${note}`;
}

function setWasmPaths(module: { default?: unknown }): void {
  const wasm = (module.default ?? module) as { setWasmPaths(prefix: string): void };
  wasm.setWasmPaths(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
}

function toTf(tf: Tf, { shape, data }: Tensor, copy: boolean): TfTensor {
  return tf.tensor(copy ? data.slice() : data, [...shape], dataTypeOf({ shape, data }));
}

function open(tf: Tf, graph: Graph, values: Tensors, state: Map<string, TfTensor>): Session {
  const ofKind = (kind: InputKind) => inputsOf(graph, [kind]);
  const constants = new Map([...graph.constants].map(([id, tensor]) => [id, toTf(tf, tensor, false)]));
  for (const { name, value } of ofKind('weight')) constants.set(value, toTf(tf, values.get(name)!, false));
  const lastUse = new Map<number, number>();
  for (const [i, node] of graph.nodes.entries()) for (const id of node.inputs) lastUse.set(id, i);
  const kept = new Set([...graph.outputs, ...graph.stateOutputs].map((o) => o.value));

  return {
    async run(feeds) {
      checkTensors(graph, feeds, ['feed']);
      const now = new Map(constants);
      const owned = new Set<number>();
      for (const { name, value } of ofKind('state')) now.set(value, state.get(name)!);
      try {
        for (const { name, value } of ofKind('feed')) {
          now.set(value, toTf(tf, feeds.get(name)!, true));
          owned.add(value);
        }
        for (const [i, node] of graph.nodes.entries()) {
          const inputs = node.inputs.map((id) => now.get(id)!);
          now.set(
            node.output,
            tf.tidy(() => tfCompute(tf, node, inputs, graph.values[node.output].shape)),
          );
          owned.add(node.output);
          for (const id of node.inputs)
            if (lastUse.get(id) === i && owned.has(id) && !kept.has(id)) {
              now.get(id)!.dispose();
              owned.delete(id);
            }
        }
        const results = new Map<string, Tensor>();
        for (const { name, value } of graph.outputs) {
          const { shape, type } = graph.values[value];
          // The data of a cast may still have its old type.
          const data = await now.get(value)!.data();
          results.set(name, { shape, data: type === 'int32' ? Int32Array.from(data) : Float32Array.from(data) });
        }
        const next = graph.stateOutputs.map(({ name, value }) => [name, now.get(value)!.clone()] as const);
        for (const [name, tensor] of next) {
          state.get(name)!.dispose();
          state.set(name, tensor);
        }
        return results;
      } finally {
        for (const id of owned) now.get(id)!.dispose();
      }
    },
    async readState() {
      const entries = stateNames(graph).map(async (name) => {
        const tensor = state.get(name)!;
        const data = (await tensor.data()) as Float32Array | Int32Array;
        return [name, { shape: tensor.shape, data: data.slice() }] as const;
      });
      return new Map(await Promise.all(entries));
    },
    async release() {
      for (const tensor of constants.values()) tensor.dispose();
      constants.clear();
    },
  };
}
