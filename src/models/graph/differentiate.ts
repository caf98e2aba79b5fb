import { ConfigError, InvariantError } from '../../errors.ts';
import { elementCount } from '../tensor.ts';
import { type Gradient, gradientRules, type SlicedGradient } from './gradients.ts';
import type { Value } from './graph.ts';
import { add, concat } from './ops.ts';

/**
 * Reverse-mode gradients of a loss of one element with respect to values of its graph; zeros where the loss does not
 * depend on one.
 */
export function differentiate(loss: Value, wrt: readonly Value[]): Value[] {
  if (elementCount(loss.shape) !== 1)
    throw new ConfigError({ expected: 'a loss of one element', got: `shape [${loss.shape}]` });
  const graph = loss.graph;
  const nodes = graph.nodes.filter((n) => n.output <= loss.id);
  const reached = new Set(wrt.map((v) => v.id));
  for (const node of nodes) if (node.inputs.some((id) => reached.has(id))) reached.add(node.output);

  const pending = new Map<number, Exclude<Gradient, null>[]>();
  const send = (id: number, g: Exclude<Gradient, null>) => {
    const list = pending.get(id);
    if (list) list.push(g);
    else pending.set(id, [g]);
  };
  const ones = new Float32Array(1).fill(1);
  send(loss.id, graph.constant({ shape: loss.shape, data: ones }));
  for (const node of nodes.toReversed()) {
    const arrived = pending.get(node.output);
    if (!arrived || !reached.has(node.output)) continue;
    const rule = gradientRules[node.op];
    if (!rule) throw new InvariantError({ expected: `a gradient of ${node.op}`, got: 'none', where: 'differentiate' });
    const y = graph.values[node.output];
    const inputs = node.inputs.map((id) => graph.values[id]);
    rule(inputs, y, total(y, arrived), node.attributes).forEach((g, i) => {
      if (g && reached.has(inputs[i].id)) send(inputs[i].id, g);
    });
  }
  return wrt.map((v) => total(v, pending.get(v.id) ?? []));
}

/** All gradients of one value in one. Slices that lie side by side (query, key and value) become one concatenation. */
function total(value: Value, gradients: readonly Exclude<Gradient, null>[]): Value {
  const whole = gradients.filter((g): g is Value => 'id' in g);
  const slices = gradients.filter((g): g is SlicedGradient => !('id' in g));
  const all = [...whole, ...tilings(slices).map((tiles) => joined(value, tiles))];
  if (all.length === 0) return zeros(value, value.shape);
  return all.reduce((a, b) => add(a, b));
}

/** Groups of slices along one axis that do not overlap, each group in order. */
function tilings(slices: readonly SlicedGradient[]): SlicedGradient[][] {
  const groups: SlicedGradient[][] = [];
  for (const s of slices.toSorted((a, b) => a.axis - b.axis || a.start - b.start)) {
    const group = groups.find((g) => g[0].axis === s.axis && g.at(-1)!.end <= s.start);
    if (group) group.push(s);
    else groups.push([s]);
  }
  return groups;
}

function joined(value: Value, tiles: readonly SlicedGradient[]): Value {
  const { axis } = tiles[0];
  const parts: Value[] = [];
  let at = 0;
  for (const t of tiles) {
    if (t.start > at) parts.push(zeros(value, value.shape.with(axis, t.start - at)));
    parts.push(t.gradient);
    at = t.end;
  }
  const rest = value.shape[axis] - at;
  if (rest > 0) parts.push(zeros(value, value.shape.with(axis, rest)));
  return concat(parts, axis);
}

function zeros(value: Value, shape: readonly number[]): Value {
  return value.graph.constant({ shape, data: new Float32Array(elementCount(shape)) });
}
