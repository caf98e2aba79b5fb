import type { BlindCounters } from '../streams/commits/blind.ts';

const text = (s: string): string => `'${s.replaceAll("'", "''")}'`;

/**
 * The quarantine of a run that goes on: `rows` of records whose files say nothing of it, by what the run has found so
 * far. As `blindRows` does it.
 * @param select the view as its files are
 */
export function withBlindRows(select: string, blind: readonly BlindCounters[]): string {
  const totals = blind.map(
    ({ unit, reason, bytes, documents, records = 1 }) =>
      `(${text(unit)}, ${text(reason)}, ${documents - records}, ${Math.max(1, bytes)})`,
  );
  const sum =
    'sum(q.lost_bytes) OVER (PARTITION BY q.lost_unit, q.reason ORDER BY q.file, q.block, q."offset", q."row" ROWS ' +
    'UNBOUNDED PRECEDING)::DOUBLE';
  return (
    `WITH q AS (${select}), b(u, r, others, bytes) AS (VALUES ${totals.join(', ')}), ` +
    `s AS (SELECT q.*, b.others::DOUBLE AS _others, b.bytes::DOUBLE AS _bytes, ${sum} AS _sum ` +
    'FROM q LEFT JOIN b ON b.u = q.lost_unit AND b.r = q.reason) ' +
    'SELECT * EXCLUDE (_others, _bytes, _sum) REPLACE (CASE WHEN _others IS NULL THEN "rows" ELSE CAST(1 + ' +
    'round(_others * _sum / _bytes) - round(_others * (_sum - lost_bytes) / _bytes) AS BIGINT) END AS "rows") FROM s'
  );
}
