import { mapFields, type Value } from '../values/value.ts';
import type { LeafRows } from './leaf.ts';
import { itemOf, type Node } from './schema.ts';

/** A leaf column with where a row is read in it. */
interface Place {
  readonly rows: LeafRows;
  place: number;
  value: number;
}

/** Values of a column by row: its leaves put together by their levels (Dremel). @param rows of its leaves, in order */
export function columnAt(node: Node, rows: readonly LeafRows[]): (row: number) => Value {
  const { leaf } = node;
  if (leaf !== null && !node.list) {
    const { defined, values, starts } = rows[0];
    return (row) => (defined === null || defined[row] === leaf.maxDefined ? leaf.convert(values[starts[row]]) : null);
  }
  const places = rows.map((r): Place => ({ rows: r, place: 0, value: 0 }));
  const build = builder(node, node.first, places);
  return (row) => {
    for (const p of places) {
      p.place = p.rows.places[row];
      p.value = p.rows.starts[row];
    }
    return build();
  };
}

type Build = () => Value;

/** Builds the value of a part, once for every time it is asked, and goes on behind it. */
function builder(node: Node, base: number, all: readonly Place[]): Build {
  const own = all.slice(node.first - base, node.first - base + node.leaves);
  const [first] = own;
  const level = (): number => first.rows.defined?.[first.place] ?? Number.POSITIVE_INFINITY;
  const pass = (): null => {
    for (const p of own) p.place++;
    return null;
  };
  const one = single(node, base, all, first);
  if (!node.list) return node.optional ? () => (level() < node.defined ? pass() : one()) : one;
  return () => {
    const items: Value[] = [];
    if (level() < node.defined) {
      pass();
      return items;
    }
    do items.push(one());
    while (first.place < first.rows.repeated!.length && first.rows.repeated![first.place] === node.repeated);
    return items;
  };
}

/** One value of a part that is there. */
function single(node: Node, base: number, all: readonly Place[], first: Place): Build {
  const { leaf, children } = node;
  if (leaf !== null)
    return () => {
      first.place++;
      return leaf.convert(first.rows.values[first.value++]);
    };
  if (node.shape === 'struct') {
    const members = children.map((c): [string, Build] => [c.name, builder(c, base, all)]);
    return () => ({ fields: members.map(([name, build]): [string, Value] => [name, build()]) });
  }
  const [inner] = children;
  if (node.shape === 'map') {
    const entries = builder({ ...inner, shape: 'struct' }, base, all);
    return () =>
      mapFields(
        (entries() as readonly { fields: readonly (readonly [string, Value])[] }[]).map(({ fields }) => [
          fields[0][1],
          fields[1][1],
        ]),
      );
  }
  const item = itemOf(node, inner);
  const items = builder(inner, base, all);
  if (item === inner) return items;
  return () =>
    (items() as readonly { fields: readonly (readonly [string, Value])[] }[]).map(({ fields }) => fields[0][1]);
}
