import type { Column, ColumnSpec } from '../../streams/batch/columns.ts';
import type { Json, StepDescriptor } from '../../streams/operator.ts';
import type { NamedFile } from './command.ts';

/** Version of what goes over the pipes; in the metadata of every request. */
export const PROTOCOL = 1;

/** The options of `external()` as its descriptor records them. */
export interface ExternalSettings {
  readonly command: readonly string[];
  readonly files: readonly NamedFile[];
  readonly version: number;
  readonly as: string;
  readonly columns: readonly ColumnSpec[];
  readonly reasons: readonly string[];
  readonly reads: readonly string[];
  readonly drops: boolean;
  readonly rewrites: boolean;
  readonly creates: boolean;
  readonly batchRows: number;
  readonly timeoutSeconds: number;
  readonly startSeconds: number;
  readonly processes: number | null;
  readonly memory: number;
}

export const settingsOf = ({ options }: StepDescriptor): ExternalSettings => options as unknown as ExternalSettings;

/** Documents that a filter is asked about, in columns that nobody else has. */
export interface FilterRequest {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
}

/** What a filter has said of the documents of one request. */
export interface Answered {
  /** One value a document: `keep`, `reason`, `text` where it may say them, and the columns of the step. */
  readonly columns: ReadonlyMap<string, Column>;
  /** Documents that it made, with the row of the request that each is made of. */
  readonly created: { readonly parent: Int32Array; readonly columns: ReadonlyMap<string, Column> } | null;
  /** Documents that it says it failed on; what else is said of them does not count. */
  readonly errors: readonly { readonly row: number; readonly detail: string }[];
}

/** What was said of some rows of a batch. */
export interface Piece {
  readonly rows: Int32Array;
  readonly answer: Answered;
}

/** That it has said nothing of use. */
export interface NotAnswered {
  /** One sentence: what was expected and what came. */
  readonly failed: string;
  /** True: it took all its time, so that to ask again would take as long. */
  readonly hung: boolean;
  /** True: it has not answered a single request yet, so that one document is to be tried before all others. */
  readonly never: boolean;
}

export type FilterAnswer = Answered | NotAnswered;

/** What a filter is told of its step, as JSON in the metadata of the schema of its requests under `sluice`. */
export const toldOf = (step: string, s: ExternalSettings): Json => ({
  protocol: PROTOCOL,
  step,
  version: s.version,
  columns: s.columns.map(({ name, type }) => ({ name, type })),
  drops: s.drops,
  reasons: s.reasons,
  rewrites: s.rewrites,
  creates: s.creates,
});

/** Columns that an answer must have, and may have. */
export function answerColumns(s: ExternalSettings): {
  readonly needed: readonly ColumnSpec[];
  readonly allowed: readonly ColumnSpec[];
} {
  const own = s.columns;
  const optional: ColumnSpec[] = [
    { name: 'error', type: 'utf8' },
    ...(s.drops ? [{ name: 'keep', type: 'int32' } as const, { name: 'reason', type: 'utf8' } as const] : []),
    ...(s.rewrites || s.creates ? [{ name: 'text', type: 'utf8' } as const] : []),
    ...(s.creates ? [{ name: 'created', type: 'int32' } as const, { name: 'domain', type: 'utf8' } as const] : []),
  ];
  return { needed: [{ name: 'row', type: 'int32' }, ...own], allowed: optional };
}
