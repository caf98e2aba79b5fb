import type { DuckDBValue } from '@duckdb/node-api';
import { ConfigError } from '../errors.ts';
import { isEarlier } from '../operators/dedup/tables/earlier-run.ts';
import { safeText } from '../safe-text.ts';
import { labelOf } from '../streams/batch/position.ts';
import { createsDocuments, removesCopies } from '../streams/operator.ts';
import { type RunDatabase, rowsOf } from './database.ts';
import { decisionsOn, type LedgerRow, type StepDecision } from './decisions.ts';
import type { IdIndex } from './id-index.ts';
import { atPosition, POSITION } from './position.ts';
import type { RunFolder } from './run-folder.ts';
import { type Plain, plain } from './sql-values.ts';

/** A document that stands beside another one. */
export interface Twin {
  /** `file#block.offset`. */
  readonly position: string;
  readonly id: string | null;
  readonly excerpt: string;
}

/** Everything that a run knows about one document. */
export interface Explanation {
  readonly id: string | null;
  /** `file#block.offset`. */
  readonly position: string;
  readonly row: number;
  readonly domain: string | null;
  readonly outcome: string;
  readonly step: string | null;
  readonly rule: string | null;
  /** What that rule judged, and the threshold; of a rank the cut that it came to. */
  readonly value: number | null;
  readonly threshold: number | null;
  readonly textBytes: number | null;
  readonly tokens: number | null;
  readonly excerpt: string;
  readonly duplicateOf: (Twin & { readonly similarity: number | null }) | null;
  /** Documents dropped as copies of this one: how many, and the first. */
  readonly copies: { readonly count: number; readonly first: readonly Twin[] };
  /** Of a created document: what it was made of, and by what; null for a document of the input. */
  readonly lineage: {
    readonly parents: readonly Twin[];
    readonly generator: string | null;
    readonly promptHash: string | null;
    readonly cost: number | null;
  } | null;
  /** Documents made of this one: how many, and the first. */
  readonly created: { readonly count: number; readonly first: readonly Twin[] };
  readonly cutSpans: readonly { readonly start: number; readonly end: number; readonly rule: string }[];
  readonly decisions: readonly StepDecision[];
  /** `--set` options under which nothing that was measured would have dropped it; null where no threshold helps. */
  readonly keepWith: readonly string[] | null;
  /** Why it could not be read. */
  readonly quarantine: { readonly reason: string; readonly detail: string | null } | null;
}

const MOST = 100;
/** Where no step of the recipe could have made any, nobody looks through the ledger for them. */
const NONE: Explanation['copies'] = { count: 0, first: [] };

/**
 * All documents of an id, or the one at a position. Errors: ConfigError with ids that are near.
 * @param by `position`: what is wanted is known to be one, which is found without a look at every id
 * @param ids finds rows by their id; without it every id is read
 */
export async function explainDocuments(
  folder: RunFolder,
  db: RunDatabase,
  wanted: string,
  by: 'id or position' | 'position' = 'id or position',
  ids: IdIndex | null = null,
): Promise<{ total: number; documents: Explanation[] }> {
  const place = atPosition(wanted);
  const first = { where: 'id = ?', values: [wanted] as DuckDBValue[] };
  const questions = by === 'position' && place ? [place, first] : place ? [first, place] : [first];
  for (const { where, values } of questions) {
    const places = where === first.where ? ((await ids?.placesOf(db, wanted)) ?? null) : null;
    const rows: Record<string, DuckDBValue>[] = [];
    for (const p of places ?? [{ where, values }])
      rows.push(...(await rowsOf(db, `SELECT * FROM ledger WHERE ${p.where} LIMIT ${MOST + 1}`, p.values)));
    if (rows.length === 0) continue;
    const total = rows.length > MOST && places === null ? await countOf(db, where, values) : rows.length;
    const documents: Explanation[] = [];
    for (const row of rows.slice(0, MOST)) documents.push(await explanationOf(folder, db, row));
    return { total, documents };
  }
  throw await notFound(folder, db, wanted);
}

async function countOf(db: RunDatabase, where: string, values: DuckDBValue[]): Promise<number> {
  const [row] = await rowsOf(db, `SELECT count(*) AS n FROM ledger WHERE ${where}`, values);
  return Number(row.n);
}

async function notFound(folder: RunFolder, db: RunDatabase, wanted: string): Promise<ConfigError> {
  const rows = db.views.find((v) => v.name === 'ledger')?.rows ?? 0;
  const near = await rowsOf(
    db,
    `SELECT id FROM (
       (SELECT DISTINCT id, 0 AS distance FROM ledger WHERE starts_with(id, ?) LIMIT 1000)
       UNION ALL
       (SELECT DISTINCT id, 1 + levenshtein(lower(id), lower(?)) AS distance
        FROM (SELECT id FROM ledger WHERE id IS NOT NULL LIMIT 200000) WHERE NOT starts_with(id, ?))
     ) ORDER BY distance, id LIMIT 3`,
    [wanted, wanted.slice(0, 200), wanted],
  );
  const ids = near.map((r) => safeText(String(r.id)));
  const unfinished = folder.run.status === 'done' ? '' : ' The run is not finished: the document may come later.';
  return new ConfigError({
    expected: `an id or a position (file#block.offset) among the ${rows} documents in the ledger`,
    got: `'${wanted}'`,
    where: folder.path,
    fix: `${ids.length > 0 ? `Similar ids: ${ids.join(', ')}.` : ''}${unfinished}`.trim() || undefined,
  });
}

