import { InputError } from '../../errors.ts';
import { unpublished } from '../../files/publish.ts';
import { DocumentBatch } from '../batch/batch.ts';
import { type Column, stringAt, takeRows, utf8Column } from '../batch/columns.ts';
import { type CutSpans, cutsOfRows } from '../batch/outcome.ts';
import { encodeFrame } from './spill.ts';
import { readSpill, SpillWriter } from './spill-file.ts';

/** What pass 1 left behind for one split. */
export interface BarrierSplit {
  readonly split: number;
  /** Spilled documents. */
  readonly spill: string;
  /** Side columns, one row per document of the spill, in the same order; of a part of a decision: some of its rows. */
  readonly keys: string;
  /** Bytes of that file that are of this split. Default: all of it. */
  readonly range?: { readonly from: number; readonly to: number };
  /** What the names of temporary files begin with. Default: the path of the keys. */
  readonly scratch?: string;
}

/** The side columns of a split, frame by frame. */
export const readKeys = ({ keys, range }: BarrierSplit): AsyncGenerator<DocumentBatch> =>
  readSpill(keys, range?.from, range?.to);

/** Name of a temporary file of a decision. */
export const scratchOf = (split: BarrierSplit | undefined, extension: string): string =>
  unpublished(`${split?.scratch ?? split?.keys ?? 'none'}.${extension}`);

/** Decision on the documents of one split, in spill order. */
export interface BarrierDecision {
  readonly split: number;
  /** 1 = goes on. */
  readonly keep: Uint8Array;
  /** Position label of the document that stands for a dropped one. */
  readonly duplicateOf: readonly (string | null)[];
  /** NaN = none. */
  readonly similarity: Float64Array;
  /** Index into the descriptor's `rules` of the rule that drops a row; read where `keep` is 0. Default: the first. */
  readonly rule?: Uint8Array;
  /** The value that was judged, of kept rows too; NaN = none. Default: the similarity. */
  readonly value?: Float64Array;
  /** The threshold of each row where it depends on the data (a rank); NaN = that of the rule. */
  readonly threshold?: Float64Array;
  /** 1 = the step had nothing to judge by; counted as a null of its rules. */
  readonly missing?: Uint8Array;
  /** Spans to cut from the texts AS SPILLED, in UTF-8 bytes from the start of each text; ascending, without overlap. */
  readonly cuts?: CutSpans;
  /** Columns that the descriptor `writes`, a value for every row. */
  readonly columns?: ReadonlyMap<string, Column>;
}

/**
 * A step that must see everything before it decides. Pass 1 computes side columns of each batch; `decide` sees those of
 * all splits; pass 2 applies the decisions. Must not depend on how documents fall into batches.
 */
export interface Barrier {
  /** The decision reads side columns only, and no spilled documents. Where it has rounds, they say so instead. */
  readonly textless?: true;
  /** Side columns for every row; `start` and `bytes` tell where the row's text lies in the spill file. */
  keys(batch: DocumentBatch, spans: { start: Float64Array; bytes: Int32Array }): Map<string, Column>;
  decide(
    splits: readonly BarrierSplit[],
    memoryBytes: number,
    outputs?: BarrierOutputs,
  ): AsyncIterable<BarrierDecision>;
  /**
   * Splits the decision: a number for each row of side columns, so that rows which must be seen together have the same.
   * Rows of one part are then decided without those of others. Absent: see `scattered`.
   */
  parts?(columns: DocumentBatch): Uint32Array;
  /**
   * Which bytes of the spilled documents the decision may read, or a part's `find`, or the round with `texts`: of each
   * split, in their order, numbers in pairs, from and to. Absent: all. Of a run in a store no others are fetched.
   */
  textsRead?(work: RoundWork): Promise<readonly Float64Array[]>;
  /** Splits the decision where a row has many keys. Absent, as `parts` is: one process decides over all. */
  readonly scattered?: Scattered;
  /** Of parts that cannot decide alone: how they do together, instead of `decide` on a part and of `find`. */
  readonly rounds?: Rounds;
}

