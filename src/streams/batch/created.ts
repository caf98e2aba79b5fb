import { ConfigError } from '../../errors.ts';
import type { DocumentBatch } from './batch.ts';
import { CARRIED, excerptsOf } from './carried.ts';
import {
  type Column,
  concatColumns,
  float64Column,
  nullColumn,
  numberAt,
  stringAt,
  takeRows,
  type Utf8Column,
  utf8Column,
} from './columns.ts';
import { DERIVED, LINEAGE } from './lineage.ts';
import type { CutSpans, Verdict } from './outcome.ts';
import { positionLabel } from './position.ts';

/** Documents that a stage made from documents of one batch; one entry per document in every list. */
export interface CreatedDocuments {
  /** Row of the document that it is derived from. Its position is the position of that row, and a number. */
  readonly parent: Int32Array;
  /** Every row that it was made of, where there are several. Default: its parent alone. */
  readonly parents?: readonly (readonly number[])[];
  /**
   * `text`, and any other column that the stage knows. Default: domain and metadata of the parent, the parent's id with
   * the number behind it, null in every annotation.
   */
  readonly columns: ReadonlyMap<string, Column>;
  /** What wrote the text: the name of a model or of a program. */
  readonly generator?: readonly (string | null)[];
  /** Hash of the prompt that the generator was given. */
  readonly promptHash?: readonly (string | null)[];
  /** What it cost, in the currency of the generator's price list; NaN = unknown. */
  readonly cost?: Float64Array;
}

/** Columns that a created document takes from its parent, unless the stage gives its own. */
const INHERITED = new Set(['file', 'block', 'offset', 'row', 'domain', 'metadata']);

/**
 * The batch with the documents that a stage made, each behind the document it is derived from. They are alive, nothing
 * has judged them, and their text as read is the text they were made with.
 * Errors: ConfigError where `text` is missing or a column has another type than that of the batch.
 */
export function withCreated(batch: DocumentBatch, created: CreatedDocuments): DocumentBatch {
  const n = created.parent.length;
  if (n === 0) return batch;
  const text = created.columns.get('text');
  if (text?.type !== 'utf8') {
    throw new ConfigError({ expected: 'created documents with a column text', got: text?.type ?? 'none' });
  }
  const order = orderOf(batch.rows, created.parent);
  const lineage = lineageOf(batch, created);
  const columns = new Map<string, Column>();
  const names = new Set([...batch.columns.keys(), ...created.columns.keys(), ...lineage.keys()]);
  for (const name of names) {
    const before = batch.columns.get(name);
    const own = lineage.get(name) ?? created.columns.get(name) ?? carriedOf(name, text);
    if (before && own && before.type !== own.type) {
      throw new ConfigError({ expected: `${before.type} in column ${name} of created documents`, got: own.type });
    }
    const type = (before ?? own)!.type;
    const made = own ?? (INHERITED.has(name) ? takeRows(before!, created.parent) : nullColumn(type, n));
    columns.set(name, takeRows(concatColumns([before ?? nullColumn(type, batch.rows), made], [batch.rows, n]), order));
  }
  const isMade = (i: number): boolean => order[i] >= batch.rows;
  const alive = Uint8Array.from(order, (r) => (r >= batch.rows ? 1 : batch.alive[r]));
  const made = Uint8Array.from(order, (r) => (r >= batch.rows ? 1 : (batch.made?.[r] ?? 0)));
  const original = batch.originalText;
  return batch.with({
    rows: order.length,
    tokenIds: undefined,
    columns: new Map([...columns, [LINEAGE.created, countsAfter(batch, created, order)]]),
    alive,
    made,
    retry: batch.retry ? Array.from(order, (r) => batch.retry![r] ?? null) : undefined,
    verdicts: batch.verdicts.map((v) => verdictAfter(v, order, isMade)),
    originalText: original
      ? (takeRows(concatColumns([original, text], [batch.rows, n]), order) as Utf8Column)
      : undefined,
    cuts: batch.cuts ? cutsAfter(batch.cuts, order, batch.rows) : undefined,
  });
}

/** Behind a barrier the size of a text as read and its beginning stand in columns; those of a created text. */
function carriedOf(name: string, text: Utf8Column): Column | undefined {
  if (name === CARRIED.textBytes) {
    const { offsets } = text;
    const rows = offsets.length - 1;
    return {
      type: 'int32',
      values: Int32Array.from({ length: rows }, (_, i) => offsets[i + 1] - offsets[i]),
      valid: null,
    };
  }
  return name === CARRIED.excerpt ? excerptsOf(text) : undefined;
}