async function explanationOf(
  folder: RunFolder,
  db: RunDatabase,
  raw: Record<string, DuckDBValue>,
): Promise<Explanation> {
  const r = Object.fromEntries(Object.entries(raw).map(([k, v]) => [k, plain(v)])) as Record<string, Plain>;
  const position = labelOf({
    file: String(r.file),
    block: Number(r.block),
    offset: Number(r.offset),
    derived: r.derived as string | null,
  });
  const row: LedgerRow = {
    domain: String(r.domain ?? ''),
    outcome: String(r.outcome),
    created: r.derived !== null,
    step: r.step as string | null,
    rule: r.rule as string | null,
    value: r.value as number | null,
    duplicate_of: r.duplicate_of as string | null,
    similarity: r.similarity as number | null,
    annotations: Object.fromEntries(
      folder.run.schema.annotations.map((a) => [a.name, r[a.name] as number | string | null]),
    ),
  };
  const decisions = row.outcome === 'quarantined' ? [] : decisionsOn(row, folder.steps);
  return {
    id: r.id as string | null,
    position,
    row: r.row as number,
    domain: r.domain as string | null,
    outcome: row.outcome,
    step: row.step,
    rule: row.rule,
    textBytes: r.text_bytes as number | null,
    tokens: r.tokens as number | null,
    value: row.value,
    threshold: r.threshold as number | null,
    excerpt: String(r.excerpt ?? ''),
    duplicateOf:
      row.duplicate_of === null ? null : { ...(await twinAt(db, row.duplicate_of)), similarity: row.similarity },
    copies: folder.steps.some(removesCopies) ? await copiesOf(db, position) : NONE,
    lineage: await lineageOf(db, r),
    created: folder.steps.some(createsDocuments) ? await createdFrom(db, position) : NONE,
    cutSpans: (r.cut_spans ?? []) as Explanation['cutSpans'],
    decisions,
    keepWith: keepWith(decisions, row),
    quarantine: row.outcome === 'quarantined' ? { reason: row.rule ?? '', detail: await detailOf(db, r) } : null,
  };
}

async function twinAt(db: RunDatabase, position: string): Promise<Twin> {
  if (isEarlier(position)) return { position, id: null, excerpt: '' };
  const place = atPosition(position);
  const [row] = place
    ? await rowsOf(db, `SELECT id, excerpt FROM ledger WHERE ${place.where} LIMIT 1`, place.values)
    : [];
  return { position, id: row ? (plain(row.id) as string | null) : null, excerpt: row ? String(row.excerpt ?? '') : '' };
}

const copiesOf = (db: RunDatabase, position: string): Promise<Explanation['copies']> =>
  twinsWhere(db, 'duplicate_of = ?', position);

/** How many rows of the ledger a condition on a position holds for, and the first five. */
async function twinsWhere(db: RunDatabase, where: string, position: string): Promise<Explanation['copies']> {
  const rows = await rowsOf(
    db,
    `SELECT id, excerpt, ${POSITION} AS position, count(*) OVER () AS n FROM ledger WHERE ${where} LIMIT 5`,
    [position],
  );
  return {
    count: rows.length === 0 ? 0 : Number(rows[0].n),
    first: rows.map((r) => ({
      position: String(r.position),
      id: plain(r.id) as string | null,
      excerpt: String(r.excerpt ?? ''),
    })),
  };
}

async function lineageOf(db: RunDatabase, r: Record<string, Plain>): Promise<Explanation['lineage']> {
  if (r.derived === null) return null;
  const parents: Twin[] = [];
  for (const label of (r.parents ?? []) as readonly string[]) parents.push(await twinAt(db, label));
  return {
    parents,
    generator: r.generator as string | null,
    promptHash: r.prompt_hash as string | null,
    cost: r.cost as number | null,
  };
}

async function createdFrom(db: RunDatabase, position: string): Promise<Explanation['created']> {
  return twinsWhere(db, 'list_contains(parents, ?)', position);
}

async function detailOf(db: RunDatabase, r: Record<string, Plain>): Promise<string | null> {
  const [row] = await rowsOf(
    db,
    'SELECT detail FROM quarantine WHERE file = ? AND block = CAST(? AS BIGINT) AND "offset" = CAST(? AS ' +
      'BIGINT) AND derived IS NOT DISTINCT FROM CAST(? AS VARCHAR) LIMIT 1',
    [String(r.file), String(r.block), String(r.offset), r.derived as string | null],
  );
  return row ? (plain(row.detail) as string | null) : null;
}

function keepWith(decisions: readonly StepDecision[], row: LedgerRow): string[] | null {
  if (row.outcome !== 'dropped') return [];
  const decided = decisions.find((d) => d.state === 'dropped');
  if (decided === undefined || decided.rules.length === 0) return null;
  const failing = decisions.flatMap((d) => d.rules.filter((r) => r.wouldFail && !r.shadow));
  if (failing.some((r) => r.setting === null)) return null;
  return failing.map((r) => `--set ${r.setting}`);
}
