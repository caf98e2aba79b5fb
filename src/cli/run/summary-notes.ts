import { type JudgedGuard, readOf } from '../../ledger/run-json.ts';
import { reusedColumns } from '../../run/reuse.ts';
import { safeText } from '../../safe-text.ts';
import { tokensColumn } from '../../streams/batch/token-ids.ts';
import { type Counters, cameIn, lostDocuments } from '../../streams/commits/counters.ts';
import { dropsFor, isBarrier, isSelection, type StepDescriptor } from '../../streams/operator.ts';
import { inspectCommand } from '../inspect/inspect-command.ts';
import { count, percent, plural, size } from '../terminal/format.ts';
import { skippedSentences } from '../terminal/skipped.ts';
import { type Terminal, wrapped } from '../terminal/terminal.ts';
import { partTaken } from './run-view.ts';
import type { SummaryInput } from './summary-input.ts';
import { stepsOf } from './summary-reasons.ts';
import { idleScopes } from './summary-scopes.ts';

const DOMAINS = 11;
const UNREAD_COLUMNS = 5;
/** Below so many documents a share is no news. */
const FEW = 100;

/**
 * What a selection did to the mix, in documents: `web 52.4 % → 41.7 %, code ...`; the domains that changed most first.
 */
function mixAround(step: string, t: Counters, steps: readonly StepDescriptor[]): string | null {
  const at = steps.findIndex((s) => s.step === step);
  const droppedBy = (names: readonly string[], domain: string): number =>
    names.flatMap((n) => Object.values(t.steps[n] ?? {})).reduce((n, r) => n + (r.byDomain[domain] ?? 0), 0);
  const earlier = steps.slice(0, at).map((s) => s.step);
  const domains = Object.entries(t.domains).map(([name, d]) => {
    const before = cameIn(d).documents - droppedBy(earlier, name);
    return { name, before, after: before - droppedBy([step], name) };
  });
  const [before, after] = [domains.reduce((n, d) => n + d.before, 0), domains.reduce((n, d) => n + d.after, 0)];
  const seen = (d: { before: number; after: number }): boolean => percent(d.before, before) !== percent(d.after, after);
  if (domains.length < 2 || before === after || after === 0 || !domains.some(seen)) return null;
  const change = (d: { before: number; after: number }): number => Math.abs(d.after / after - d.before / before);
  const shown = domains.sort((a, b) => change(b) - change(a) || (a.name < b.name ? -1 : 1)).slice(0, DOMAINS);
  const shares = shown.map(
    (d) => `${safeText(d.name) || '(none)'} ${percent(d.before, before)} → ${percent(d.after, after)}`,
  );
  return `${safeText(step)} changed the share of documents: ${shares.join(', ')}`;
}

/** `20,000 documents (1 record, 101 B)`; where nothing tells how many they are, about so many. */
function lostWords(t: Counters): string {
  const { records, estimated, bytes } = t.quarantined;
  const lost = lostDocuments(t);
  if (lost === records) return `${plural(records, 'record')} (${size(bytes)})`;
  const guess = estimated > 0 ? `, ${estimated === lost ? '' : `${count(estimated)} of them `}by the bytes lost` : '';
  const documents = `${estimated > 0 ? 'about ' : ''}${plural(lost, 'document')}`;
  return `${documents} (${plural(records, 'record')}, ${size(bytes)}${guess})`;
}

/** Sentences that come of the ledger: who got no score, who is of a language that was not judged. */
export interface LedgerNotes {
  readonly unscored: readonly string[];
  readonly languages: readonly string[];
}

