import { ConfigError } from '../../errors.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { numberAt } from '../../streams/batch/columns.ts';

/** Which documents a generator is asked about, by a column that an earlier step wrote. */
export interface Band {
  readonly bandColumn: string | null;
  readonly bandMin: number | null;
  readonly bandMax: number | null;
}

/**
 * Tells whether a row lies in the band, both ends included; all do where no column is named, and none where it has no
 * value. So cheap steps decide about the clear cases, and the generator is asked about those in doubt. Errors:
 * ConfigError for a column that describes the text before a rewrite.
 */
export function bandOf(batch: DocumentBatch, step: string, band: Band): (row: number) => boolean {
  const { bandColumn, bandMin, bandMax } = band;
  if (bandColumn === null) return () => true;
  if (batch.stale.has(bandColumn))
    throw new ConfigError({
      expected: 'annotations of the text as it is now',
      got: `${bandColumn} from before a rewrite`,
      where: `step ${step}`,
      fix: 'Annotate again after the rewrite.',
    });
  const column = batch.number(bandColumn);
  return (row) => {
    const value = numberAt(column, row);
    return value !== null && value >= (bandMin ?? -Infinity) && value <= (bandMax ?? Infinity);
  };
}
