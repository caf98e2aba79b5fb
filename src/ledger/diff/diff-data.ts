import { ConfigError } from '../../errors.ts';
import { openRunDatabase, type RunDatabase, rowsOf } from '../database.ts';
import { committedTotals, type RunFolder } from '../run-folder.ts';
import { type Plain, plain } from '../sql-values.ts';
import { tokensWritten } from '../token-estimate.ts';
import { type RecipeChange, recipeChanges } from './recipe-changes.ts';

/** How documents of two runs are found to be the same. */
export const JOINS = ['position', 'id', 'text'] as const;
export type Join = (typeof JOINS)[number];

/** Keys in SQL. A text is known by its length and its first 240 bytes, which is what a ledger keeps of it. */
const KEYS: Readonly<Record<Join, string>> = {
  position: `file || '#' || block || '.' || "offset" || coalesce('+' || derived, '')`,
  id: 'id',
  text: "md5(text_bytes || ':' || excerpt)",
};

export interface DomainDiff {
  readonly domain: string;
  readonly a: KeptOfDomain;
  readonly b: KeptOfDomain;
}

export interface KeptOfDomain {
  readonly documents: number;
  /** Null where no step has measured them. */
  readonly tokens: number | null;
  /** `tokens`, or where nothing measured them an estimate by the bytes that were written. */
  readonly tokensEstimate: number;
}

/** Documents that changed sides, by the rule of the run that drops them. */
export interface Moved {
  readonly side: 'lost' | 'saved';
  readonly domain: string;
  readonly step: string | null;
  readonly rule: string | null;
  readonly documents: number;
}

export interface MovedDocument {
  readonly side: 'lost' | 'saved';
  readonly id: string | null;
  readonly domain: string;
  readonly step: string | null;
  readonly rule: string | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly excerpt: string;
}

export interface RunDiff {
  readonly by: Join;
  readonly recipe: readonly RecipeChange[];
  /** Kept documents and their tokens. */
  readonly domains: readonly DomainDiff[];
  /** `both`: found in both runs. Documents whose key repeats in a run are not compared. */
  readonly found: { readonly both: number; readonly onlyA: number; readonly onlyB: number; readonly repeated: number };
  readonly moved: readonly Moved[];
  readonly examples: readonly MovedDocument[];
}

const ROWS = (key: string, within: string): string =>
  `SELECT ${key} AS k, id, coalesce(domain, '') AS domain, outcome, step, rule, value, threshold, excerpt, ` +
  `count(*) OVER (PARTITION BY ${key}) AS n FROM ${within}ledger WHERE outcome <> 'quarantined'`;

/**
 * Compares two runs. @param join default: by position where both read the same input, else by id
 * @param most documents listed for each side
 */
export async function diffRuns(a: RunFolder, b: RunFolder, join: Join | null, most: number): Promise<RunDiff> {
  const by = join ?? (a.run.hashes.input === b.run.hashes.input ? 'position' : 'id');
  const db = await openRunDatabase(a, [{ name: 'b', run: b }]);
  try {
    const pairs =
      `WITH x AS (${ROWS(KEYS[by], '')}), y AS (${ROWS(KEYS[by], 'b.')}), ` +
      'j AS (SELECT x.*, y.id AS id2, y.domain AS domain2, y.outcome AS outcome2, y.step AS step2, y.rule AS rule2, ' +
      'y.value AS value2, y.threshold AS threshold2 FROM x JOIN y USING (k) WHERE x.n = 1 AND y.n = 1), ' +
      "m AS (SELECT 'lost' AS side, k, id, domain, step2 AS step, rule2 AS rule, value2 AS value, " +
      "threshold2 AS threshold, excerpt FROM j WHERE outcome = 'kept' AND outcome2 <> 'kept' UNION ALL " +
      "SELECT 'saved', k, id, domain, step, rule, value, threshold, excerpt FROM j WHERE outcome <> 'kept' AND " +
      "outcome2 = 'kept') ";
    const [found] = await plainRows(
      db,
      `${pairs}SELECT (SELECT count(*) FROM j) AS both, ` +
        '(SELECT count(*) FROM x ANTI JOIN y USING (k)) AS "onlyA", ' +
        '(SELECT count(*) FROM y ANTI JOIN x USING (k)) AS "onlyB", ' +
        '(SELECT count(*) FROM x SEMI JOIN y USING (k)) - (SELECT count(*) FROM j) AS repeated',
    );
    if (Number(found.both) === 0) throw nothingInCommon(by);
    const moved = await plainRows(
      db,
      `${pairs}SELECT side, domain, step, rule, count(*) AS documents FROM m GROUP BY ALL ` +
        'ORDER BY documents DESC, side, domain, step, rule',
    );
    const examples = await plainRows(
      db,
      `${pairs}SELECT side, id, domain, step, rule, value, threshold, excerpt FROM m ` +
        `QUALIFY row_number() OVER (PARTITION BY side ORDER BY md5(k)) <= ${most} ORDER BY side, md5(k)`,
    );
    return {
      by,
      recipe: recipeChanges(a.run, b.run),
      domains: await keptByDomain(db, a, b),
      found: found as unknown as RunDiff['found'],
      moved: moved as unknown as Moved[],
      examples: examples as unknown as MovedDocument[],
    };
  } finally {
    db.close();
  }
}

const plainRows = async (db: RunDatabase, sql: string): Promise<Record<string, Plain>[]> =>
  (await rowsOf(db, sql)).map((r) => Object.fromEntries(Object.entries(r).map(([k, v]) => [k, plain(v)])));

async function keptByDomain(db: RunDatabase, a: RunFolder, b: RunFolder): Promise<DomainDiff[]> {
  const kept = (within: string): string =>
    "SELECT coalesce(domain, '') AS domain, count(*) AS n, sum(tokens)::BIGINT AS t " +
    `FROM ${within}ledger WHERE outcome = 'kept' GROUP BY ALL`;
  const rows = await plainRows(
    db,
    'SELECT domain, coalesce(a.n, 0) AS an, a.t AS at, coalesce(b.n, 0) AS bn, b.t AS bt ' +
      `FROM (${kept('')}) a FULL JOIN (${kept('b.')}) b USING (domain) ORDER BY domain`,
  );
  const [ofA, ofB] = [committedTotals(a), committedTotals(b)].map((t) => (domain: string, n: Plain, sum: Plain) => {
    const [documents, tokens] = [Number(n), sum === null ? null : Number(sum)];
    const own = Object.hasOwn(t.domains, domain) ? t.domains[domain] : null;
    return { documents, tokens, tokensEstimate: Math.round(tokens ?? (own ? tokensWritten(own) : 0)) };
  });
  return rows.map((r) => {
    const domain = String(r.domain);
    return { domain, a: ofA(domain, r.an, r.at), b: ofB(domain, r.bn, r.bt) };
  });
}

const nothingInCommon = (by: Join): ConfigError =>
  new ConfigError({
    expected: 'two runs with documents in common',
    got: `none with the same ${by}`,
    where: 'sluice diff',
    fix: `Join in another way: --by ${JOINS.filter((j) => j !== by).join(' or ')}.`,
  });
