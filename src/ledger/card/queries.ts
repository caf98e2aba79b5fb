import { ledgerSchema } from '../../sinks/ledger.ts';
import type { ColumnSpec } from '../../streams/batch/columns.ts';
import { conditionText } from '../../streams/batch/condition.ts';
import { dropsFor, rewritesText, type StepDescriptor } from '../../streams/operator.ts';

const text = (s: string): string => `'${s.replaceAll("'", "''")}'`;
const name = (s: string): string => `"${s.replaceAll('"', '""')}"`;

/** Tokens of the kept documents; the name says where they are an estimate. */
const tokensKept = (counted: boolean): string => {
  const sum = "sum(tokens) FILTER (outcome = 'kept')";
  return counted ? `${sum}::BIGINT AS tokens_kept ` : `${sum}::BIGINT AS tokens_kept_estimated `;
};

/** Documents, bytes and tokens by domain, read and kept. @param counted whether the tokens are counted ones */
export const domainsQuery = (counted: boolean): string =>
  "SELECT coalesce(domain, '') AS domain, count(*) AS read, count(*) FILTER (outcome = 'kept') AS kept, " +
  'coalesce(sum(text_bytes), 0)::BIGINT AS bytes_read, ' +
  "coalesce(sum(text_bytes) FILTER (outcome = 'kept'), 0)::BIGINT AS bytes_kept, " +
  tokensKept(counted) +
  "FROM ledger WHERE outcome <> 'quarantined' GROUP BY ALL ORDER BY read DESC, domain";

export const totalsQuery = (counted: boolean): string =>
  "SELECT count(*) FILTER (outcome <> 'quarantined') AS documents_read, " +
  "count(*) FILTER (outcome = 'kept') AS kept, count(*) FILTER (outcome = 'dropped') AS dropped, " +
  "count(*) FILTER (outcome = 'quarantined') AS quarantined, " +
  "coalesce(sum(text_bytes) FILTER (outcome = 'kept'), 0)::BIGINT AS bytes_kept_before_cuts, " +
  `${tokensKept(counted)}FROM ledger`;

export const QUARANTINE =
  'SELECT reason, count(*) AS records FROM quarantine GROUP BY reason ORDER BY records DESC, reason';

export const LENGTHS =
  'SELECT outcome, count(*) AS documents, min(text_bytes) AS least, ' +
  'CAST(median(text_bytes) AS BIGINT) AS median, CAST(quantile_cont(text_bytes, 0.95) AS BIGINT) AS p95, ' +
  "max(text_bytes) AS most FROM ledger WHERE outcome <> 'quarantined' GROUP BY outcome ORDER BY outcome";

const EXAMPLE = "id, coalesce(domain, '') AS domain, text_bytes, excerpt";

/** Of each domain the kept document of median length. */
export const TYPICAL =
  `SELECT ${EXAMPLE} FROM ledger WHERE outcome = 'kept' QUALIFY row_number() OVER (PARTITION BY domain ` +
  'ORDER BY text_bytes, file, block, "offset") = (count(*) OVER (PARTITION BY domain) + 1) // 2 ' +
  'ORDER BY domain LIMIT 12';

/** Of the rules that drop most, the dropped document that is nearest to the threshold of each. */
export const BORDERLINE =
  `SELECT rule, value, threshold, ${EXAMPLE} FROM ledger WHERE outcome = 'dropped' AND value IS NOT NULL AND ` +
  'threshold IS NOT NULL AND duplicate_of IS NULL QUALIFY row_number() OVER (PARTITION BY step, rule ' +
  'ORDER BY abs(value - threshold), file, block, "offset") = 1 ' +
  'ORDER BY count(*) OVER (PARTITION BY step, rule) DESC, rule LIMIT 12';

/** What each deciding or rewriting step found and left, in recipe order; null where no step does either. */
export function stepsQuery(steps: readonly StepDescriptor[]): string | null {
  const own = steps.flatMap((s, i) => (dropsFor(s) !== null || rewritesText(s) ? [`(${i}, ${text(s.step)})`] : []));
  if (own.length === 0) return null;
  return (
    `WITH s(n, step) AS (VALUES ${own.join(', ')}), l AS (SELECT text_bytes, coalesce(tokens, 0) AS tokens, ` +
    `CASE WHEN outcome = 'kept' THEN ${steps.length} ELSE s.n END AS reached FROM ledger LEFT JOIN s USING (step) ` +
    "WHERE outcome <> 'quarantined') SELECT s.step, count(*) FILTER (reached >= s.n) AS before, " +
    'count(*) FILTER (reached > s.n) AS after, ' +
    'coalesce(sum(text_bytes) FILTER (reached >= s.n), 0)::BIGINT AS bytes_before, ' +
    'coalesce(sum(text_bytes) FILTER (reached > s.n), 0)::BIGINT AS bytes_after FROM s CROSS JOIN l ' +
    'GROUP BY s.n, s.step ORDER BY s.n'
  );
}

/** Every rule with its condition and what it dropped first. */
export function rulesQuery(steps: readonly StepDescriptor[]): string | null {
  const own = steps.flatMap((s, i) =>
    s.rules.map((r, k) => {
      const condition = Number.isNaN(r.threshold) || r.threshold === null ? s.step : conditionText(r);
      const version = `${r.name}@${r.version}${r.shadow ? ' (shadow)' : ''}`;
      return `(${i}, ${k}, ${text(s.step)}, ${text(r.name)}, ${text(version)}, ${text(condition)})`;
    }),
  );
  if (own.length === 0) return null;
  return (
    `WITH r(i, k, step, rule, version, drops_when) AS (VALUES ${own.join(', ')}), d AS (SELECT step, rule, ` +
    "count(*) AS n FROM ledger WHERE outcome = 'dropped' GROUP BY ALL) SELECT r.step, r.version AS rule, " +
    'r.drops_when, coalesce(d.n, 0) AS dropped_first FROM r LEFT JOIN d USING (step, rule) ORDER BY i, k'
  );
}

/**
 * Least, median and greatest of every number that was measured, and how many documents have one. It names the columns
 * that are left out: of a recipe that measures a hundred numbers they are fewer.
 */
export function annotationsQuery(annotations: readonly ColumnSpec[]): string | null {
  const own = annotations.filter((a) => a.type !== 'utf8' && a.name !== 'tokens').map((a) => a.name);
  if (own.length === 0) return null;
  const others = ledgerSchema(annotations, true).map((c) => c.name);
  const rest = others.filter((n) => !own.includes(n));
  const columns =
    own.length < rest.length ? `c IN (${own.map(text).join(', ')})` : `c NOT IN (${rest.map(text).join(', ')})`;
  return (
    'SELECT annotation, count(v) AS documents, min(v) AS least, round(median(v), 4) AS median, max(v) AS most ' +
    `FROM (SELECT CAST(COLUMNS(c -> ${columns}) AS DOUBLE) FROM ledger) UNPIVOT INCLUDE NULLS ` +
    '(v FOR annotation IN (*)) GROUP BY annotation ORDER BY annotation'
  );
}

/** Shares of the values of a text column among kept documents, by domain. */
export const sharesQuery = (column: string): string =>
  `SELECT coalesce(domain, '') AS domain, coalesce(CAST(${name(column)} AS VARCHAR), '(none)') AS ${name(column)}, ` +
  "count(*) AS kept FROM ledger WHERE outcome = 'kept' GROUP BY ALL ORDER BY kept DESC, 1, 2 LIMIT 40";
