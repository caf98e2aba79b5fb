import { type Column, concatColumns, takeRows } from '../../../streams/batch/columns.ts';
import type { RoundWork, Send } from '../../../streams/flow/barrier.ts';
import { ROW } from '../../../streams/flow/parted.ts';
import { KeyNumbers } from '../tables/key-numbers.ts';
import { SpilledTexts } from '../tables/spilled-texts.ts';
import { surviveInOrder } from '../tables/surviving.ts';
import { TextPlaces } from '../tables/text-places.ts';
import { areKin, KIN } from './kin.ts';
import type { Members } from './members.ts';
import { bandColumn } from './minhash-decide.ts';
import type { NearRounds } from './near-columns.ts';
import { heldSets, jaccard, SETS_BYTES } from './shingle-sets.ts';

/** Of a candidate: its side columns, and as much again while they are sorted. */
const MEMBER_BYTES = 200;
/** Of a band key of a candidate: itself, its number and its table. */
const KEY_BYTES = 60;

/** Candidates of whole components, in input order, as columns. */
type Candidates = ReadonlyMap<string, Column>;

/**
 * Decides components, as many at once as fit the memory, and tells the homes of documents that are dropped who stands
 * for them.
 */
export async function sendDropped(options: NearRounds, work: RoundWork, send: Send): Promise<void> {
  let rows = 0;
  for await (const batch of work.received()) rows += batch.rows;
  const bytes = rows * (MEMBER_BYTES + options.bands * KEY_BYTES);
  const held = Math.min(SETS_BYTES, work.memoryBytes / 4);
  const passes = Math.max(1, Math.ceil(bytes / (work.memoryBytes - held)));
  const texts = new SpilledTexts(work.splits.map((s) => s.spill));
  try {
    for (let pass = 0; pass < passes; pass++) {
      const columns = await candidatesOf(work, (component) => Math.imul(component, 0x9e3779b1) >>> 8, pass, passes);
      if (columns === null) continue;
      const dropped = droppedIn(options, columns, texts, held);
      const members = dropped.map((d) => d.member);
      const homes = numbersIn(columns, 'home');
      const places = takeRows(columns.get('place')!, members);
      const heads = takeRows(
        columns.get('label')!,
        dropped.map((d) => d.head),
      );
      const similarity = Float64Array.from(dropped, (d) => d.similarity);
      await send(
        new Map<string, Column>([
          ['place', places],
          ['label', heads],
          ['similarity', { type: 'float64', values: similarity, valid: null }],
        ]),
        members.map((m) => homes[m]),
      );
    }
  } finally {
    texts.close();
  }
}

/** Where the texts of all candidates lie, in the spill of each split: from and to. */
export async function candidateTexts({ threshold }: NearRounds, work: RoundWork): Promise<Float64Array[]> {
  const found = new TextPlaces(work.splits.length, work.memoryBytes / 2);
  if (threshold === null) return found.all();
  for await (const batch of work.received()) {
    const [split, start, bytes] = ['split', 'start', 'bytes'].map((name) => batch.number(name).values as Float64Array);
    for (let i = 0; i < batch.rows; i++) found.add(split[i], start[i], start[i] + bytes[i]);
  }
  return found.all();
}

const numbersIn = (columns: Candidates, name: string): Uint32Array | Int32Array | Float64Array =>
  columns.get(name)!.values as Uint32Array;

/** The candidates of a pass by input order; null where there are none. */
async function candidatesOf(
  work: RoundWork,
  mixed: (component: number) => number,
  pass: number,
  passes: number,
): Promise<Candidates | null> {
  const parts: ReadonlyMap<string, Column>[] = [];
  const sizes: number[] = [];
  for await (const batch of work.received()) {
    const components = batch.number('component').values as Uint32Array;
    const own: number[] = [];
    for (let i = 0; i < batch.rows; i++) if (mixed(components[i]) % passes === pass) own.push(i);
    if (own.length === 0) continue;
    parts.push(new Map([...batch.columns].map(([name, c]) => [name, takeRows(c, own)])));
    sizes.push(own.length);
  }
  if (parts.length === 0) return null;
  const total = sizes.reduce((n, s) => n + s, 0);
  const joined = new Map<string, Column>();
  for (const name of parts[0].keys())
    joined.set(
      name,
      concatColumns(
        parts.map((p) => p.get(name)!),
        sizes,
      ),
    );
  const [split, row] = [numbersIn(joined, 'split'), numbersIn(joined, ROW)];
  const order = Int32Array.from({ length: total }, (_, i) => i).sort((a, b) => split[a] - split[b] || row[a] - row[b]);
  return new Map([...joined].map(([name, c]) => [name, takeRows(c, order)]));
}

interface Dropped {
  readonly member: number;
  readonly head: number;
  readonly similarity: number;
}

function droppedIn(
  { bands, threshold, ranked, shingles, kin = false }: NearRounds,
  columns: Candidates,
  texts: SpilledTexts,
  heldBytes: number,
): Dropped[] {
  const rank = ranked ? (numbersIn(columns, 'rank') as Float64Array) : null;
  if (threshold === null) return allButBest(columns, rank);
  const dropped: Dropped[] = [];
  const [split, start, bytes, kins] = ['split', 'start', 'bytes', KIN].map((name) => numbersIn(columns, name));
  const sets = heldSets((m) => shingles(texts.text(split[m], start[m], bytes[m])), heldBytes);
  const similarityOf = (m: number, other: number): number =>
    kin && split[m] === split[other] && areKin(kins[m], kins[other]) ? 0 : jaccard(sets.of(other), sets.of(m));
  surviveInOrder(membersOf(columns, bands), rank, threshold, 0, similarityOf, (member, head, similarity) => {
    dropped.push({ member, head, similarity });
  });
  return dropped;
}

/** Members with the keys that they share with others, as `MemberLog` has them. */
function membersOf(columns: Candidates, bands: number): Members {
  const rows = columns.get('home')!.values.length;
  const numbers = new KeyNumbers(4, rows * bands);
  const all = new Uint32Array(rows * bands);
  const times = new Uint32Array(rows * bands);
  const key = new Uint32Array(4);
  for (let b = 0; b < bands; b++) {
    const { values } = columns.get(bandColumn(b))!;
    const words = new Uint32Array(values.buffer, values.byteOffset, 2 * rows);
    for (let m = 0; m < rows; m++) {
      key.set([words[2 * m], words[2 * m + 1], b]);
      const n = numbers.number(key, 0);
      all[m * bands + b] = n;
      times[n]++;
    }
  }
  const offsets = new Int32Array(rows + 1);
  let to = 0;
  for (let m = 0; m < rows; m++) {
    for (let b = 0; b < bands; b++) {
      const n = all[m * bands + b];
      if (times[n] > 1) all[to++] = n;
    }
    offsets[m + 1] = to;
  }
  return { documents: Int32Array.from({ length: rows }, (_, m) => m), offsets, keys: all.slice(0, to) };
}

/** Without a check of similarity: the best of every component stays, of equal rank the first. */
function allButBest(columns: Candidates, rank: Float64Array | null): Dropped[] {
  const component = numbersIn(columns, 'component');
  const best = new Map<number, number>();
  component.forEach((c, m) => {
    const other = best.get(c);
    if (other === undefined || (rank !== null && rank[m] > rank[other])) best.set(c, m);
  });
  const dropped: Dropped[] = [];
  component.forEach((c, member) => {
    const head = best.get(c)!;
    if (head !== member) dropped.push({ member, head, similarity: Number.NaN });
  });
  return dropped;
}
