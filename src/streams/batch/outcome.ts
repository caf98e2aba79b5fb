import type { Blind } from '../formats/loss.ts';

/** Comparison of a column with a threshold. The document is dropped when the comparison is TRUE. */
export type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!=';

/** One comparison of a column with a number. */
export interface Leaf {
  readonly column: string;
  readonly comparison: Comparison;
  readonly threshold: number;
}

/** Comparisons put together; plain data. A null is neither true nor false, as in SQL. */
export type Condition =
  | Leaf
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition };

/**
 * A rule: drop a document when `column comparison threshold` holds. Plain data, so it crosses threads and is hashed.
 */
export interface Rule {
  /** Name in the ledger, snake_case with the family in front: `gopher_min_words`. */
  readonly name: string;
  /** Version of the rule's meaning; recorded as `name@version`, resume refuses when it differs. */
  readonly version: number;
  readonly column: string;
  readonly comparison: Comparison;
  readonly threshold: number;
  /** What a null in the column means. `pass` (default): the rule does not judge the row, and that is counted. */
  readonly onNull: 'pass' | 'drop';
  /** Name of the option that sets the threshold, for `--set step.option=value`; default: the rule's name. */
  readonly option: string;
  /**
   * Several comparisons; then the rule drops where it holds, and `column`, `comparison` and `threshold` are those of
   * the first of them.
   */
  readonly when?: Condition;
  /** True: the rule judges and never drops; it is counted beside the others. */
  readonly shadow?: true;
}

/** The decision of one step on every row of one batch. Arrays have one entry per row unless told otherwise. */
export interface Verdict {
  readonly step: string;
  readonly rules: readonly Rule[];
  /** 1 where the step judged the row (alive, in scope, and at least one rule had a value). */
  readonly judged: Uint8Array;
  /** Index into `rules` of the first failing rule in recipe order; -1 = not dropped by this step. */
  readonly rule: Int16Array;
  /** The value that failed (the stored column value, so SQL agrees); NaN when not dropped or null. */
  readonly value: Float64Array;
  /** Bit set of all failing rules, `failedWords` 32-bit words a row. */
  readonly failed: Uint32Array;
  readonly failedWords: number;
  /** For dedup: the surviving document (`file#block.offset.row` and id) and the similarity. */
  readonly duplicateOf?: readonly (string | null)[];
  readonly similarity?: Float64Array;
  /** The threshold of each row where it depends on the data (a rank); NaN = that of the rule. */
  readonly threshold?: Float64Array;
  /** Rules that met a null and so did not judge, counted per rule. */
  readonly nulls?: readonly number[];
}

/** Does `value comparison threshold` hold (that is: does the rule fail the document)? */
export function fails(value: number, comparison: Comparison, threshold: number): boolean {
  switch (comparison) {
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '==':
      return value === threshold;
    case '!=':
      return value !== threshold;
  }
}

/** Input that could not be read as documents; one entry counts as `rows` documents read. */
export interface QuarantinedRecord {
  /** Relative path of the input file. */
  readonly file: string;
  /** Compressed start of the member, frame or row group; 0 in plain files. */
  readonly block: number;
  /** Byte offset in the block (decompressed), or row number. */
  readonly offset: number;
  /** Number of the record (from 0) within the range read; blank lines are none. */
  readonly row: number;
  /** Raw bytes that are set aside (decompressed bytes of the record; file bytes for an undecodable rest). */
  readonly bytes: number;
  /** Documents that are lost with it, as a footer, an index or a header tells. Default 1. */
  readonly rows?: number;
  /** Nothing tells how many: `rows` is an estimate by the bytes lost. */
  readonly estimated?: true;
  /** Bytes that only other files can tell the documents of. */
  readonly blind?: Blind;
  /** The file ends in the middle: what is missing after it is unknown. */
  readonly cut?: true;
  /** Stable code: `invalid_json`, `invalid_utf8`, `missing_text`, `wrong_type`, `undecodable`, `encrypted`, ... */
  readonly reason: string;
  /** One sentence for people: what was expected and what came. */
  readonly detail: string;
  /** First 240 bytes of the raw record, made printable. */
  readonly excerpt: string;
  /** Number of a created document, as in the column. */
  readonly derived?: string | null;
  /** What that document was made of: labels of positions, what wrote it, hash of the prompt, cost. */
  readonly lineage?: {
    readonly parents: readonly string[];
    readonly generator: string | null;
    readonly promptHash: string | null;
    readonly cost: number | null;
  };
  /** Of a document that was read well, and set aside because a step failed on it. */
  readonly id?: string;
  readonly domain?: string;
  readonly step?: string;
}

/** Spans cut from a document's ORIGINAL text by rewrites, in UTF-8 bytes. CSR layout over rows. */
export interface CutSpans {
  /** Length rows + 1. */
  readonly offsets: Int32Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Index into `rules`. */
  readonly rule: Uint16Array;
  readonly rules: readonly string[];
  /** Bytes that stand in the place of each span; left out where none do but those that the name of its rule says. */
  readonly added?: Int32Array;
}

/** The spans of rows `rows`, in that order. */
export function cutsOfRows(cuts: CutSpans, rows: Int32Array): CutSpans {
  const offsets = new Int32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) offsets[i + 1] = offsets[i] + cuts.offsets[rows[i] + 1] - cuts.offsets[rows[i]];
  const start = new Int32Array(offsets[rows.length]);
  const end = new Int32Array(offsets[rows.length]);
  const rule = new Uint16Array(offsets[rows.length]);
  const added = cuts.added && new Int32Array(offsets[rows.length]);
  for (let i = 0; i < rows.length; i++) {
    const [from, to] = [cuts.offsets[rows[i]], cuts.offsets[rows[i] + 1]];
    start.set(cuts.start.subarray(from, to), offsets[i]);
    end.set(cuts.end.subarray(from, to), offsets[i]);
    rule.set(cuts.rule.subarray(from, to), offsets[i]);
    added?.set(cuts.added!.subarray(from, to), offsets[i]);
  }
  return { offsets, start, end, rule, rules: cuts.rules, ...(added && { added }) };
}
