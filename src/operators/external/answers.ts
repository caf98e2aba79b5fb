import type { DocumentBatch } from '../../streams/batch/batch.ts';
import {
  type Column,
  concatColumns,
  int32Column,
  isValid,
  nullColumn,
  numberAt,
  stringAt,
  takeRows,
  type Utf8Column,
  utf8Column,
} from '../../streams/batch/columns.ts';
import { withCreated } from '../../streams/batch/created.ts';
import { dropsFor, rowsInScope, type StepDescriptor } from '../../streams/operator.ts';
import { judge } from '../drop-stage.ts';
import { withCuts } from '../rewrite/apply-cuts.ts';
import type { TextCut } from '../rewrite/line-rewrite.ts';
import { withVerdict } from '../verdicts.ts';
import { type ExternalSettings, type Piece, settingsOf } from './request.ts';

/** Verdict of a document that goes for a reason which the step has not declared. */
export const OTHER_REASON = -1;

/** The batch with what a filter said of its documents; those that nobody was asked about get nulls. */
export function withAnswers(d: StepDescriptor, batch: DocumentBatch, pieces: readonly Piece[]): DocumentBatch {
  const s = settingsOf(d);
  const asked = new Uint8Array(batch.rows);
  for (const { rows } of pieces) for (const row of rows) asked[row] = 1;
  const table = answerTable(s, batch.rows, pieces);
  const added = [
    ...s.columns.map(({ name }) => [name, table.get(name)!] as const),
    ...(s.drops ? verdictColumns(s, table, asked) : []),
  ];
  const told = s.rewrites
    ? withCuts(batch, rewritesOf(s, batch, table, pieces), [ruleOf(s)], added)
    : batch.withColumns(added);
  const scope = rowsInScope(batch, d.where);
  const judged = dropsFor(d) === null ? told : withVerdict(told, judge(told, d.step, d.rules, scope));
  return s.creates ? withMade(judged, d, s, pieces) : judged;
}

/** Of every row of the batch what was answered. */
function answerTable(s: ExternalSettings, rows: number, pieces: readonly Piece[]): Map<string, Column> {
  const place = new Int32Array(rows).fill(-1);
  let at = 0;
  for (const piece of pieces) for (const row of piece.rows) place[row] = at++;
  // A last row without values stands for all that nobody was asked about.
  const order = place.map((p) => (p < 0 ? at : p));
  const specs = [
    ...s.columns,
    { name: 'keep', type: 'int32' } as const,
    { name: 'reason', type: 'utf8' } as const,
    { name: 'text', type: 'utf8' } as const,
  ];
  return new Map(
    specs.map(({ name, type }) => {
      const parts = pieces.map((p) => p.answer.columns.get(name) ?? nullColumn(type, p.rows.length));
      const all = concatColumns([...parts, nullColumn(type, 1)], [...pieces.map((p) => p.rows.length), 1]);
      return [name, takeRows(all, order)] as const;
    }),
  );
}

/** 0 = kept, 1 and on = the reasons that the step declares, -1 = dropped for another; and the reason as it was said. */
function verdictColumns(s: ExternalSettings, table: ReadonlyMap<string, Column>, asked: Uint8Array) {
  const keep = table.get('keep')!;
  const reason = table.get('reason') as Utf8Column;
  const verdict = new Float64Array(asked.length).fill(Number.NaN);
  const said: (string | null)[] = [];
  for (let i = 0; i < asked.length; i++) {
    const why = stringAt(reason, i);
    // A reason alone drops too.
    const dropped = isValid(keep, i) ? Number(keep.values[i]) === 0 : why !== null;
    const declared = why === null ? -1 : s.reasons.indexOf(why);
    if (asked[i] === 1) verdict[i] = dropped ? (declared < 0 ? OTHER_REASON : declared + 1) : 0;
    said.push(dropped ? why : null);
  }
  return [
    [`${s.as}_verdict`, int32Column(verdict)],
    [`${s.as}_reason`, utf8Column(said)],
  ] as const;
}

const ruleOf = ({ as }: ExternalSettings): string => `${as}_rewrite`;

/** What differs between a text and the one the filter wants, as one cut with what stands in its place. */
function rewritesOf(
  s: ExternalSettings,
  batch: DocumentBatch,
  table: ReadonlyMap<string, Column>,
  pieces: readonly Piece[],
): TextCut[][] {
  const cuts: TextCut[][] = Array.from({ length: batch.rows }, () => []);
  const now = batch.utf8('text');
  const wanted = table.get('text') as Utf8Column;
  const keep = table.get('keep')!;
  for (const row of pieces.flatMap((p) => [...p.rows])) {
    const dropped = s.drops && keep.type !== 'utf8' && numberAt(keep, row) === 0;
    if (!isValid(wanted, row) || dropped) continue;
    const before = now.values.subarray(now.offsets[row], now.offsets[row + 1]);
    const after = wanted.values.subarray(wanted.offsets[row], wanted.offsets[row + 1]);
    cuts[row] = differenceOf(before, after, ruleOf(s));
  }
  return cuts;
}

const isInside = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

function differenceOf(before: Uint8Array, after: Uint8Array, rule: string): TextCut[] {
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start++;
  if (start === before.length && start === after.length) return [];
  // Nothing is cut inside of a code point.
  while (start > 0 && (isInside(before[start]) || isInside(after[start]))) start--;
  let same = 0;
  while (same < least - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same++;
  while (same > 0 && isInside(before[before.length - same])) same--;
  const insert = Buffer.from(after.subarray(start, after.length - same)).toString('utf8');
  return [{ start, end: before.length - same, rule, ...(insert !== '' && { insert }) }];
}

/** The documents that the filter made, each behind the one it is made of. */
function withMade(
  batch: DocumentBatch,
  d: StepDescriptor,
  s: ExternalSettings,
  pieces: readonly Piece[],
): DocumentBatch {
  const made = pieces.filter((p) => p.answer.created !== null);
  const counts = made.map((p) => p.answer.created!.parent.length);
  if (counts.length === 0) return batch;
  const specs = [{ name: 'text', type: 'utf8' } as const, ...s.columns];
  const columns = new Map(
    specs.map(({ name, type }) => {
      const parts = made.map((p, i) => p.answer.created!.columns.get(name) ?? nullColumn(type, counts[i]));
      return [name, concatColumns(parts, counts)] as const;
    }),
  );
  const parent = Int32Array.from(made.flatMap((p) => Array.from(p.answer.created!.parent, (row) => p.rows[row])));
  const own = batch.utf8('domain');
  const domains = made.flatMap((p, i) => {
    const told = p.answer.created!.columns.get('domain') as Utf8Column | undefined;
    const of = p.answer.created!.parent;
    return Array.from({ length: counts[i] }, (_, k) => (told && stringAt(told, k)) ?? stringAt(own, p.rows[of[k]]));
  });
  const texts = columns.get('text') as Utf8Column;
  return withCreated(batch, {
    parent,
    columns: new Map([
      ...columns,
      ['text', utf8Column(domains.map((_, k) => stringAt(texts, k) ?? ''))],
      ['domain', utf8Column(domains)],
    ]),
    generator: domains.map(() => `${d.step}@${s.version}`),
  });
}
