import { ConfigError } from '../errors.ts';
import { safeText, shellWord } from '../safe-text.ts';
import { type RunDatabase, rowsOf } from './database.ts';
import { POSITION } from './position.ts';
import type { RunFolder } from './run-folder.ts';
import { plain } from './sql-values.ts';

/** A document that stands for others, and how many it stands for. */
export interface Cluster {
  readonly step: string;
  readonly survivor: string;
  readonly id: string | null;
  /** With the survivor. */
  readonly documents: number;
  readonly leastSimilarity: number | null;
  readonly excerpt: string;
}

export interface Member {
  readonly position: string;
  readonly id: string | null;
  readonly domain: string | null;
  readonly similarity: number | null;
  readonly step: string | null;
  readonly rule: string | null;
  readonly duplicateOf: string | null;
  readonly excerpt: string;
}

/** The clusters of one deduplicating step. */
export interface StepClusters {
  readonly step: string;
  readonly rules: readonly { readonly rule: string; readonly dropped: number }[];
  readonly clusters: number;
  readonly dropped: number;
  /** Clusters by number of documents: 2, 3, 4 to 7, 8 to 15 ... */
  readonly largest: readonly Cluster[];
  readonly sizes: readonly {
    readonly from: number;
    readonly to: number;
    readonly clusters: number;
    readonly documents: number;
  }[];
}

/** Copies of each document, by step. */
const SIZES =
  'SELECT step, duplicate_of, count(*) + 1 AS documents, min(similarity) AS least FROM ledger WHERE ' +
  'duplicate_of IS NOT NULL GROUP BY step, duplicate_of';

const text = (v: unknown): string | null => (v === null || v === undefined ? null : String(v));
const number = (v: unknown): number | null => (v === null || v === undefined ? null : Number(v));

/** @param most clusters that each step lists. */
export async function clusterSteps(folder: RunFolder, db: RunDatabase, most: number): Promise<StepClusters[]> {
  const rules = await rowsOf(
    db,
    'SELECT step, rule, count(*) AS n FROM ledger WHERE duplicate_of IS NOT NULL GROUP BY step, rule ' +
      'ORDER BY n DESC, rule',
  );
  const sizes = await rowsOf(
    db,
    'SELECT step, CASE WHEN documents < 4 THEN documents ELSE CAST(pow(2, floor(log2(documents))) AS ' +
      `BIGINT) END AS least, count(*) AS clusters, sum(documents) AS documents FROM (${SIZES}) GROUP BY ` +
      'ALL ORDER BY least',
  );
  const out: StepClusters[] = [];
  for (const { step } of folder.steps) {
    if (!rules.some((r) => r.step === step)) continue;
    const own = rules.filter((r) => r.step === step).map((r) => ({ rule: String(r.rule), dropped: Number(r.n) }));
    const bins = sizes
      .filter((s) => s.step === step)
      .map((s) => {
        const from = Number(s.least);
        return {
          from,
          to: from < 4 ? from : 2 * from - 1,
          clusters: Number(s.clusters),
          documents: Number(s.documents),
        };
      });
    out.push({
      step,
      rules: own,
      clusters: bins.reduce((n, b) => n + b.clusters, 0),
      dropped: own.reduce((n, r) => n + r.dropped, 0),
      largest: await largestClusters(db, step, most),
      sizes: bins,
    });
  }
  return out;
}

async function largestClusters(db: RunDatabase, step: string, most: number): Promise<Cluster[]> {
  const rows = await rowsOf(
    db,
    `SELECT c.*, l.id, l.excerpt FROM (SELECT * FROM (${SIZES}) WHERE step = ? ORDER BY documents DESC, ` +
      `least, duplicate_of LIMIT ${most}) c LEFT JOIN ledger l ON ` +
      `${POSITION.replaceAll(/(file|block|"offset"|derived)/g, 'l.$1')} = c.duplicate_of ORDER BY ` +
      'c.documents DESC, c.least, c.duplicate_of',
    [step],
  );
  return rows.map((r) => ({
    step: String(r.step),
    survivor: String(r.duplicate_of),
    id: text(plain(r.id)),
    documents: Number(r.documents),
    leastSimilarity: number(r.least),
    excerpt: text(r.excerpt) ?? '',
  }));
}

const MEMBER = `SELECT ${POSITION} AS position, id, domain, similarity, step, rule, duplicate_of, excerpt FROM ledger`;

const memberOf = (r: Record<string, unknown>): Member => ({
  position: String(r.position),
  id: text(r.id),
  domain: text(r.domain),
  similarity: number(r.similarity),
  step: text(r.step),
  rule: text(r.rule),
  duplicateOf: text(r.duplicate_of),
  excerpt: text(r.excerpt) ?? '',
});

/** The document with this id or position; the first of an id that repeats. Errors: ConfigError when there is none. */
export async function memberCalled(db: RunDatabase, wanted: string, where: string): Promise<Member> {
  const [byId] = await rowsOf(db, `${MEMBER} WHERE id = ? ORDER BY file, block, "offset" LIMIT 1`, [wanted]);
  const [row] = byId ? [byId] : await rowsOf(db, `${MEMBER} WHERE ${POSITION} = ? LIMIT 1`, [wanted]);
  if (row) return memberOf(row);
  throw new ConfigError({
    expected: 'the id or position of a document in the ledger',
    got: `'${safeText(wanted)}'`,
    where,
    fix: `List the ids with: sluice clusters ${shellWord(db.path)}`,
  });
}

/** The copies that a document stands for, the least similar first. */
export async function copiesOf(
  db: RunDatabase,
  position: string,
  most: number,
): Promise<{ total: number; first: Member[] }> {
  const rows = await rowsOf(
    db,
    `${MEMBER.replace('excerpt FROM', 'excerpt, count(*) OVER () AS total FROM')} WHERE duplicate_of = ? ` +
      `ORDER BY similarity, file, block, "offset" LIMIT ${most}`,
    [position],
  );
  return { total: rows.length === 0 ? 0 : Number(rows[0].total), first: rows.map(memberOf) };
}
