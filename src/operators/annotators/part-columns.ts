import type { ColumnSpec } from '../../streams/batch/columns.ts';

/** What statistics are taken of: the whole text, or its prose, as `textParts()` finds it. */
export type Of = 'text' | 'prose';

/** Columns of statistics of the prose have `prose_` in front. */
export const columnOf = (of: Of, name: string): string => (of === 'prose' ? `prose_${name}` : name);

export const columnsOf = (of: Of, columns: readonly ColumnSpec[]): ColumnSpec[] =>
  columns.map((c) => ({ ...c, name: columnOf(of, c.name) }));
