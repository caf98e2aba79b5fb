import { ConfigError } from '../../errors.ts';
import { type Column, type ColumnSpec, type NumberColumn, stringAt, takeRows, type Utf8Column } from './columns.ts';
import type { Credit } from './credit.ts';
import { type CutSpans, cutsOfRows, type Verdict } from './outcome.ts';
import type { TokenIds } from './token-ids.ts';

/** Version of the column layout below; on disk in run.json. */
export const BATCH_SCHEMA_VERSION = 1;

/** The columns that every batch has, in order: position (file, block, offset, row), then the document. */
export const DOCUMENT_COLUMNS: readonly ColumnSpec[] = [
  { name: 'file', type: 'utf8' },
  { name: 'block', type: 'int64' },
  { name: 'offset', type: 'int64' },
  { name: 'row', type: 'uint32' },
  { name: 'id', type: 'utf8' },
  { name: 'text', type: 'utf8' },
  { name: 'domain', type: 'utf8' },
  { name: 'metadata', type: 'utf8' },
];

export interface BatchParts {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
  /** Number of the split in the plan; batches never span splits. */
  readonly split: number;
  /** Number of the batch within its split, from 0. */
  readonly sequence: number;
  /** One byte per row: 1 = still in the stream. Default: all. */
  readonly alive?: Uint8Array;
  readonly verdicts?: readonly Verdict[];
  /** The text as it was read; only set once a rewrite has changed `text`. */
  readonly originalText?: Utf8Column;
  readonly cuts?: CutSpans;
  /** One byte per row: 1 = a step of this phase created it. Default: none. */
  readonly made?: Uint8Array;
  /** Why a row has no outcome yet and is to be tried again by the next start; null = it has. Default: all have. */
  readonly retry?: readonly (string | null)[];
  /** 0 as read; a rewrite adds 1. */
  readonly textVersion?: number;
  /** Annotation columns that describe an older `text_version`. */
  readonly stale?: ReadonlySet<string>;
  /** Left by a step that tokenises; ask `tokenIdsOf()` whether they still hold. */
  readonly tokenIds?: TokenIds;
}

/**
 * Documents on their way through a pipeline: immutable columns, a selection of rows still alive, and what was decided
 * so far. Rows are never moved while in the stream; they are compacted once, at the segment.
 */
export class DocumentBatch {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
  readonly split: number;
  readonly sequence: number;
  readonly alive: Uint8Array;
  readonly verdicts: readonly Verdict[];
  readonly originalText: Utf8Column | null;
  readonly cuts: CutSpans | null;
  readonly made: Uint8Array | null;
  readonly retry: readonly (string | null)[] | null;
  readonly textVersion: number;
  readonly stale: ReadonlySet<string>;
  readonly tokenIds: TokenIds | null;
  /** Of the source that it came from; null: made from nothing. Stays in this thread: no part of `parts()`. */
  readonly credit: Credit | null;

  constructor(parts: BatchParts, credit: Credit | null = null) {
    this.rows = parts.rows;
    this.columns = parts.columns;
    this.split = parts.split;
    this.sequence = parts.sequence;
    this.alive = parts.alive ?? new Uint8Array(parts.rows).fill(1);
    this.verdicts = parts.verdicts ?? [];
    this.originalText = parts.originalText ?? null;
    this.cuts = parts.cuts ?? null;
    this.made = parts.made ?? null;
    this.retry = parts.retry ?? null;
    this.textVersion = parts.textVersion ?? 0;
    this.stale = parts.stale ?? new Set();
    this.tokenIds = parts.tokenIds ?? null;
    this.credit = credit;
  }

  /** All of it as plain data, which crosses threads. */
  parts(): BatchParts {
    const { rows, columns, split, sequence, alive, verdicts, textVersion, stale } = this;
    const rewritten = { originalText: this.originalText ?? undefined, cuts: this.cuts ?? undefined };
    const grown = { made: this.made ?? undefined, retry: this.retry ?? undefined };
    const tokenIds = this.tokenIds ?? undefined;
    return { rows, columns, split, sequence, alive, verdicts, textVersion, stale, ...rewritten, ...grown, tokenIds };
  }

  /** The same batch with some parts replaced; buffers are shared, not copied. */
  with(parts: Partial<BatchParts>): DocumentBatch {
    return new DocumentBatch({ ...this.parts(), ...parts }, this.credit);
  }

  /** The same batch on the credit of a source. */
  withCredit(credit: Credit): DocumentBatch {
    return credit === this.credit ? this : new DocumentBatch(this.parts(), credit);
  }

  /** Adds (or replaces) columns. */
  withColumns(added: Iterable<readonly [string, Column]>): DocumentBatch {
    return this.with({ columns: new Map([...this.columns, ...added]) });
  }

  column(name: string): Column {
    const column = this.columns.get(name);
    if (column) return column;
    throw new ConfigError({
      expected: `a column ${name}`,
      got: `a batch with ${[...this.columns.keys()].join(', ')}`,
      fix: 'Add the annotator that writes it before this step.',
    });
  }

  utf8(name: string): Utf8Column {
    const column = this.column(name);
    if (column.type === 'utf8') return column;
    throw new ConfigError({ expected: `utf8 in column ${name}`, got: column.type });
  }

  number(name: string): NumberColumn {
    const column = this.column(name);
    if (column.type !== 'utf8') return column;
    throw new ConfigError({ expected: `numbers in column ${name}`, got: 'utf8' });
  }

  /** Text of one document. */
  text(row: number): string {
    return stringAt(this.utf8('text'), row) ?? '';
  }

  /** Row numbers that are still in the stream, ascending. */
  aliveRows(): Int32Array {
    const rows = new Int32Array(this.rows);
    let n = 0;
    for (let i = 0; i < this.rows; i++) if (this.alive[i] === 1) rows[n++] = i;
    return rows.subarray(0, n);
  }

  /** Bytes of all distinct buffers behind this batch; slices count their whole parent once. */
  get byteLength(): number {
    const seen = new Set<ArrayBufferLike>();
    let bytes = 0;
    const add = (view: ArrayBufferView | null | undefined): void => {
      if (!view || seen.has(view.buffer)) return;
      seen.add(view.buffer);
      bytes += view.buffer.byteLength;
    };
    const addColumn = (c: Column): void => {
      add(c.values);
      add(c.valid);
      if (c.type === 'utf8') add(c.offsets);
    };
    for (const c of this.columns.values()) addColumn(c);
    if (this.originalText) addColumn(this.originalText);
    if (this.tokenIds) for (const a of [this.tokenIds.ids, this.tokenIds.offsets, this.tokenIds.has]) add(a);
    for (const v of this.verdicts) for (const a of [v.judged, v.rule, v.value, v.failed]) add(a);
    return bytes;
  }

  /** Only the rows alive, in fresh buffers. Verdicts, token ids and the text as it was read stay
   * behind. */
  compact(): DocumentBatch {
    const rows = this.aliveRows();
    const columns = new Map([...this.columns].map(([name, c]) => [name, takeRows(c, rows)] as const));
    const { split, sequence, textVersion, stale } = this;
    const cuts = this.cuts ? cutsOfRows(this.cuts, rows) : undefined;
    return new DocumentBatch({ rows: rows.length, columns, split, sequence, textVersion, stale, cuts }, this.credit);
  }
}
