import type { ListedDocument } from '../../ledger/documents-data.ts';
import type { Plan } from '../../ledger/what-if/plan.ts';
import type { Change } from '../../ledger/what-if/prepared.ts';
import type { Shift, WhatIf } from '../../ledger/what-if/tally.ts';
import { clipped, safeExcerpt, safeText } from '../../safe-text.ts';
import { conditionText, withThreshold } from '../../streams/batch/condition.ts';
import { count, percent, plural, rough, short, size } from '../terminal/format.ts';
import { type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';

export interface WhatIfView {
  readonly result: WhatIf;
  readonly changes: readonly Change[];
  readonly plan: Plan;
  readonly examples: {
    readonly lost: readonly ListedDocument[];
    readonly saved: readonly ListedDocument[];
    readonly perhaps: readonly ListedDocument[];
  };
  /** Tokens were counted, not estimated. */
  readonly counted: boolean;
  /** A step cuts from texts: the ledger has their bytes before that. */
  readonly cuts: boolean;
}

/** The answer of what-if for people. */
export function whatIfLines(terminal: Terminal, view: WhatIfView): string[] {
  const { style } = terminal;
  const lines = changedRules(terminal, view).flatMap((line) => wrapped(line, terminal.width));
  lines.push('', ...wrapped(headline(view), terminal.width), '', ...domainLines(terminal, view));
  for (const note of notes(view.result)) lines.push(...wrapped(note, terminal.width).map(style.yellow));
  for (const [what, shown, rows] of [
    ['Lost', view.examples.lost, view.result.lost.length],
    ['Saved', view.examples.saved, view.result.saved.length],
    ['Saved unless a later step drops it', view.examples.perhaps, view.result.perhaps.length],
  ] as const) {
    if (shown.length === 0) continue;
    const more = rows > shown.length ? `, the first ${shown.length} of ${count(rows)}` : '';
    lines.push('', `${style.bold(what)}${more}`, ...exampleLines(terminal, shown));
  }
  return lines;
}

/** Of each rule that is changed, in the order in which they are: the whole of it, and what it was. */
function changedRules({ style }: Terminal, { plan, changes }: WhatIfView): string[] {
  const byRule = new Map<string, Change[]>();
  for (const change of changes) {
    const name = `${change.step}.${change.rule}`;
    byRule.set(name, [...(byRule.get(name) ?? []), change]);
  }
  return [...byRule].map(([name, own]) => {
    const old = plan.rules.find((r) => `${plan.steps[r.step].step}.${r.rule.name}` === name)!.rule;
    const head = style.bold(safeText(name));
    if (own.some((c) => c.threshold === null)) return `${head}  left out (dropped ${conditionText(old, short)})`;
    const now = own.reduce((rule, c) => withThreshold(rule, c.comparison ?? 0, c.threshold!), old);
    const was = old.when ? conditionText(old, short) : `${old.comparison} ${short(old.threshold)}`;
    return `${head}  drops ${conditionText(now, short)} (was ${was})`;
  });
}

function headline({ result: { total, exact, lost, saved }, counted, cuts }: WhatIfView): string {
  const about = counted ? '' : '≈ ';
  const { before, kept, open } = total;
  const most = kept.documents + open.documents;
  const documents =
    exact || open.documents === 0 ? count(kept.documents) : `${count(kept.documents)} to ${count(most)}`;
  const tokensOf = tokensIn(total);
  const least = tokensOf(kept);
  const [from, to] = [rough(least), rough(exact ? least : least + tokensOf(open))];
  const tokens = from === to ? from : `${from} to ${to}`;
  return (
    `Kept ${count(before.documents)} → ${documents} of ${plural(total.read.documents, 'document')} ` +
    `(${count(lost.length)} lost, ${upTo(saved.length, total.perhaps.documents)} saved), ` +
    `tokens ${about}${rough(tokensOf(before))} → ` +
    `${tokens}${cuts && !counted ? ', before cuts' : ''}. ${exact ? 'Exact.' : 'Not exact, see below.'}`
  );
}

const upTo = (least: number, more: number): string =>
  more === 0 ? count(least) : `${count(least)} to ${count(least + more)}`;

/** Where no step measured tokens, an estimate by bytes, as the summary of a run has it. */
const tokensIn =
  ({ before, kept, open }: Shift) =>
  (a: Shift['kept']): number =>
    before.tokens + kept.tokens + open.tokens > 0 ? a.tokens : a.bytes / 4;

function domainLines({ style }: Terminal, { result, cuts }: WhatIfView): string[] {
  const tokensOf = tokensIn(result.total);
  const row = (s: Shift, paint = (text: string): string => text): string[] => [
    paint(safeText(s.domain) || '(none)'),
    count(s.before.documents),
    paint(range(s.kept.documents, s.open.documents, count)),
    percent(s.kept.documents, s.read.documents),
    s.lost.documents === 0 ? '' : `-${count(s.lost.documents)}`,
    s.saved.documents + s.perhaps.documents === 0 ? '' : `+${range(s.saved.documents, s.perhaps.documents, count)}`,
    size(s.before.bytes),
    range(s.kept.bytes, s.open.bytes, size),
    rough(tokensOf(s.before)),
    range(tokensOf(s.kept), tokensOf(s.open), rough),
  ];
  const right = 'right' as const;
  const titles = ['kept', '→', '', 'lost', 'saved', cuts ? 'text kept, before cuts' : 'text', '→', '≈ tokens', '→'];
  return tableLines(
    [{ title: 'domain', max: 20 }, ...titles.map((title) => ({ title, align: right }))],
    [...result.domains.map((s) => row(s)), row(result.total, style.bold)],
  ).map((line, i) => (i === 0 ? style.dim(line) : line));
}

/** One number where both ends read alike. */
const range = (kept: number, open: number, text: (n: number) => string): string => {
  const [least, most] = [text(kept), text(kept + open)];
  return least === most ? least : `${least}–${most}`;
};

function notes({ open, contradictions, displacing, skipped, total }: WhatIf): string[] {
  const notes: string[] = [];
  if (open.length > 0)
    notes.push(
      `${plural(total.open.documents, 'document')} not judged, by the step that would have to: ` +
        `${open.map((o) => `${safeText(o.step)} ${count(o.documents)}`).join(', ')}.`,
    );
  if (displacing > 0)
    notes.push(
      `${plural(displacing, 'document')} may newly come to a step that removes copies: each can take the place of a ` +
        'kept one, and in a step for near copies join clusters that were apart.',
    );
  if (skipped.length > 0)
    notes.push(`As if ${skipped.map(safeText).join(', ')} dropped nothing: the run annotated only.`);
  for (const { step, documents } of contradictions)
    notes.push(`The ledger does not follow from its columns at step ${safeText(step)}: ${count(documents)} documents.`);
  return notes.length > 0 ? ['', ...notes] : [];
}

export function exampleLines({ width }: Terminal, documents: readonly ListedDocument[]): string[] {
  const rows = documents.map((d) => [
    clipped(safeText(d.id ?? d.position), 28),
    safeText(d.domain ?? ''),
    d.rule === null ? d.outcome : safeText(d.rule),
    d.value === null ? '' : short(d.value),
    safeExcerpt(d.excerpt),
  ]);
  const right = 'right' as const;
  return tableLines([{}, { max: 16 }, { max: 28 }, { align: right }, {}], rows).map((line) => clipped(line, width));
}
