/** `stepOf` of a kept document, and of input that never became a document. */
export const KEPT = -1;
export const ABSENT = -2;

/** Null in an integer column; NaN is null in a column of doubles. */
export const NULL_INT32 = -(2 ** 31);

/** Numbers by row of the ledger. */
export type Values = Float64Array | Int32Array;

/** The ledger of a run by columns, as far as a decision needs it. Arrays have one entry per row, in ledger order. */
export interface LedgerColumns {
  readonly rows: number;
  /** Names of the domains; '' = none. */
  readonly domains: readonly string[];
  /** Index into `domains`. */
  readonly domain: Uint16Array;
  /** Index of the step of the recipe that dropped the document, KEPT or ABSENT. */
  readonly stepOf: Int16Array;
  /** Index of the rule in that step that stands in the ledger; -1 = none. */
  readonly ruleOf: Int16Array;
  /** Bytes of the text as it was read. */
  readonly bytes: Float64Array;
  /** NaN = not counted. */
  readonly tokens: Float64Array;
  /** Annotations by name; those that a rule reads are enough. */
  readonly values: ReadonlyMap<string, Values>;
  /** Row of the document that a copy was dropped for; -1 = none. Null: not known for any. */
  readonly survivor: Int32Array | null;
  /** 1 = a step made the document. Null: none did. */
  readonly made: Uint8Array | null;
}