/** Rows of a part of a decision, with what it must know of them. */
export interface PartRows {
  /** Ascending. */
  readonly rows: Int32Array;
  readonly columns: Map<string, Column>;
}

/** A decision whose rows have keys in several parts: each part finds spans, and all of them together settle a split. */
export interface Scattered {
  /** What a part finds needs side columns only; the documents are read where a split is settled. */
  readonly textless?: true;
  /** The rows of each part. @param columns of a whole split */
  rowsOf(columns: DocumentBatch, parts: number): PartRows[];
  /**
   * What one part would cut: decisions that keep every row; absent where rounds tell it.
   * @param splits with the rows of that part
   */
  find?(splits: readonly BarrierSplit[], memoryBytes: number): AsyncIterable<BarrierDecision>;
  /** The decision on a split. @param found of each part with rows of it: which rows of the split, and their spans */
  settle(
    split: BarrierSplit,
    found: readonly { readonly rows: Int32Array; readonly cuts: CutSpans }[],
  ): BarrierDecision;
}

/**
 * A decision in parts that need to know of each other: in each round every part reads what was sent to it in the round
 * before and sends rows to parts of the next; the last decides on the rows of its part.
 */
export interface Rounds {
  /** All but the last. */
  readonly before: readonly Round[];
  decide(work: RoundWork): AsyncIterable<BarrierDecision>;
}

export interface Round {
  /** True: one task, of part 0, to which all rows of the round before must be sent. Default: as many as parts. */
  readonly alone?: true;
  /** True: every part of the next round receives all that is sent. */
  readonly toAll?: true;
  /** True: it reads the spilled documents, as no other round does and not what decides after them. */
  readonly texts?: true;
  run(work: RoundWork, send: Send): Promise<void>;
}

/** What a task of a round has at hand. What it sends must not depend on how rows fall into batches. */
export interface RoundWork {
  /** Of the task; from 0. */
  readonly part: number;
  readonly parts: number;
  readonly memoryBytes: number;
  /** What the names of temporary files of the task begin with. */
  readonly scratch: string;
  /** All splits in input order, with the rows of this part; of a task alone none. */
  readonly splits: readonly BarrierSplit[];
  /** Rows that the round before has sent to this part, by task, as sent; may be read again and again. */
  received(): AsyncGenerator<DocumentBatch>;
}

/**
 * Sends each row to a part of the next round (taken modulo their number). The columns are the same in every call, and
 * are the caller's again afterwards.
 */
export type Send = (columns: ReadonlyMap<string, Column>, to: ArrayLike<number>) => Promise<void>;

/** Where a barrier may leave files that outlive it: it writes `<folder>/<name>.tmp`, durable, and adds the name. */
export interface BarrierOutputs {
  readonly folder: string;
  readonly names: string[];
}

/** Pass 1 of one split: documents and side columns go to two files. */
export class BarrierWriter {
  #barrier: Barrier;
  #documents: SpillWriter;
  #keys: SpillWriter;

  private constructor(barrier: Barrier, documents: SpillWriter, keys: SpillWriter) {
    this.#barrier = barrier;
    this.#documents = documents;
    this.#keys = keys;
  }

  static async open(barrier: Barrier, spill: string, keys: string): Promise<BarrierWriter> {
    const documents = await SpillWriter.open(spill);
    try {
      return new BarrierWriter(barrier, documents, await SpillWriter.open(keys));
    } catch (error) {
      await documents.abort();
      throw error;
    }
  }

  /** @param batch compact: only rows alive. */
  async write(batch: DocumentBatch): Promise<void> {
    if (batch.rows === 0) return;
    const spans = await this.#documents.write(batch);
    const columns = this.#barrier.keys(batch, spans);
    const { rows, split, sequence } = batch;
    await this.#keys.writeFrame(encodeFrame(new DocumentBatch({ rows, split, sequence, columns })));
  }

