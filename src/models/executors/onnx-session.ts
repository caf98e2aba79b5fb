import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { InputError } from '../../errors.ts';
import { type Graph, GraphBuilder, inputsOf } from '../graph/graph.ts';
import type { OnnxTarget } from '../onnx/lowering.ts';
import { nextName, outputName, writeOnnx } from '../onnx/onnx.ts';
import { dataTypeOf, elementCount, type Tensor } from '../tensor.ts';
import { checkTensors } from './check-tensors.ts';
import { oneAtATime, type Session, type Tensors } from './executor.ts';
import { insideRuntime } from './exit-guard.ts';

/** What onnxruntime-node and onnxruntime-web have in common. */
export interface OrtRuntime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof OrtTensor;
}

export interface OnnxSettings {
  readonly target: OnnxTarget;
  readonly options: InferenceSession.SessionOptions;
  /**
   * Where the new state goes. `buffers`: two sets of buffers that take turns, nothing is allocated in a step. `device`:
   * it stays on the GPU. `results`: into new tensors (the WebAssembly runtime does not write to given ones).
   */
  readonly state: 'buffers' | 'device' | 'results';
  /**
   * Weights of up to so many bytes in all become constants of the model, which the runtime packs once; else they are
   * fed in every run.
   */
  readonly constantBytes: number;
}

/** Opens a graph with an ONNX runtime. */
export async function openOnnx(
  ort: OrtRuntime,
  graph: Graph,
  values: Tensors,
  settings: OnnxSettings,
): Promise<Session> {
  checkTensors(graph, values, ['weight', 'state']);
  const weights = inputsOf(graph, ['weight']);
  const bytes = weights.reduce((n, w) => n + 4 * elementCount(graph.values[w.value].shape), 0);
  const baked = bytes <= settings.constantBytes ? weights : [];
  const constants = new Map(baked.map(({ name }) => [name, values.get(name)!]));
  const session = await create(ort, graph, constants, settings);
  const fixed = Object.fromEntries(
    weights.filter((w) => !constants.has(w.name)).map(({ name }) => [name, ortTensor(ort, values.get(name)!)]),
  );
  const state = settings.state === 'buffers' ? bufferState(ort, graph, values) : resultState(ort, graph, values);
  return oneAtATime(graph.name, {
    async run(feeds) {
      checkTensors(graph, feeds, ['feed']);
      const given = Object.fromEntries([...feeds].map(([name, tensor]) => [name, ortTensor(ort, tensor)]));
      const fetches: Record<string, OrtTensor | null> = { ...state.targets() };
      for (const { name } of graph.outputs) fetches[outputName(name)] = null;
      const all = { ...fixed, ...state.current(), ...given };
      const results = await insideRuntime(() => session.run(all, fetches));
      state.advance(results);
      return new Map(graph.outputs.map(({ name }) => [name, plain(results[outputName(name)])]));
    },
    async readState() {
      const tensors =
        settings.state === 'device' ? await download(ort, graph, state.current(), settings) : state.current();
      return new Map(Object.entries(tensors).map(([name, tensor]) => [name, copied(tensor)]));
    },
    async release() {
      state.dispose();
      await session.release();
    },
  });
}

/**
 * Brings tensors from the GPU by a session that does nothing else: `getData()` ends the process in onnxruntime-node
 * 1.30.
 */
async function download(
  ort: OrtRuntime,
  graph: Graph,
  tensors: Readonly<Record<string, OrtTensor>>,
  settings: OnnxSettings,
): Promise<Record<string, OrtTensor>> {
  const copy = new GraphBuilder();
  const values = graph.stateOutputs.map(
    ({ name, value }) => [name, copy.input(name, graph.values[value].shape)] as const,
  );
  const plainSettings: OnnxSettings = { ...settings, state: 'results' };
  const session = await create(ort, copy.finish(`${graph.name} state`, new Map(values)), new Map(), plainSettings);
  const results = await insideRuntime(() => session.run({ ...tensors })).finally(() => session.release());
  return Object.fromEntries(values.map(([name]) => [name, results[outputName(name)] as OrtTensor]));
}

async function create(ort: OrtRuntime, graph: Graph, constants: Tensors, settings: OnnxSettings) {
  const model = writeOnnx(graph, settings.target, constants);
  const places = Object.fromEntries([
    ...graph.outputs.map((o) => [outputName(o.name), 'cpu'] as const),
    ...graph.stateOutputs.map((o) => [nextName(o.name), 'gpu-buffer'] as const),
  ]);
  const options =
    settings.state === 'device' ? { ...settings.options, preferredOutputLocation: places } : settings.options;
  try {
    return await insideRuntime(() => ort.InferenceSession.create(model, options));
  } catch (cause) {
    throw new InputError({
      expected: `the ONNX runtime to open '${graph.name}' (${model.byteLength} bytes)`,
      got: (cause as Error).message,
      fix: 'Choose another executor: `sluice doctor` shows which work here.',
      cause,
    });
  }
}

/** The state of a session: what is fed, where the next one goes, and the change from one to the next. */
interface State {
  current(): Readonly<Record<string, OrtTensor>>;
  targets(): Record<string, OrtTensor | null>;
  advance(results: InferenceSession.OnnxValueMapType): void;
  dispose(): void;
}

function bufferState(ort: OrtRuntime, graph: Graph, values: Tensors): State {
  const names = graph.stateOutputs.map((o) => o.name);
  const copies = () =>
    Object.fromEntries(
      names.map((name) => {
        const { shape, data } = values.get(name)!;
        return [name, ortTensor(ort, { shape, data: data.slice() })];
      }),
    );
  let [now, next] = names.length > 0 ? [copies(), copies()] : [{}, {}];
  return {
    current: () => now,
    targets: () => Object.fromEntries(names.map((name) => [nextName(name), next[name]])),
    advance() {
      [now, next] = [next, now];
    },
    dispose() {
      now = {};
      next = {};
    },
  };
}

function resultState(ort: OrtRuntime, graph: Graph, values: Tensors): State {
  const names = graph.stateOutputs.map((o) => o.name);
  let now: Record<string, OrtTensor> = Object.fromEntries(
    names.map((name) => [name, ortTensor(ort, values.get(name)!)]),
  );
  const dispose = () => {
    for (const tensor of Object.values(now)) if (tensor.location !== 'cpu') tensor.dispose();
  };
  return {
    current: () => now,
    targets: () => Object.fromEntries(names.map((name) => [nextName(name), null])),
    advance(results) {
      dispose();
      now = Object.fromEntries(names.map((name) => [name, results[nextName(name)] as OrtTensor]));
    },
    dispose,
  };
}

/** The runtime refuses shared memory: such a tensor is copied. */
function ortTensor(ort: OrtRuntime, tensor: Tensor): OrtTensor {
  const { shape, data } = tensor;
  const own = data.buffer instanceof ArrayBuffer ? data : data.slice();
  return new ort.Tensor(dataTypeOf(tensor), own, shape) as OrtTensor;
}

function copied(tensor: OrtTensor): Tensor {
  return { shape: tensor.dims, data: (tensor.data as Float32Array | Int32Array).slice() };
}

function plain(value: InferenceSession.OnnxValueMapType[string]): Tensor {
  const tensor = value as OrtTensor;
  return { shape: tensor.dims, data: tensor.data as Float32Array | Int32Array };
}
