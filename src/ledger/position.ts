import type { DuckDBValue } from '@duckdb/node-api';
import { labelOf } from '../streams/batch/position.ts';

/** The position of a ledger row as text, in SQL: what `duplicate_of` and `parents` hold. */
export const POSITION = `file || '#' || block || '.' || "offset" || coalesce('+' || derived, '')`;

const LABEL = /^(.*)#(\d+)\.(\d+)(?:\+([\d.]+))?$/s;

/** A condition on the ledger in SQL, and its values. */
export interface Condition {
  readonly where: string;
  readonly values: DuckDBValue[];
}

/** A condition on the ledger that finds the documents of an id, or at a position. */
export interface Asked extends Condition {
  readonly by: 'id' | 'position';
}

export const ofId = (id: string): Asked => ({ by: 'id', where: 'id = ?', values: [id] });

/** The columns of a ledger hold no larger number. */
const LARGEST = 2n ** 63n - 1n;

/** Null for what is no position. */
export function atPosition(label: string): Asked | null {
  const found = LABEL.exec(label);
  if (!found) return null;
  const [, file, block, offset, derived] = found;
  if ([block, offset].some((digits) => digits.length > 19 || BigInt(digits) > LARGEST)) return null;
  return {
    by: 'position',
    where:
      'file = ? AND block = CAST(? AS BIGINT) AND "offset" = CAST(? AS BIGINT) AND derived IS NOT DISTINCT ' +
      'FROM CAST(? AS VARCHAR)',
    values: [file, block, offset, derived ?? null],
  };
}

/** The position of a row of the ledger. */
export const positionOf = ({ file, block, offset, derived }: Readonly<Record<string, unknown>>): string =>
  labelOf({
    file: String(file),
    block: Number(block),
    offset: Number(offset),
    derived: typeof derived === 'string' ? derived : null,
  });
