import { DocumentBatch } from '../batch/batch.ts';
import { type Column, concatColumns, takeRows } from '../batch/columns.ts';
import {
  type Barrier,
  type BarrierDecision,
  type BarrierOutputs,
  type BarrierSplit,
  decisionFrame,
  decisionOf,
  type PartRows,
  type RoundWork,
} from './barrier.ts';
import { encodeFrame } from './spill.ts';
import { NUMBER, numbersAt, readSpill, SpillWriter } from './spill-file.ts';

/** Column with the row of the split's spill that a row of a part is. */
export const ROW = '_row';

/** Whether a barrier decides in parts. */
export const inParts = (barrier: Barrier): boolean => Boolean(barrier.parts ?? barrier.scattered);

/**
 * Whether a decision in parts reads the spilled documents: of a run in a store they need not be fetched else.
 * @param round of it; null: the last, or the only one
 */
export const partReadsTexts = ({ rounds, scattered, textless }: Barrier, round: number | null): boolean =>
  rounds ? round !== null && rounds.before[round].texts === true : !(scattered?.textless ?? textless);

/**
 * Writes the side columns of one split again, sorted into parts: an index of where each part begins (and the end), then
 * a frame for every part that has rows. Memory: the side columns of one split.
 * @param keys as `BarrierWriter` wrote them @param barrier one that decides in parts
 * @returns bytes written
 */
