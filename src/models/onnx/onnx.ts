import { ConfigError } from '../../errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { DataType, Tensor } from '../tensor.ts';
import { nodesOf, type OnnxAttribute, type OnnxNode, type OnnxTarget } from './lowering.ts';
import { Message } from './protobuf.ts';

/** Numbers of ONNX element types. */
const ELEMENT_TYPE: Readonly<Record<DataType | 'int64', number>> = { float32: 1, int32: 6, int64: 7 };
/**
 * Version of the file format, and of the operations in it: LayerNormalization came with 17, ScatterElements' sum with
 * 18, Gelu with 20.
 */
const IR_VERSION = 10;
const OPERATION_SET = 20;
/** Protocol buffers end at 2 GiB. */
const LARGEST_MODEL = 2_000_000_000;

/** Name of an output in the ONNX model: outputs and inputs share one space of names. */
export function outputName(name: string): string {
  return `out:${name}`;
}

/** Name of the output that replaces a state input. */
export function nextName(stateName: string): string {
  return `next:${stateName}`;
}

/**
 * A graph as the bytes of an ONNX model. The weights in `constants` become part of it (faster: the runtime packs them
 * once); the other weights and the state are inputs, and `nextName` names the outputs of the state.
 */
export function writeOnnx(graph: Graph, target: OnnxTarget, constants: ReadonlyMap<string, Tensor>): Uint8Array {
  const bytes = [...constants.values(), ...graph.constants.values()].reduce((n, t) => n + t.data.byteLength, 0);
  if (bytes > LARGEST_MODEL)
    throw new ConfigError({
      expected: 'less than 2 GB of constants in an ONNX model',
      got: `${bytes} bytes`,
      where: graph.name,
      fix: 'Give a shorter context (its square counts), or fewer constantBytes.',
    });

  // No input of a graph has a name with a colon in front.
  const names = graph.values.map((_, id) => `:v${id}`);
  const model = new Message();
  const body = new Message();
  for (const { name, value } of graph.inputs) names[value] = name;
  for (const id of graph.constants.keys()) names[id] = `:c${id}`;
  const out = [
    ...graph.outputs.map((o) => ({ ...o, name: outputName(o.name) })),
    ...graph.stateOutputs.map((o) => ({ ...o, name: nextName(o.name) })),
  ];
  const computed = new Set(graph.nodes.map((node) => node.output));
  for (const { name, value } of out) if (computed.delete(value)) names[value] = name;
  for (const node of nodesOf(graph, names, target)) body.message(1, nodeMessage(node));
  // What is an input, a constant or an output already gets its name by a node of its own: a copy.
  for (const { name, value } of out)
    if (names[value] !== name)
      body.message(1, nodeMessage({ type: 'Identity', inputs: [names[value]], outputs: [name], attributes: {} }));
  body.text(2, graph.name);
  for (const [id, tensor] of graph.constants) body.message(5, tensorMessage(tensor, names[id]));
  for (const [name, tensor] of constants) body.message(5, tensorMessage(tensor, name));
  for (const { name, value } of graph.inputs)
    if (!constants.has(name)) body.message(11, valueInfo(name, graph.values[value].type, graph.values[value].shape));
  for (const { name, value } of out)
    body.message(12, valueInfo(name, graph.values[value].type, graph.values[value].shape));

  model.integer(1, IR_VERSION).text(2, 'sluice').message(7, body);
  model.message(8, new Message().text(1, '').integer(2, OPERATION_SET));
  return model.encode();
}

function nodeMessage({ type, inputs, outputs, attributes }: OnnxNode): Message {
  const message = new Message();
  for (const i of inputs) message.text(1, i);
  for (const o of outputs) message.text(2, o);
  message.text(3, `${type}:${outputs[0]}`).text(4, type);
  for (const [name, value] of Object.entries(attributes)) message.message(5, attributeMessage(name, value));
  return message;
}

function attributeMessage(name: string, value: OnnxAttribute): Message {
  const message = new Message().text(1, name);
  if ('int' in value) return message.integer(3, value.int).integer(20, 2);
  if ('float' in value) return message.float(2, value.float).integer(20, 1);
  if ('text' in value) return message.text(4, value.text).integer(20, 3);
  if ('ints' in value) return message.integers(8, value.ints).integer(20, 7);
  return message
    .message(5, 'tensor' in value ? tensorMessage(value.tensor, '') : int64Message(value.int64s))
    .integer(20, 4);
}

function tensorMessage({ shape, data }: Tensor, name: string): Message {
  return new Message()
    .integers(1, shape)
    .integer(2, ELEMENT_TYPE[data instanceof Int32Array ? 'int32' : 'float32'])
    .text(8, name)
    .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function int64Message(values: readonly number[]): Message {
  const data = BigInt64Array.from(values, BigInt);
  return new Message()
    .integers(1, [values.length])
    .integer(2, ELEMENT_TYPE.int64)
    .bytes(9, new Uint8Array(data.buffer));
}

function valueInfo(name: string, type: DataType, shape: readonly number[]): Message {
  const dims = new Message();
  for (const d of shape) dims.message(1, new Message().integer(1, d));
  const tensor = new Message().integer(1, ELEMENT_TYPE[type]).message(2, dims);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}
