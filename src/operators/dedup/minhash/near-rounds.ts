import type { Column } from '../../../streams/batch/columns.ts';
import type { Rounds, RoundWork, Send } from '../../../streams/flow/barrier.ts';
import { ROW } from '../../../streams/flow/parted.ts';
import { KeyNumbers, withRoom } from '../tables/key-numbers.ts';
import { KeyTables } from '../tables/key-tables.ts';
import { DocumentForest, FOREST_BYTES } from './document-forest.ts';
import { equalCopies } from './equal-copies.ts';
import { KIN } from './kin.ts';
import { bandColumn } from './minhash-decide.ts';
import { eachOf, labelsOf, type NearRounds, uint32 } from './near-columns.ts';
import { sendDropped } from './near-components.ts';
import { decideHome } from './near-home.ts';
import { SpilledComponents } from './spilled-components.ts';

/** Of a band key in a pass: itself with its band, its table, its first document. */
const KEY_BYTES = 48;

/**
 * `decideNear` in parts. Documents of equal normalised text are in one part, their home, which finds copies and sends
 * the band keys of the others; parts by band key find candidates and keep a spanning forest of them; a task alone joins
 * the forests and tells every home the components of its candidates; homes send these to parts by component, which
 * decide as one process does; homes put both decisions together.
 */
export function nearRounds(options: NearRounds): Rounds {
  return {
    before: [
      { run: (work, send) => sendBands(options, work, send) },
      { run: sendForest },
      { alone: true, run: sendComponents },
      { run: (work, send) => sendCandidates(options, work, send) },
      { texts: true, run: (work, send) => sendDropped(options, work, send) },
    ],
    decide: (work) => decideHome(options, work),
  };
}

/** Home and place there, the two words of a document's name, beside band and key. */
async function sendBands({ bands, ranked }: NearRounds, work: RoundWork, send: Send): Promise<void> {
  const tables = new KeyTables(work.splits);
  const { judged } = equalCopies(tables, work.memoryBytes, ranked);
  const names = Array.from({ length: bands }, (_, b) => bandColumn(b));
  for (const split of work.splits.keys()) {
    const [first, end] = [tables.first[split], tables.first[split + 1]];
    const own: number[] = [];
    for (let d = first; d < end; d++) if (judged[d] === 1) own.push(d);
    const keys = new BigInt64Array(own.length * bands);
    eachOf(tables, names, own, (k, row, columns) => {
      for (let b = 0; b < bands; b++) keys[k * bands + b] = (columns[b] as BigInt64Array)[row];
    });
    const length = keys.length;
    const words = new Uint32Array(keys.buffer);
    await send(
      new Map<string, Column>([
        ['home', uint32(new Uint32Array(length).fill(work.part))],
        ['place', uint32(Uint32Array.from({ length }, (_, i) => own[Math.floor(i / bands)]))],
        ['band', uint32(Uint32Array.from({ length }, (_, i) => i % bands))],
        ['key', { type: 'int64', values: keys, valid: null }],
      ]),
      Uint32Array.from({ length }, (_, i) => words[2 * i]),
    );
  }
}

/**
 * Joins documents that share a key of a band, in passes over the keys that fit the memory. A forest that is larger than
 * its share of it is sent, and another one begun: the edges of all of them join the same.
 */
async function sendForest(work: RoundWork, send: Send): Promise<void> {
  let rows = 0;
  for await (const batch of work.received()) rows += batch.rows;
  const passes = Math.max(1, Math.ceil((rows * KEY_BYTES) / (work.memoryBytes / 2)));
  let forest = new DocumentForest();
  const pair = new Uint32Array(4);
  for (let pass = 0; pass < passes; pass++) {
    const seen = new KeyNumbers(4, Math.ceil(rows / passes));
    const key = new Uint32Array(4);
    let first = new Uint32Array(2 * Math.ceil(rows / passes));
    for await (const batch of work.received()) {
      const [home, place, band] = ['home', 'place', 'band'].map((n) => batch.number(n).values as Uint32Array);
      const { values } = batch.number('key');
      const words = new Uint32Array(values.buffer, values.byteOffset, 2 * batch.rows);
      for (let i = 0; i < batch.rows; i++) {
        key.set([words[2 * i], words[2 * i + 1], band[i]]);
        if (passes > 1 && (key[1] >>> 8) % passes !== pass) continue;
        const known = seen.count;
        const n = seen.number(key, 0);
        if (n === known) {
          first = withRoom(first, 2 * n + 2);
          first[2 * n] = home[i];
          first[2 * n + 1] = place[i];
          continue;
        }
        pair.set([first[2 * n], first[2 * n + 1], home[i], place[i]]);
        forest.join(pair, 0, 2);
        if (forest.count * FOREST_BYTES <= work.memoryBytes / 4 || forest.count < LEAST_SENT) continue;
        await sendEdges(forest, send);
        forest = new DocumentForest();
      }
    }
  }
  await sendEdges(forest, send);
}

