import type { KernelArena } from './arena.ts';

/** A token that is looked for before a text is parted into pieces. */
export interface AddedBytes {
  readonly bytes: Uint8Array;
  readonly id: number;
  /** Not where a letter, number, mark or `_` stands beside it. */
  readonly singleWord: boolean;
  /** Takes the white space before it with it. */
  readonly left: boolean;
  readonly right: boolean;
}

interface Node {
  readonly byte: number;
  readonly children: Map<number, Node>;
  /** Number of the token that ends here, from 1; 0: none. */
  token: number;
  number: number;
}

const FLAGS = { singleWord: 1, left: 2, right: 4 } as const;
/** As in assembly/bpe-added.ts. */
const [FIRST_NODES, NODES] = [8192, 8192 + 1024];

/** Copies added tokens into an instance, as a trie. Of tokens of the same bytes the first counts. */
export function addedSet(arena: KernelArena, set: number, tokens: readonly AddedBytes[]): void {
  const nodes: Node[] = [];
  const node = (byte: number): Node => {
    const made = { byte, children: new Map<number, Node>(), token: 0, number: nodes.length + 1 };
    nodes.push(made);
    return made;
  };
  const roots = new Map<number, Node>();
  const bits = new Uint8Array(FIRST_NODES);
  for (const [i, { bytes }] of tokens.entries()) {
    let level = roots;
    let last: Node | null = null;
    for (const byte of bytes) {
      const found: Node = level.get(byte) ?? node(byte);
      level.set(byte, found);
      last = found;
      level = found.children;
    }
    if (last?.token === 0) last.token = i + 1;
    // Both bytes at once, the first one low; after a token of one byte anything may stand.
    for (let second = 0; second < 256; second++) {
      const pair = bytes[0] | (second << 8);
      if (bytes.length === 1 || bytes[1] === second) bits[pair >> 3] |= 1 << (pair & 7);
    }
  }
  const at = arena.exports.bpeAdded(set, nodes.length, tokens.length) >>> 0;
  const { buffer } = arena.exports.memory;
  new Uint8Array(buffer, at, FIRST_NODES).set(bits);
  const first = new Uint32Array(buffer, at + FIRST_NODES, 256).fill(0);
  for (const [byte, root] of roots) first[byte] = root.number;
  const rows = new Uint32Array(buffer, at + NODES, (nodes.length + 1) * 4);
  rows.fill(0);
  const siblings = (level: ReadonlyMap<number, Node>): void => {
    const all = [...level.values()];
    for (const [i, { number }] of all.entries()) rows[4 * number + 2] = all[i + 1]?.number ?? 0;
  };
  for (const { byte, children, token, number } of nodes) {
    rows[4 * number] = byte;
    rows[4 * number + 1] = children.values().next().value?.number ?? 0;
    rows[4 * number + 3] = token;
    siblings(children);
  }
  const list = new Uint32Array(buffer, at + NODES + (nodes.length + 1) * 16, (tokens.length + 1) * 2);
  for (const [i, t] of tokens.entries()) {
    list[2 * i + 2] = t.id;
    list[2 * i + 3] = (t.singleWord ? FLAGS.singleWord : 0) | (t.left ? FLAGS.left : 0) | (t.right ? FLAGS.right : 0);
  }
}
