import type { DocumentBatch } from '../streams/batch/batch.ts';
import { CARRIED } from '../streams/batch/carried.ts';
import {
  type Column,
  type ColumnSpec,
  type NumberColumn,
  nullColumn,
  stringAt,
  takeRows,
  type Utf8Column,
  utf8Column,
} from '../streams/batch/columns.ts';
import { DERIVED, LINEAGE } from '../streams/batch/lineage.ts';
import type { QuarantinedRecord, Verdict } from '../streams/batch/outcome.ts';
import { TOKENS, tokensColumn } from '../streams/batch/token-ids.ts';
import { originalBytes } from '../streams/commits/counting.ts';
import { constantColumn, indexedColumn, listColumn, nullWhereNaN, positionColumns } from './column-makers.ts';
import { excerptColumn } from './excerpt.ts';
import type { ListColumn, TableBatch, TableColumn } from './table.ts';

/** Where a document ended up. */
export const OUTCOMES = ['kept', 'dropped', 'quarantined', 'created'] as const;

/** The `step` of rows that never became a document. */
export const READ_STEP = 'read';

type LedgerType = ColumnSpec['type'] | 'list<utf8>' | 'list<struct<start int32, end int32, rule utf8>>';

/** Columns of a ledger whose recipe creates documents; null for documents of the input. */
const LINEAGE_SCHEMA = [
  { name: 'parents', type: 'list<utf8>' },
  { name: 'generator', type: 'utf8' },
  { name: 'prompt_hash', type: 'utf8' },
  { name: 'cost', type: 'float64' },
] as const;

/** Names of the columns that only a ledger of a recipe that creates documents has. */
export const LINEAGE_COLUMNS: readonly string[] = [DERIVED, ...LINEAGE_SCHEMA.map((c) => c.name)];

/**
 * Names and types of the ledger (format 2), in order: one row per document read or created, its lineage, then every
 * annotation, nullable. Format 1 is the same without lineage.
 * @param creates whether a step of the recipe creates documents
 */
export function ledgerSchema(
  annotations: readonly ColumnSpec[],
  creates = false,
): { readonly name: string; readonly type: LedgerType }[] {
  return [
    { name: 'file', type: 'utf8' },
    { name: 'block', type: 'int64' },
    { name: 'offset', type: 'int64' },
    { name: 'row', type: 'uint32' },
    ...(creates ? ([{ name: DERIVED, type: 'utf8' }] as const) : []),
    { name: 'id', type: 'utf8' },
    { name: 'domain', type: 'utf8' },
    { name: 'outcome', type: 'utf8' },
    { name: 'step', type: 'utf8' },
    { name: 'rule', type: 'utf8' },
    { name: 'value', type: 'float64' },
    { name: 'threshold', type: 'float64' },
    { name: 'failed', type: 'list<utf8>' },
    { name: 'duplicate_of', type: 'utf8' },
    { name: 'similarity', type: 'float64' },
    { name: 'cut_spans', type: 'list<struct<start int32, end int32, rule utf8>>' },
    { name: 'text_bytes', type: 'int64' },
    { name: 'tokens', type: 'int64' },
    { name: 'judged_by', type: 'int32' },
    { name: 'excerpt', type: 'utf8' },
    ...(creates ? LINEAGE_SCHEMA : []),
    ...annotations.filter((a) => a.name !== TOKENS.name),
  ];
}

/**
 * Ledger rows of a batch. `value`, `threshold`, `failed`, `duplicate_of` and `similarity` are those of the step that
 * dropped the document; `failed` is empty, never null. `judged_by` counts the deciding steps that judged it.
 * `text_bytes` and `excerpt` are of the text as it was read.
 * @param annotations the static list of the recipe; those that the batch does not have are null
 * @param which `all`: every row; `dropped`: rows no longer alive (before a barrier, the others come later)
 * @param creates as in `ledgerSchema`
 */
