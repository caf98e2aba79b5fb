import type { DuckDBValue } from '@duckdb/node-api';
import { ConfigError } from '../errors.ts';
import { isEarlier } from '../operators/dedup/tables/earlier-run.ts';
import { safeText } from '../safe-text.ts';
import { createsDocuments, removesCopies } from '../streams/operator.ts';
import { type RunDatabase, rowsOf } from './database.ts';
import { decisionsOn, type LedgerRow, type StepDecision } from './decisions.ts';
import type { LedgerIndex } from './ledger-index.ts';
import { type Asked, atPosition, ofId, positionOf } from './position.ts';
import type { LedgerValues } from './row-reader.ts';
import { type RunFolder, shownRun } from './run-folder.ts';
import { plain, plainRow } from './sql-values.ts';

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
  /** Of a dropped document: later steps that could drop it too, and whose decision nothing tells. */
  readonly unjudgedBy: readonly string[];
  /** Why it could not be read. */
  readonly quarantine: { readonly reason: string; readonly detail: string | null } | null;
}

const MOST = 100;
/** Where no step of the recipe could have made any, nobody looks through the ledger for them. */
const NONE: Explanation['copies'] = { count: 0, first: [] };

/**
 * All documents of an id, or the one at a position. Errors: ConfigError with ids that are near.
 * @param by `position`: what is wanted is known to be one, which is found without a look at every id
 * @param index finds rows without reading the ledger
 */
export async function explainDocuments(
  folder: RunFolder,
  db: RunDatabase,
  wanted: string,
  by: 'id or position' | 'position' = 'id or position',
  index: LedgerIndex | null = null,
): Promise<{ total: number; documents: Explanation[] }> {
  const ledger = { db, index };
  const place = atPosition(wanted);
  const first = ofId(wanted);
  const questions = by === 'position' && place ? [place, first] : place ? [first, place] : [first];
  for (const asked of questions) {
    const rows = await find(ledger, asked, null, MOST + 1);
    if (rows.length === 0) continue;
    const total = rows.length > MOST ? await countOf(db, asked.where, asked.values) : rows.length;
    const documents: Explanation[] = [];
    for (const row of rows.slice(0, MOST)) documents.push(await explanationOf(folder, ledger, row));
    return { total, documents };
  }
  throw await notFound(folder, db, wanted);
}

/** A ledger, and what finds rows of it; null: it is read. */
interface Ledger {
  readonly db: RunDatabase;
  readonly index: LedgerIndex | null;
}

/** Rows of the ledger, at most so many. @param names of columns; null: all */
async function find(
  { db, index }: Ledger,
  asked: Asked,
  names: readonly string[] | null,
  most: number,
): Promise<readonly LedgerValues[]> {
  const found = await index?.rowsOf(db, asked, names ?? undefined);
  if (found) return found.map((f) => f.values);
  const sql = `SELECT ${names?.join(', ') ?? '*'} FROM ledger WHERE ${asked.where} LIMIT ${most}`;
  return (await rowsOf(db, sql, asked.values)).map(plainRow);
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
    where: shownRun(folder),
    fix: `${ids.length > 0 ? `Similar ids: ${ids.join(', ')}.` : ''}${unfinished}`.trim() || undefined,
  });
}

async function explanationOf(folder: RunFolder, ledger: Ledger, r: LedgerValues): Promise<Explanation> {
  const { db } = ledger;
  const position = positionOf(r);
  const row: LedgerRow = {
    domain: String(r.domain ?? ''),
    outcome: String(r.outcome),
    created: typeof r.derived === 'string',
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
      row.duplicate_of === null ? null : { ...(await twinAt(ledger, row.duplicate_of)), similarity: row.similarity },
    copies: folder.steps.some(removesCopies) ? await copiesOf(ledger, position) : NONE,
    lineage: await lineageOf(ledger, r),
    created: folder.steps.some(createsDocuments) ? await createdFrom(db, position) : NONE,
    cutSpans: (r.cut_spans ?? []) as Explanation['cutSpans'],
    decisions,
    keepWith: keepWith(decisions, row),
    unjudgedBy: unjudgedBy(decisions),
    quarantine: row.outcome === 'quarantined' ? { reason: row.rule ?? '', detail: await detailOf(db, r) } : null,
  };
}

async function twinAt(ledger: Ledger, position: string): Promise<Twin> {
  if (isEarlier(position)) return { position, id: null, excerpt: '' };
  const place = atPosition(position);
  const [row] = place ? await find(ledger, place, ['id', 'excerpt'], 1) : [];
  return { position, id: (row?.id ?? null) as string | null, excerpt: row ? String(row.excerpt ?? '') : '' };
}

const TWIN_NAMES = ['id', 'excerpt', 'file', 'block', 'offset', 'derived'];
const MOST_TWINS = 5;

const twinOf = (r: LedgerValues): Twin => ({
  position: positionOf(r),
  id: r.id as string | null,
  excerpt: String(r.excerpt ?? ''),
});

async function copiesOf({ db, index }: Ledger, position: string): Promise<Explanation['copies']> {
  const found = await index?.copiesOf(db, position, TWIN_NAMES);
  if (!found) return twinsWhere(db, 'duplicate_of = ?', position);
  return { count: found.length, first: found.slice(0, MOST_TWINS).map((f) => twinOf(f.values)) };
}

/** How many rows of the ledger a condition on a position holds for, and the first five. */
async function twinsWhere(db: RunDatabase, where: string, position: string): Promise<Explanation['copies']> {
  const names = TWIN_NAMES.map((name) => `"${name}"`).join(', ');
  const sql = `SELECT ${names}, count(*) OVER () AS n FROM ledger WHERE ${where} LIMIT ${MOST_TWINS}`;
  const rows = await rowsOf(db, sql, [position]);
  return {
    count: rows.length === 0 ? 0 : Number(rows[0].n),
    first: rows.map((r) => twinOf(plainRow(r))),
  };
}

async function lineageOf(ledger: Ledger, r: LedgerValues): Promise<Explanation['lineage']> {
  if (typeof r.derived !== 'string') return null;
  const parents: Twin[] = [];
  for (const label of (r.parents ?? []) as readonly string[]) parents.push(await twinAt(ledger, label));
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

async function detailOf(db: RunDatabase, r: LedgerValues): Promise<string | null> {
  const [row] = await rowsOf(
    db,
    'SELECT detail FROM quarantine WHERE file = ? AND block = CAST(? AS BIGINT) AND "offset" = CAST(? AS ' +
      'BIGINT) AND derived IS NOT DISTINCT FROM CAST(? AS VARCHAR) LIMIT 1',
    [String(r.file), String(r.block), String(r.offset), (r.derived ?? null) as string | null],
  );
  return row ? (plain(row.detail) as string | null) : null;
}

function keepWith(decisions: readonly StepDecision[], row: LedgerRow): string[] | null {
  if (row.outcome !== 'dropped') return [];
  const decided = decisions.find((d) => d.state === 'dropped');
  if (decided === undefined || decided.rules.length === 0) return null;
  const failing = decisions.flatMap((d) => d.rules.filter((r) => r.wouldFail && !r.shadow));
  if (failing.some((r) => r.settings === null)) return null;
  return failing.flatMap((r) => (r.settings ?? []).map((s) => `--set ${s}`));
}

const unjudgedBy = (decisions: readonly StepDecision[]): string[] =>
  decisions
    .filter(({ state, effects, rules }) => {
      if (state !== 'not reached' || effects.drops === undefined) return false;
      return effects.drops !== 'thresholds' || rules.some((r) => r.wouldFail === null && !r.shadow);
    })
    .map((d) => d.step);