export async function writeParted(keys: string, path: string, barrier: Barrier, parts: number): Promise<number> {
  const frames: DocumentBatch[] = [];
  for await (const frame of readSpill(keys)) frames.push(frame);
  const index = new Float64Array(parts + 1);
  const encoded: Uint8Array[][] = [];
  let at = (parts + 1) * NUMBER;
  for (const [part, { rows, columns }] of partsIn(frames, barrier, parts).entries()) {
    index[part] = at;
    if (rows.length === 0) continue;
    columns.set(ROW, { type: 'int32', values: rows, valid: null });
    const frame = encodeFrame(
      new DocumentBatch({ rows: rows.length, split: frames[0].split, sequence: part, columns }),
    );
    encoded.push(frame);
    at += frame.reduce((n, piece) => n + piece.length, 0);
  }
  index[parts] = at;
  const writer = await SpillWriter.open(path);
  try {
    await writer.writeFrame([new Uint8Array(index.buffer)]);
    for (const frame of encoded) await writer.writeFrame(frame);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return writer.finish();
}

function partsIn(frames: readonly DocumentBatch[], barrier: Barrier, parts: number): PartRows[] {
  if (frames.length === 0)
    return Array.from({ length: parts }, () => ({ rows: new Int32Array(0), columns: new Map() }));
  const total = frames.reduce((n, f) => n + f.rows, 0);
  const [{ split }] = frames;
  const whole = new DocumentBatch({ rows: total, split, sequence: 0, columns: joined(frames) });
  if (barrier.scattered) return barrier.scattered.rowsOf(whole, parts);
  const rows: number[][] = Array.from({ length: parts }, () => []);
  barrier.parts!(whole).forEach((n, row) => {
    rows[n % parts].push(row);
  });
  return rows.map((own) => ({
    rows: Int32Array.from(own),
    columns: new Map([...whole.columns].map(([name, c]) => [name, takeRows(c, own)])),
  }));
}

const joined = (frames: readonly DocumentBatch[]): Map<string, Column> =>
  new Map(
    [...frames[0].columns.keys()].map((name) => [
      name,
      concatColumns(
        frames.map((f) => f.columns.get(name)!),
        frames.map((f) => f.rows),
      ),
    ]),
  );

/** The rows of one part of a split, of a file of `writeParted`. */
export async function partOf(split: BarrierSplit, part: number): Promise<BarrierSplit> {
  const [from, to] = await numbersAt(split.keys, part, 2);
  return { ...split, range: { from, to } };
}

/** What a part decides. @param work of the last round, or of the only one */
export function decisionsOf(
  barrier: Barrier,
  work: RoundWork,
  outputs?: BarrierOutputs,
): AsyncIterable<BarrierDecision> {
  if (barrier.rounds) return barrier.rounds.decide(work);
  if (barrier.scattered) return barrier.scattered.find!(work.splits, work.memoryBytes);
  return barrier.decide(work.splits, work.memoryBytes, outputs);
}

/** Which rows of the spill the rows of a part are. */
async function rowsOf(split: BarrierSplit): Promise<Int32Array> {
  for await (const frame of readSpill(split.keys, split.range?.from, split.range?.to))
    return frame.number(ROW).values as Int32Array;
  return new Int32Array(0);
}

/** Decisions of a part of a barrier, or of all of it. */
export interface PartDecision {
  readonly decision: BarrierDecision;
  /** Rows of the split's spill that it is on; null: all. */
  readonly rows: Int32Array | null;
}

/**
 * Writes what is decided on all splits into one file, and an index with the first byte and the length of each.
 * @param parted the splits hold the rows of one part
 * @param each is told every decision
 */
export async function writeDecisions(
  path: string,
  indexPath: string,
  splits: readonly BarrierSplit[],
  decisions: AsyncIterable<BarrierDecision>,
  parted: boolean,
  each: (decision: BarrierDecision) => void,
): Promise<{ readonly bytes: number; readonly indexBytes: number }> {
  const writer = await SpillWriter.open(path);
  const index = await SpillWriter.open(indexPath).catch(async (error) => {
    await writer.abort();
    throw error;
  });
  let [at, k] = [0, 0];
  try {
    for await (const decision of decisions) {
      each(decision);
      const rows: [string, Column][] = parted
        ? [[ROW, { type: 'int32', values: await rowsOf(splits[k]), valid: null }]]
        : [];
      k++;
      const frame = encodeFrame(decisionFrame(decision, rows));
      const bytes = frame.reduce((n, piece) => n + piece.length, 0);
      await writer.writeFrame(frame);
      await index.writeFrame([new Uint8Array(Float64Array.of(at, bytes).buffer)]);
      at += bytes;
    }
  } catch (error) {
    await writer.abort();
    await index.abort();
    throw error;
  }
  return { bytes: await writer.finish(), indexBytes: await index.finish() };
}

/** What one file of `writeDecisions` says of a split. @param at its place among the splits */
export async function readPart(path: string, index: string, at: number, split: number): Promise<PartDecision> {
  const [from, bytes] = await numbersAt(index, 2 * at, 2);
  for await (const frame of readSpill(path, from, from + bytes)) {
    const rows = frame.columns.has(ROW) ? (frame.number(ROW).values as Int32Array) : null;
    return { decision: decisionOf(frame, split), rows };
  }
  throw new Error(`no decision on split ${split} in ${path}`);
}

/** The decision on a split, of what all parts have found in it. @param split with its own side columns, not parted */
export function settledDecision(
  parts: readonly PartDecision[],
  barrier: Barrier,
  split: BarrierSplit,
): BarrierDecision {
  if (!barrier.scattered) return mergedDecision(parts, split.split);
  const found = parts.flatMap(({ decision: { cuts }, rows }) => (cuts ? [{ rows: rows!, cuts }] : []));
  return barrier.scattered.settle(split, found);
}

/** The decision on a split, of the decisions of parts that have different rows of it, or of one that has all. */
function mergedDecision(parts: readonly PartDecision[], split: number): BarrierDecision {
  const [first] = parts;
  const order = parts.flatMap(({ rows }) => Array.from(rows!));
  // Of each row of the spill: its place in the decisions one after the other.
  const place = new Int32Array(order.length);
  order.forEach((row, i) => {
    place[row] = i;
  });
  const full = parts.filter(({ decision }) => decision.keep.length > 0).map(({ decision }) => decision);
  if (full.length === 0) return first.decision;
  type Numbers = 'keep' | 'rule' | 'missing' | 'similarity' | 'value' | 'threshold';
  const numbers = <A extends Uint8Array | Float64Array>(name: Numbers, make: (n: number) => A): A | undefined => {
    if (full[0][name] === undefined) return undefined;
    const all = make(order.length);
    let at = 0;
    for (const d of full) {
      all.set(d[name]!, at);
      at += d.keep.length;
    }
    const out = make(order.length);
    for (let row = 0; row < out.length; row++) out[row] = all[place[row]];
    return out;
  };
  const bytes = (n: number): Uint8Array => new Uint8Array(n);
  const float64 = (n: number): Float64Array => new Float64Array(n);
  const duplicateOf = full.flatMap((d) => d.duplicateOf);
  const sizes = full.map((d) => d.keep.length);
  const columns = [...(full[0].columns?.keys() ?? [])].map((name): [string, Column] => [
    name,
    takeRows(
      concatColumns(
        full.map((d) => d.columns!.get(name)!),
        sizes,
      ),
      place,
    ),
  ]);
  return {
    split,
    keep: numbers('keep', bytes)!,
    duplicateOf: Array.from(place, (at) => duplicateOf[at]),
    similarity: numbers('similarity', float64)!,
    rule: numbers('rule', bytes),
    value: numbers('value', float64),
    threshold: numbers('threshold', float64),
    missing: numbers('missing', bytes),
    columns: columns.length > 0 ? new Map(columns) : undefined,
  };
}