export function ledgerRows(
  batch: DocumentBatch,
  annotations: readonly ColumnSpec[],
  which: 'all' | 'dropped' = 'all',
  creates = false,
): TableBatch {
  const every = which === 'all' || batch.alive.every((a) => a === 0);
  const rows = every ? allRows(batch.rows) : droppedRows(batch);
  const take = <C extends Column>(c: C): C => (every ? c : (takeRows(c, rows) as C));
  const n = rows.length;
  const columns = new Map<string, TableColumn>();
  const own = (name: string, type: ColumnSpec['type']): Column => {
    const c = batch.columns.get(name);
    return c ? take(c) : nullColumn(type, n);
  };
  for (const name of ['file', 'block', 'offset', 'row']) columns.set(name, take(batch.column(name)));
  if (creates) columns.set(DERIVED, own(DERIVED, 'utf8'));
  for (const name of ['id', 'domain']) columns.set(name, take(batch.column(name)));
  for (const [name, c] of decisions(batch.verdicts, rows, batch.alive)) columns.set(name, c);
  columns.set('cut_spans', cutSpans(batch, rows));
  columns.set('text_bytes', int64(take({ type: 'int32', values: originalBytes(batch), valid: null })));
  const tokens = batch.columns.get(tokensColumn(annotations));
  columns.set('tokens', tokens && tokens.type !== 'utf8' ? int64(take(tokens)) : nullColumn('int64', n));
  columns.set('judged_by', judgedBy(batch, rows));
  columns.set('excerpt', take(excerptColumn(batch)));
  if (creates) {
    columns.set('parents', linesColumn(own(LINEAGE.parents, 'utf8') as Utf8Column, n));
    columns.set('generator', own(LINEAGE.generator, 'utf8'));
    columns.set('prompt_hash', own(LINEAGE.promptHash, 'utf8'));
    columns.set('cost', own(LINEAGE.cost, 'float64'));
  }
  for (const { name, type } of annotations) {
    if (name === TOKENS.name) continue;
    const c = batch.columns.get(name);
    columns.set(name, c && c.type === type ? take(c) : nullColumn(type, n));
  }
  return { columns, rows: n };
}

/** The lines of each text as a list; null gives an empty one. */
function linesColumn(text: Utf8Column, n: number): ListColumn {
  const offsets = new Int32Array(n + 1);
  const lines: string[] = [];
  for (let i = 0; i < n; i++) {
    const all = stringAt(text, i);
    if (all) lines.push(...all.split('\n'));
    offsets[i + 1] = lines.length;
  }
  return listColumn(offsets, utf8Column(lines));
}

function allRows(n: number): Int32Array {
  const rows = new Int32Array(n);
  for (let i = 0; i < n; i++) rows[i] = i;
  return rows;
}

function droppedRows(batch: DocumentBatch): Int32Array {
  const rows = new Int32Array(batch.rows);
  let n = 0;
  for (let i = 0; i < batch.rows; i++) if (batch.alive[i] === 0) rows[n++] = i;
  return rows.subarray(0, n);
}

/**
 * outcome, step, rule, value, threshold, failed, duplicate_of, similarity: from the first verdict that dropped the row.
 */
function decisions(verdicts: readonly Verdict[], rows: Int32Array, alive: Uint8Array): [string, TableColumn][] {
  const n = rows.length;
  const outcome = new Int32Array(n);
  const step = new Int32Array(n).fill(-1);
  const rule = new Int32Array(n).fill(-1);
  const value = new Float64Array(n).fill(Number.NaN);
  const threshold = new Float64Array(n).fill(Number.NaN);
  const similarity = new Float64Array(n).fill(Number.NaN);
  const duplicateOf: (string | null)[] = [];
  const failedOffsets = new Int32Array(n + 1);
  const failed: number[] = [];
  // Rule names of all verdicts in one list; `first[v]` is where those of verdict v begin.
  const names = verdicts.flatMap((v) => v.rules.map((r) => r.name));
  const first: number[] = [];
  for (let v = 0, sum = 0; v < verdicts.length; sum += verdicts[v++].rules.length) first.push(sum);
  let twins = false;
  for (let i = 0; i < n; i++) {
    const row = rows[i];
    let twin: string | null = null;
    if (alive[row] === 0) {
      outcome[i] = 1;
      const v = firstToDrop(verdicts, row);
      if (v >= 0) {
        const d = verdicts[v];
        step[i] = v;
        rule[i] = first[v] + d.rule[row];
        value[i] = d.value[row];
        const own = d.threshold?.[row] ?? Number.NaN;
        threshold[i] = Number.isNaN(own) ? d.rules[d.rule[row]].threshold : own;
        if (d.similarity) similarity[i] = d.similarity[row];
        twin = d.duplicateOf?.[row] ?? null;
        for (let k = 0; k < d.rules.length; k++) {
          if (d.failed[row * d.failedWords + (k >> 5)] & (1 << (k & 31))) failed.push(first[v] + k);
        }
      }
    }
    failedOffsets[i + 1] = failed.length;
    duplicateOf.push(twin);
    twins ||= twin !== null;
  }
  return [
    ['outcome', indexedColumn(OUTCOMES, outcome)],
    [
      'step',
      indexedColumn(
        verdicts.map((v) => v.step),
        step,
      ),
    ],
    ['rule', indexedColumn(names, rule)],
    ['value', nullWhereNaN(value)],
    ['threshold', nullWhereNaN(threshold)],
    ['failed', listColumn(failedOffsets, indexedColumn(names, Int32Array.from(failed)))],
    ['duplicate_of', twins ? utf8Column(duplicateOf) : nullColumn('utf8', n)],
    ['similarity', nullWhereNaN(similarity)],
  ];
}