/** Further notes on a run, each with a label. */
export function noteLines(
  { style, width }: Terminal,
  input: SummaryInput,
  t: Counters,
  { unscored, languages }: LedgerNotes,
): string[] {
  const lines: string[] = [];
  const say = (label: string, text: string, paint = (s: string): string => s): void => {
    const [first, ...rest] = wrapped(text, width - 16);
    lines.push(`  ${paint(label.padEnd(12))}  ${first}`, ...rest.map((l) => ' '.repeat(16) + l));
  };
  const only = partTaken(input.result.limits);
  if (only !== null) say('only', only);
  const q = t.quarantined;
  if (q.records > 0) {
    const reasons = Object.entries(q.byReason)
      .sort((a, b) => b[1] - a[1])
      .map(([reason, n]) => `${safeText(reason)} ${count(n)}`);
    say('quarantine', `${lostWords(t)} that could not be read as documents: ${reasons.join(', ')}`, style.yellow);
    if (q.cut)
      say(
        '',
        `${plural(q.cut, 'file')} cut off: what is missing at the end is unknown, and not counted.`,
        style.yellow,
      );
    const missing = q.byReason.missing_text ?? 0;
    // Where nothing was kept the head has said so.
    if (missing > cameIn(t).documents / 2 && t.kept.documents > 0)
      say(
        '',
        'Most records have no text in the field read. Name the field with --text-field; to list the fields: ' +
          inspectCommand(input.result.input.patterns, readOf(input.result)),
        style.yellow,
      );
    if ((q.byReason.invalid_utf8 ?? 0) > cameIn(t).documents / 10)
      say(
        '',
        'Many records are not in the encoding read (UTF-8 by default). Name theirs with --encoding.',
        style.yellow,
      );
  }
  if (input.skipped.length > 0) {
    const [head, ...reasons] = skippedSentences(input.skipped);
    say('skipped', head);
    for (const reason of reasons) say('', reason);
  }
  const passed = Object.entries(t.passedOver ?? {});
  if (passed.length > 0)
    say(
      'passed over',
      `records without documents: ${passed.map(([kind, n]) => `${count(n)} ${safeText(kind)}`).join(', ')}`,
    );
  for (const { file, column, type, detail, rows } of (t.unread ?? []).slice(0, UNREAD_COLUMNS)) {
    const named = column === '' ? 'further columns' : `column ${column}${type === '' ? '' : ` (${type})`}`;
    const text = `${named} of ${file} could not be read, and is null in ${plural(rows, 'document')}: ${detail}`;
    say('null', safeText(text), style.yellow);
  }
  const more = (t.unread ?? []).length - UNREAD_COLUMNS;
  if (more > 0) say('', `and ${plural(more, 'more column', 'more columns')}: sluice sql, table files`);
  for (const w of input.warnings.slice(0, 3)) say('note', safeText(w), style.yellow);
  if (input.warnings.length > 3) say('', `and ${plural(input.warnings.length - 3, 'more warning', 'more warnings')}`);
  const early = droppedBeforeTokens(input, t);
  if (early > 0)
    say('tokens', `those of ${plural(early, 'document')} dropped before a step measured them are not in the table`);
  const taken = reusedColumns(stepsOf(input.result));
  if (taken.length > 0) {
    const columns = taken.reduce((n, r) => n + r.columns.length, 0);
    const steps = taken.map((r) => safeText(r.step)).join(', ');
    say(
      'not measured',
      `${plural(columns, 'column')} of ${steps}: the run in the input has them; --recompute measures them again`,
    );
  }
  // Of a recipe that only removes copies or measures, nothing is judged on purpose.
  const judges = stepsOf(input.result).some((s) => dropsFor(s) !== null && !isBarrier(s));
  if (judges && t.unjudged > 0)
    say(
      'not judged',
      `${plural(t.unjudged, 'kept document')} (${percent(t.unjudged, t.kept.documents)}) to which no rule applied`,
    );
  for (const { text, slip } of idleScopes(input.result)) say('no match', text, slip ? style.yellow : undefined);
  for (const text of languages) say('language', text, style.yellow);
  for (const text of unscored) say('not scored', text, style.yellow);
  if (t.cutBytes > 0) {
    const put = t.addedBytes > 0 ? `, ${size(t.addedBytes)} put in its place` : '';
    say(
      'cut',
      `${size(t.cutBytes)} of text cut from kept documents${put}; sluice explain shows the cuts of a document`,
    );
  }
  for (const { step } of stepsOf(input.result).filter(isSelection)) {
    const mix = mixAround(step, t, stepsOf(input.result));
    if (mix) say('mix', mix);
  }
  for (const text of surprises(input)) say('check', text, style.yellow);
  const pace = input.bytesPerSecond === null ? [] : [`${size(input.bytesPerSecond)}/s of text`];
  if (input.peakBytes !== null) pace.push(`peak memory ${size(input.peakBytes)}`);
  if (pace.length > 0) say('pace', pace.join(', '));
  return lines;
}

/** Documents that ended in a step before the one that measures tokens; 0 where none does. */
function droppedBeforeTokens({ result }: SummaryInput, t: Counters): number {
  const steps = stepsOf(result);
  const by = tokensColumn(result.schema.annotations);
  const measures = steps.findIndex((s) => s.writes.some((w) => w.name === by));
  const before = steps.slice(0, Math.max(0, measures)).flatMap((s) => Object.values(t.steps[s.step] ?? {}));
  return before.reduce((n, r) => n + r.dropped, 0);
}

/** What to check before the output is used: shares that came close to the limit of a guard, or went beyond it. */
function surprises({ result }: SummaryInput): string[] {
  return (result.guards?.judged ?? [])
    .filter((g) => g.state !== 'within' && g.outOf >= FEW)
    .map((g) => {
      const [subject, limit] = [GUARD_WORDS[g.guard](g), g.share < g.min ? g.min : g.max];
      const bound = `${g.share < g.min ? 'at least' : 'at most'} ${percent(limit, 1)}`;
      const allowed = g.allowed && g.state === 'outside' ? '; allowed by a flag' : '';
      const near = g.state === 'near' ? ' (close to the limit)' : '';
      const about = g.estimated ? 'about ' : '';
      return (
        `${subject} ${about}${percent(g.documents, g.outOf)} of ${plural(g.outOf, 'document')}; ` +
        `${g.stated ? 'the recipe expects' : 'the guard allows'} ${bound}${near}${allowed}.`
      );
    });
}

const GUARD_WORDS: Record<JudgedGuard['guard'], (g: JudgedGuard) => string> = {
  rule: ({ of }) => `Rule ${safeText(of)} alone dropped`,
  drop_share: ({ of }) =>
    of === 'all' ? 'All rules together dropped' : `Of ${safeText(of)} all rules together dropped`,
  cluster: ({ of }) => `One document and its duplicates (step ${safeText(of)}) are`,
  quarantine: () => 'Records that could not be read are',
  failed: () => 'Documents on which a step failed are',
};
