import { merged } from '../../operators/merged-columns.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { rowsOfBatch } from '../../streams/batch/batch-rows.ts';
import { type Column, type ColumnSpec, isValid, numberAt, stringAt, utf8Column } from '../../streams/batch/columns.ts';
import { rowsInScope, type Stage } from '../../streams/operator.ts';
import type { NamedStage } from '../../streams/split/run-split.ts';
import type { EarlierRows } from './earlier-rows.ts';
import type { TakenStep } from './taken-steps.ts';

/** The stages of a split, where those that only measure take from an earlier run what it has measured. */
export const takingStages = (
  stages: readonly NamedStage[],
  taken: readonly TakenStep[],
  rows: EarlierRows,
): NamedStage[] =>
  stages.map(({ step, stage }) => {
    const own = taken.find((t) => t.step === step);
    return { step, stage: own ? takingStage(stage, own, rows) : stage };
  });

function takingStage(stage: Stage, { where, place, columns, whole }: TakenStep, rows: EarlierRows): Stage {
  return {
    async apply(batch) {
      const scope = rowsInScope(batch, where);
      const places = rows.placesOf(batch);
      const known = Uint8Array.from(places, (at) => (at >= 0 && rows.reached[at] >= place ? 1 : 0));
      const open: number[] = [];
      let others = false;
      for (let i = 0; i < batch.rows; i++) {
        if (scope[i] === 1 && known[i] === 0) open.push(i);
        if (batch.alive[i] !== known[i]) others = true;
      }
      if (whole && others) return stage.apply(batch);
      const measured = open.length > 0 ? await stage.apply(rowsOfBatch(batch, Int32Array.from(open))) : null;
      const at = places.map((p, i) => (scope[i] === 1 && known[i] === 1 ? p : -1));
      const added = columns.map((spec): [string, Column] => {
        const column = rows.column(spec, at);
        return [spec.name, withoutBitmap(measured ? filled(column, measured, spec, open) : column, batch.rows)];
      });
      const fresh = new Set(batch.stale);
      for (const { name } of columns) fresh.delete(name);
      return batch.withColumns(merged(batch, scope, added)).with({ stale: fresh });
    },
  };
}

/** Annotators leave the bitmap out where there is no null; files tell the difference. */
function withoutBitmap(column: Column, rows: number): Column {
  if (column.valid === null || column.type === 'utf8') return column;
  for (let i = 0; i < rows; i++) if (!isValid(column, i)) return column;
  return { ...column, valid: null };
}

/** A column with the values of rows that were measured now. */
function filled(column: Column, measured: DocumentBatch, { name }: ColumnSpec, open: readonly number[]): Column {
  const fresh = measured.column(name);
  if (column.type === 'utf8' || fresh.type === 'utf8') {
    if (column.type !== 'utf8' || fresh.type !== 'utf8') return fresh;
    const strings: (string | null)[] = Array.from({ length: column.offsets.length - 1 }, (_, i) => stringAt(column, i));
    open.forEach((row, i) => {
      strings[row] = stringAt(fresh, i);
    });
    return utf8Column(strings);
  }
  open.forEach((row, i) => {
    if (numberAt(fresh, i) === null) return;
    column.values[row] = fresh.values[i] as never;
    column.valid![row >> 3] |= 1 << (row & 7);
  });
  return column;
}