function firstToDrop(verdicts: readonly Verdict[], row: number): number {
  for (let v = 0; v < verdicts.length; v++) if (verdicts[v].rule[row] >= 0) return v;
  return -1;
}

function judgedBy(batch: DocumentBatch, rows: Int32Array): Column {
  const values = new Int32Array(rows.length);
  const before = batch.columns.get(CARRIED.judged);
  for (let i = 0; i < rows.length; i++) {
    let count = before && before.type !== 'utf8' ? Number(before.values[rows[i]]) : 0;
    for (const v of batch.verdicts) count += v.judged[rows[i]];
    values[i] = count;
  }
  return { type: 'int32', values, valid: null };
}

function cutSpans({ cuts }: Pick<DocumentBatch, 'cuts'>, rows: Int32Array): ListColumn {
  const offsets = new Int32Array(rows.length + 1);
  const source: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    if (cuts) for (let k = cuts.offsets[rows[i]]; k < cuts.offsets[rows[i] + 1]; k++) source.push(k);
    offsets[i + 1] = source.length;
  }
  const int32 = (values?: Int32Array): Column => ({
    type: 'int32',
    values: Int32Array.from(source, (k) => values![k]),
    valid: null,
  });
  const fields: [string, Column][] = [
    ['start', int32(cuts?.start)],
    ['end', int32(cuts?.end)],
    [
      'rule',
      indexedColumn(
        cuts?.rules ?? [],
        Int32Array.from(source, (k) => cuts!.rule[k]),
      ),
    ],
  ];
  return { type: 'list', offsets, valid: null, child: { type: 'struct', fields: new Map(fields) } };
}

function int64(c: NumberColumn): Column {
  if (c.values instanceof BigInt64Array) return c;
  return {
    type: 'int64',
    values: BigInt64Array.from(c.values as Float64Array, (v) => BigInt(Math.round(v))),
    valid: c.valid,
  };
}

/**
 * Ledger rows of input that could not be read: outcome `quarantined`, step `read`, rule = the reason; `text_bytes` is
 * null.
 */
export function ledgerQuarantineRows(
  records: readonly QuarantinedRecord[],
  annotations: readonly ColumnSpec[],
  creates = false,
): TableBatch {
  const n = records.length;
  const known = new Map<string, TableColumn>([
    ...positionColumns(records),
    ['id', utf8Column(records.map((r) => r.id ?? null))],
    ['domain', utf8Column(records.map((r) => r.domain ?? null))],
    ['outcome', constantColumn('quarantined', n)],
    ['step', utf8Column(records.map((r) => r.step ?? READ_STEP))],
    ['rule', utf8Column(records.map((r) => r.reason))],
    ['failed', listColumn(new Int32Array(n + 1), utf8Column([]))],
    ['cut_spans', cutSpans({ cuts: null }, new Int32Array(n))],
    ['judged_by', { type: 'int32', values: new Int32Array(n), valid: null }],
    ['excerpt', utf8Column(records.map((r) => r.excerpt))],
    [DERIVED, utf8Column(records.map((r) => r.derived ?? null))],
    ['parents', linesColumn(utf8Column(records.map((r) => r.lineage?.parents.join('\n') ?? null)), n)],
    ['generator', utf8Column(records.map((r) => r.lineage?.generator ?? null))],
    ['prompt_hash', utf8Column(records.map((r) => r.lineage?.promptHash ?? null))],
    ['cost', nullWhereNaN(Float64Array.from(records, (r) => r.lineage?.cost ?? Number.NaN))],
  ]);
  const columns = ledgerSchema(annotations, creates).map(({ name, type }): [string, TableColumn] => [
    name,
    known.get(name) ?? nullColumn(type as ColumnSpec['type'], n),
  ]);
  return { columns: new Map(columns), rows: n };
}