/** Rows of the new batch: a row of the old one, or `rows + k` for the k-th document created. */
function orderOf(rows: number, parent: Int32Array): Int32Array {
  const children = new Map<number, number[]>();
  for (let k = 0; k < parent.length; k++) {
    if (!(parent[k] >= 0 && parent[k] < rows)) {
      throw new ConfigError({ expected: `a parent row of 0 to ${rows - 1}`, got: String(parent[k]) });
    }
    const of = children.get(parent[k]);
    if (of) of.push(k);
    else children.set(parent[k], [k]);
  }
  const order = new Int32Array(rows + parent.length);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    order[at++] = i;
    for (const k of children.get(i) ?? []) order[at++] = rows + k;
  }
  return order;
}

/** Documents that a row has created before. */
const createdBefore = (batch: DocumentBatch, row: number): number => {
  const column = batch.columns.get(LINEAGE.created);
  return column && column.type !== 'utf8' ? (numberAt(column, row) ?? 0) : 0;
};

function lineageOf(batch: DocumentBatch, created: CreatedDocuments): Map<string, Column> {
  const next = new Map<number, number>();
  const derived: string[] = [];
  const ids: string[] = [];
  const parents: string[] = [];
  const before = batch.columns.get(DERIVED) as Utf8Column | undefined;
  created.parent.forEach((row, k) => {
    const number = (next.get(row) ?? createdBefore(batch, row)) + 1;
    next.set(row, number);
    const above = before ? stringAt(before, row) : null;
    derived.push(above ? `${above}.${number}` : `${number}`);
    ids.push(`${stringAt(batch.utf8('id'), row) ?? ''}+${number}`);
    parents.push((created.parents?.[k] ?? [row]).map((r) => positionLabel(batch, r)).join('\n'));
  });
  const n = created.parent.length;
  const none = Array.from({ length: n }, () => null);
  const cost = created.cost?.slice() ?? new Float64Array(n).fill(Number.NaN);
  return new Map<string, Column>([
    [DERIVED, utf8Column(derived)],
    ['id', created.columns.get('id') ?? utf8Column(ids)],
    [LINEAGE.parents, utf8Column(parents)],
    [LINEAGE.generator, utf8Column(created.generator ?? none)],
    [LINEAGE.promptHash, utf8Column(created.promptHash ?? none)],
    [LINEAGE.cost, float64Column(cost)],
  ]);
}

/** How many documents each row of the new batch has created: those of before and of this stage. */
function countsAfter(batch: DocumentBatch, { parent }: CreatedDocuments, order: Int32Array): Column {
  const counts = new Int32Array(batch.rows);
  for (let i = 0; i < batch.rows; i++) counts[i] = createdBefore(batch, i);
  for (const row of parent) counts[row]++;
  return { type: 'int32', values: Int32Array.from(order, (r) => counts[r] ?? 0), valid: null };
}

function verdictAfter(v: Verdict, order: Int32Array, isMade: (i: number) => boolean): Verdict {
  const numbers = (values: Float64Array): Float64Array =>
    Float64Array.from(order, (r, i) => (isMade(i) ? Number.NaN : values[r]));
  const failed = new Uint32Array(order.length * v.failedWords);
  order.forEach((r, i) => {
    if (isMade(i)) return;
    failed.set(v.failed.subarray(r * v.failedWords, (r + 1) * v.failedWords), i * v.failedWords);
  });
  return {
    ...v,
    judged: Uint8Array.from(order, (r, i) => (isMade(i) ? 0 : v.judged[r])),
    rule: Int16Array.from(order, (r, i) => (isMade(i) ? -1 : v.rule[r])),
    value: numbers(v.value),
    failed,
    ...(v.duplicateOf ? { duplicateOf: Array.from(order, (r, i) => (isMade(i) ? null : v.duplicateOf![r])) } : {}),
    ...(v.similarity ? { similarity: numbers(v.similarity) } : {}),
    ...(v.threshold ? { threshold: numbers(v.threshold) } : {}),
  };
}

/** Nothing is cut from a created document: its text as read is the text it was made with. */
function cutsAfter(cuts: CutSpans, order: Int32Array, rows: number): CutSpans {
  const offsets = new Int32Array(order.length + 1).fill(cuts.offsets[0]);
  // Rows of the old batch keep their order, so their spans stay where they are.
  order.forEach((r, i) => {
    offsets[i + 1] = offsets[i] + (r >= rows ? 0 : cuts.offsets[r + 1] - cuts.offsets[r]);
  });
  return { ...cuts, offsets };
}