  async finish(): Promise<{ spillBytes: number; keyBytes: number }> {
    return { spillBytes: await this.#documents.finish(), keyBytes: await this.#keys.finish() };
  }

  async abort(): Promise<void> {
    try {
      await this.#documents.abort();
    } finally {
      await this.#keys.abort();
    }
  }
}

const OWN = 'column:';

/** A decision as one frame in a file. */
export async function writeDecision(path: string, decision: BarrierDecision): Promise<void> {
  const writer = await SpillWriter.open(path);
  try {
    await writer.writeFrame(encodeFrame(decisionFrame(decision)));
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await writer.finish();
}

/** A decision as columns. @param extra further ones, of the caller's */
export function decisionFrame(decision: BarrierDecision, extra: readonly [string, Column][] = []): DocumentBatch {
  const { split, keep, rule, duplicateOf, similarity, value, threshold, missing, cuts } = decision;
  const float64 = (values: Float64Array): Column => ({ type: 'float64', values, valid: null });
  const columns = new Map<string, Column>([
    ['keep', { type: 'int32', values: Int32Array.from(keep), valid: null }],
    ['duplicate_of', utf8Column(duplicateOf)],
    ['similarity', float64(similarity)],
  ]);
  if (rule) columns.set('rule', { type: 'int32', values: Int32Array.from(rule), valid: null });
  if (missing) columns.set('missing', { type: 'int32', values: Int32Array.from(missing), valid: null });
  if (value) columns.set('value', float64(value));
  if (threshold) columns.set('threshold', float64(threshold));
  for (const [name, column] of decision.columns ?? []) columns.set(`${OWN}${name}`, column);
  for (const [name, column] of extra) columns.set(name, column);
  return new DocumentBatch({ rows: keep.length, split, sequence: 0, columns, cuts });
}

export async function readDecision(path: string, split: number): Promise<BarrierDecision> {
  for await (const frame of readSpill(path)) return decisionOf(frame, split);
  throw new InputError({
    expected: 'the decision of a barrier',
    got: 'an empty file',
    where: path,
    fix: 'Start again with --fresh: the work folder is damaged.',
  });
}

/** What `decisionFrame` made columns of. */
export function decisionOf(frame: DocumentBatch, split: number): BarrierDecision {
  const float64 = (name: string) => frame.columns.get(name)?.values as Float64Array | undefined;
  const bytes = (name: string) => Uint8Array.from(frame.number(name).values as Int32Array);
  const duplicateOf = frame.utf8('duplicate_of');
  const own = [...frame.columns].filter(([name]) => name.startsWith(OWN));
  return {
    split,
    keep: bytes('keep'),
    duplicateOf: Array.from({ length: frame.rows }, (_, i) => stringAt(duplicateOf, i)),
    similarity: float64('similarity')!,
    rule: frame.columns.has('rule') ? bytes('rule') : undefined,
    value: float64('value'),
    threshold: float64('threshold'),
    missing: frame.columns.has('missing') ? bytes('missing') : undefined,
    cuts: frame.cuts ?? undefined,
    columns: own.length > 0 ? new Map(own.map(([name, c]) => [name.slice(OWN.length), c])) : undefined,
  };
}

/** Rows `from` to `to` of a decision. */
export function decisionPart(d: BarrierDecision, from: number, to: number): BarrierDecision {
  const rows = Int32Array.from({ length: to - from }, (_, i) => from + i);
  return {
    split: d.split,
    keep: d.keep.subarray(from, to),
    duplicateOf: d.duplicateOf.slice(from, to),
    similarity: d.similarity.subarray(from, to),
    rule: d.rule?.subarray(from, to),
    value: d.value?.subarray(from, to),
    threshold: d.threshold?.subarray(from, to),
    missing: d.missing?.subarray(from, to),
    cuts: d.cuts && cutsOfRows(d.cuts, rows),
    columns: d.columns && new Map([...d.columns].map(([name, c]) => [name, takeRows(c, rows)])),
  };
}

/** Pass 2 of one split: the documents of its spill, each batch with its part of the decision. */
export async function* readDecided(
  spill: string,
  decision: BarrierDecision,
): AsyncGenerator<{ batch: DocumentBatch; decision: BarrierDecision }> {
  let at = 0;
  for await (const batch of readSpill(spill)) {
    yield { batch, decision: decisionPart(decision, at, at + batch.rows) };
    at += batch.rows;
  }
}