/** Every document of a forest, with the first one of its component. */
function sendEdges(forest: DocumentForest, send: Send): Promise<void> {
  return sendEach(forest, (from, to) => {
    const words = forest.words();
    const other = (w: number): Uint32Array =>
      Uint32Array.from({ length: to - from }, (_, i) => words[2 * forest.component(from + i) + w]);
    const own = (w: number): Uint32Array =>
      Uint32Array.from({ length: to - from }, (_, i) => words[2 * (from + i) + w]);
    const columns = new Map([
      ['home', uint32(own(0))],
      ['place', uint32(own(1))],
      ['toHome', uint32(other(0))],
      ['toPlace', uint32(other(1))],
    ]);
    return send(columns, new Uint8Array(to - from));
  });
}

/** A forest is not sent before it has so many documents. */
const LEAST_SENT = 64;
/** Documents of a forest that are sent at once. */
const AT_ONCE = 65_536;

async function sendEach(forest: DocumentForest, sendRange: (from: number, to: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < forest.count; from += AT_ONCE)
    await sendRange(from, Math.min(forest.count, from + AT_ONCE));
}

/**
 * Joins the forests of all parts; of each document the number of its component goes to its home. In memory, or in files
 * where that is too little.
 */
async function sendComponents(work: RoundWork, send: Send): Promise<void> {
  const forest = await joinedForest(work);
  if (forest === null) return sendSpilled(work, send);
  await sendEach(forest, (from, to) => {
    const words = forest.words();
    const of = (value: (d: number) => number): Uint32Array =>
      Uint32Array.from({ length: to - from }, (_, i) => value(from + i));
    const columns = new Map([
      ['place', uint32(of((d) => words[2 * d + 1]))],
      ['component', uint32(of((d) => forest.component(d)))],
    ]);
    return send(
      columns,
      of((d) => words[2 * d]),
    );
  });
}

/** Calls with the two documents of each edge of all forests, two words each; until it returns true. */
async function eachEdge(work: RoundWork, visit: (words: Uint32Array) => boolean): Promise<void> {
  const pair = new Uint32Array(4);
  for await (const batch of work.received()) {
    const columns = ['home', 'place', 'toHome', 'toPlace'].map((n) => batch.number(n).values as Uint32Array);
    for (let i = 0; i < batch.rows; i++) {
      for (let w = 0; w < 4; w++) pair[w] = columns[w][i];
      if (visit(pair)) return;
    }
  }
}

/** Null: it takes more than the memory. */
async function joinedForest(work: RoundWork): Promise<DocumentForest | null> {
  const forest = new DocumentForest();
  let full = false;
  await eachEdge(work, (pair) => {
    forest.join(pair, 0, 2);
    full = forest.count * FOREST_BYTES > work.memoryBytes;
    return full;
  });
  return full ? null : forest;
}

async function sendSpilled(work: RoundWork, send: Send): Promise<void> {
  let edges = 0;
  for await (const batch of work.received()) edges += batch.rows;
  const components = new SpilledComponents(work.scratch, edges, work.memoryBytes);
  try {
    await eachEdge(work, (pair) => {
      components.join(pair, 0, 2);
      return false;
    });
    for (const { word0: home, word1: place, component } of components.sets()) {
      const columns = new Map([
        ['place', uint32(place)],
        ['component', uint32(component)],
      ]);
      await send(columns, home);
    }
  } finally {
    components.close();
  }
}

/** What a component needs of its members, from their homes. */
async function sendCandidates({ bands }: NearRounds, work: RoundWork, send: Send): Promise<void> {
  const tables = new KeyTables(work.splits);
  const found: { place: Uint32Array; component: Uint32Array }[] = [];
  for await (const batch of work.received()) {
    const [place, component] = ['place', 'component'].map((n) => batch.number(n).values as Uint32Array);
    found.push({ place, component });
  }
  const component = new Int32Array(tables.documents).fill(-1);
  for (const f of found)
    f.place.forEach((d, i) => {
      component[d] = f.component[i];
    });
  const numbers = ['start', 'rank', 'bytes', ROW, KIN, ...Array.from({ length: bands }, (_, b) => bandColumn(b))];
  for (const split of work.splits.keys()) {
    const own: number[] = [];
    for (let d = tables.first[split]; d < tables.first[split + 1]; d++) if (component[d] >= 0) own.push(d);
    if (own.length === 0) continue;
    const values = numbers.map((name) =>
      name === 'start' || name === 'rank'
        ? new Float64Array(own.length)
        : name.startsWith('band_')
          ? new BigInt64Array(own.length)
          : new Int32Array(own.length),
    );
    eachOf(tables, numbers, own, (k, row, columns) => {
      for (const [c, column] of columns.entries()) values[c][k] = column[row];
    });
    const made = values.map((v, c): [string, Column] => {
      const type = v instanceof Float64Array ? 'float64' : v instanceof BigInt64Array ? 'int64' : 'int32';
      return [numbers[c], { type, values: v, valid: null }];
    });
    await send(
      new Map<string, Column>([
        ['home', uint32(new Uint32Array(own.length).fill(work.part))],
        ['place', uint32(Uint32Array.from(own))],
        ['split', uint32(new Uint32Array(own.length).fill(split))],
        ['component', uint32(Uint32Array.from(own, (d) => component[d]))],
        ['label', labelsOf(tables, own)],
        ...made,
      ]),
      own.map((d) => component[d]),
    );
  }
}
