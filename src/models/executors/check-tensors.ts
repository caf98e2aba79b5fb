import { ConfigError } from '../../errors.ts';
import { type Graph, type GraphInput, type GraphValue, type InputKind, inputsOf } from '../graph/graph.ts';
import { dataTypeOf, elementCount, sameShape, shapeText } from '../tensor.ts';
import type { Tensors } from './executor.ts';

/**
 * Throws unless every input of these kinds is there with its shape and type. Weights that the graph does not know are
 * let pass.
 */
export function checkTensors(graph: Graph, given: Tensors, kinds: readonly InputKind[]): void {
  const inputs = inputsOf(graph, kinds);
  for (const input of inputs) checkTensor(graph, given, input);
  if (!kinds.includes('feed')) return;
  const known = inputs.map((i) => i.name);
  const stray = [...given.keys()].find((name) => !known.includes(name));
  if (stray !== undefined)
    throw new ConfigError({ expected: `feeds ${known.join(', ')}`, got: `'${stray}'`, where: graph.name });
}

/** Throws unless the state that a graph reads is among the `known` one, or given, with its shape and type. */
export function checkState(graph: Graph, given: Tensors, known: ReadonlyMap<string, GraphValue>): void {
  for (const input of inputsOf(graph, ['state'])) {
    const there = known.get(input.name);
    if (there) checkKnown(graph, there, input);
    else checkTensor(graph, given, input);
  }
}

function checkKnown(graph: Graph, there: GraphValue, { name, value }: GraphInput): void {
  const { shape, type } = graph.values[value];
  if (sameShape(there.shape, shape) && there.type === type) return;
  throw new ConfigError({
    expected: `${type} ${shapeText(shape)}`,
    got: `a shared state with ${there.type} ${shapeText(there.shape)}`,
    where: `${graph.name}, state '${name}'`,
  });
}

function checkTensor(graph: Graph, given: Tensors, { name, value, kind }: GraphInput): void {
  const { shape, type } = graph.values[value];
  const tensor = given.get(name);
  const where = `${graph.name}, ${kind} '${name}'`;
  const expected = `${type} ${shapeText(shape)}`;
  if (!tensor) throw new ConfigError({ expected, got: 'nothing', where });
  const fits =
    sameShape(tensor.shape, shape) && dataTypeOf(tensor) === type && tensor.data.length === elementCount(shape);
  if (fits) return;
  const got = `${dataTypeOf(tensor)} ${shapeText(tensor.shape)} with ${tensor.data.length} elements`;
  throw new ConfigError({ expected, got, where });
}
