import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { InputError } from '../../errors.ts';
import { type Graph, GraphBuilder, inputsOf } from '../graph/graph.ts';
import type { OnnxTarget } from '../onnx/lowering.ts';
import { nextName, outputName, writeOnnx } from '../onnx/onnx.ts';
import { dataTypeOf, elementCount, type Tensor } from '../tensor.ts';
import { checkTensors } from './check-tensors.ts';
import type { Session, Tensors } from './executor.ts';
import { insideRuntime } from './exit-guard.ts';
import { fusedUpdates } from './fused-updates.ts';
import { SharedStates, stateNames } from './shared-state.ts';

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

/** One tensor of a state: as it is, and the buffer that the next one goes to (null: the runtime makes one). */
export interface StateSlot {
  now: OrtTensor;
  next: OrtTensor | null;
}

/** The states of one executor. */
export const onnxStates = (): SharedStates<StateSlot> => new SharedStates<StateSlot>(({ now }) => freed(now));

/** Opens a graph with an ONNX runtime. */
export async function openOnnx(
  ort: OrtRuntime,
  graph: Graph,
  values: Tensors,
  settings: OnnxSettings,
  states: SharedStates<StateSlot>,
  shares?: Session,
): Promise<Session> {
  const state = states.begin(graph, values, shares, (name) => {
    const { shape, data } = values.get(name)!;
    return { now: ortTensor(ort, { shape, data: data.slice() }), next: null };
  });
  const weights = inputsOf(graph, ['weight']);
  const bytes = weights.reduce((n, w) => n + 4 * elementCount(graph.values[w.value].shape), 0);
  const baked = bytes <= settings.constantBytes ? weights : [];
  const constants = new Map(baked.map(({ name }) => [name, values.get(name)!]));
  const buffer = (shape: readonly number[]) => (settings.state === 'buffers' ? emptyTensor(ort, shape) : null);
  const fused = settings.state === 'device' ? null : await fusedUpdates(graph, buffer);
  const inner = fused?.graph ?? graph;
  const session = await create(ort, inner, constants, settings);
  const fixed = Object.fromEntries(
    weights.filter((w) => !constants.has(w.name)).map(({ name }) => [name, ortTensor(ort, values.get(name)!)]),
  );
  const slots = stateNames(graph).map((name) => [name, state.tensors.get(name)!] as const);
  const taken = new Set(inner.inputs.map(({ name }) => name));
  const written = inner.stateOutputs.map(({ name }) => [nextName(name), state.tensors.get(name)!] as const);
  if (settings.state === 'buffers')
    for (const [, slot] of written)
      slot.next ??= ortTensor(ort, {
        shape: slot.now.dims,
        data: (slot.now.data as Float32Array | Int32Array).slice(),
      });
  const current = () => Object.fromEntries(slots.map(([name, { now }]) => [name, now]));
  return states.register(graph, state, {
    async run(feeds) {
      checkTensors(graph, feeds, ['feed']);
      const given = [...feeds].map(([name, tensor]) => [name, ortTensor(ort, tensor)] as const);
      const fetches: Record<string, OrtTensor | null> = { ...fused?.fetches };
      for (const [name, { next }] of written) fetches[name] = next;
      for (const { name } of graph.outputs) fetches[outputName(name)] = null;
      const states = current();
      const inputs = Object.entries({ ...fixed, ...states, ...Object.fromEntries(given) });
      const all = Object.fromEntries(inputs.filter(([name]) => taken.has(name)));
      const results = await insideRuntime(() => session.run(all, fetches));
      fused?.update(states, results as Readonly<Record<string, OrtTensor>>, feeds);
      for (const [name, slot] of written) {
        const { now, next } = slot;
        slot.now = next ?? (results[name] as OrtTensor);
        slot.next = next && now;
        if (!next) freed(now);
      }
      return new Map(graph.outputs.map(({ name }) => [name, plain(results[outputName(name)])]));
    },
    async readState() {
      const tensors = settings.state === 'device' ? await download(ort, graph, current(), settings) : current();
      return new Map(Object.entries(tensors).map(([name, tensor]) => [name, copied(tensor)]));
    },
    async release() {
      await session.release();
    },
  });
}

function freed(tensor: OrtTensor): void {
  if (tensor.location !== 'cpu') tensor.dispose();
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
  const values = Object.entries(tensors).map(([name, { dims }]) => [name, copy.input(name, dims)] as const);
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

const emptyTensor = (ort: OrtRuntime, shape: readonly number[]): OrtTensor =>
  ortTensor(ort, { shape, data: new Float32Array(elementCount(shape)) });

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
