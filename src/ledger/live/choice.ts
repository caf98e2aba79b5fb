import { type RunDatabase, rowsOf } from '../database.ts';
import { documentsAt, type ListedDocument } from '../documents-data.ts';
import { ledgerParts, PART, ROW, wholeLedger } from '../ledger-parts.ts';
import { POSITION } from '../position.ts';
import { committedTotals, type RunFolder } from '../run-folder.ts';
import { nearestTo } from './browse.ts';

/** A document that was chosen to be looked at. */
export interface ChosenDocument extends ListedDocument {
  /** `step.rule` -> its value, of those rules near whose threshold it was chosen. */
  readonly near: Readonly<Record<string, number>>;
}

/** How many are chosen. */
export interface ChoiceSizes {
  /** Documents of each domain and outcome, at most. */
  readonly each: number;
  /** Documents of all domains and outcomes together. */
  readonly all: number;
  /** Documents that a rule dropped, of each rule. */
  readonly ofRule: number;
  /** Documents at the threshold of a rule, both sides together. */
  readonly atCut: number;
  /** Rules of which there are some at the threshold: those that drop most. */
  readonly rules: number;
}

/**
 * Documents that show a run in little, in the order in which they are worth most: some of each domain and outcome in
 * turns, some that each rule dropped, the nearest to the thresholds of the rules that drop most. Within each they are
 * drawn by a hash of their ids (positions where they have none): the same in every call.
 */
export async function chosenDocuments(
  folder: RunFolder,
  db: RunDatabase,
  sizes: ChoiceSizes,
): Promise<ChosenDocument[]> {
  const drawn = inTurns(await drawnRows(folder, db, "coalesce(domain, ''), outcome", 'true', sizes.each));
  const ofRules = inTurns(await drawnRows(folder, db, 'step, rule', "outcome = 'dropped'", sizes.ofRule));
  const near = new Map<number, Record<string, number>>();
  const cuts: number[] = [];
  for (const { name, column, threshold, where } of cutRules(folder).slice(0, sizes.rules)) {
    for (const [row, value] of await nearestTo(folder, db, { column, threshold, where }, sizes.atCut)) {
      near.set(row, { ...near.get(row), [name]: value });
      cuts.push(row);
    }
  }
  const order = [...new Set(inTurns([drawn.slice(0, sizes.all), ofRules, cuts]))];
  const listed = await documentsAt(folder, db, order);
  const sorted = order.slice().sort((a, b) => a - b);
  const byRow = new Map(sorted.map((row, i) => [row, listed[i]]));
  return order.map((row) => ({ ...byRow.get(row)!, near: near.get(row) ?? {} }));
}

/** Rules that compare a number of the ledger, the most dropping first. */
function cutRules(folder: RunFolder) {
  const columns = new Set(folder.run.schema.annotations.map((a) => a.name));
  const { steps } = committedTotals(folder);
  return folder.steps
    .flatMap((s) =>
      s.rules.map((r) => ({
        ...r,
        where: s.where,
        name: `${s.step}.${r.name}`,
        n: steps[s.step]?.[r.name]?.dropped ?? 0,
      })),
    )
    .filter((r) => columns.has(r.column) && Number.isFinite(r.threshold) && r.n > 0)
    .sort((a, b) => b.n - a.n);
}

/** Rows of the ledger by their numbers: of each group the first ones by the hash. */
async function drawnRows(folder: RunFolder, db: RunDatabase, group: string, where: string, most: number) {
  const names = ['file', 'block', 'offset', 'derived', 'id', 'domain', 'outcome', 'step', 'rule'];
  const whole = wholeLedger(folder, names);
  if (whole === null) return [];
  const key = `md5(coalesce(id, '') || chr(10) || ${POSITION})`;
  const rows = await rowsOf(
    db,
    `SELECT min_by(${PART}::BIGINT * ${PART_SIZE} + ${ROW}, ${key}, ${most}) AS drawn FROM ${whole} ` +
      `WHERE ${where} GROUP BY ${group} ORDER BY count(*) DESC, min(${key})`,
  );
  const parts = ledgerParts(folder);
  return rows.map((r) =>
    (r.drawn as unknown as { readonly items: readonly bigint[] }).items.map((at) => {
      const n = Number(at);
      return parts[Math.floor(n / PART_SIZE)].first + (n % PART_SIZE);
    }),
  );
}

/** No file of a ledger has more rows. */
const PART_SIZE = 2 ** 36;

/** The first of each list, then the second of each. */
function inTurns(lists: readonly (readonly number[])[]): number[] {
  const longest = Math.max(0, ...lists.map((l) => l.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((l) => (i < l.length ? [l[i]] : []))).flat();
}
