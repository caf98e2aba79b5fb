import type { JudgedGuard } from '../../ledger/run-json.ts';
import { safeText } from '../../safe-text.ts';
import { type Counters, lostDocuments } from '../../streams/commits/counters.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { count, percent, plural, size } from '../terminal/format.ts';
import { type Terminal, wrapped } from '../terminal/terminal.ts';
import type { SummaryInput } from './summary-input.ts';
import { stepsOf } from './summary-reasons.ts';
import { idleScopes } from './summary-scopes.ts';

const DOMAINS = 11;
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
    const before = d.read.documents - droppedBy(earlier, name);
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
  return `${estimated > 0 ? 'about ' : ''}${plural(lost, 'document')} (${plural(records, 'record')}, ${size(bytes)}${guess})`;
}

/** What else is to be said of a run, a label and a sentence each. */
export function noteLines(
  { style, width }: Terminal,
  input: SummaryInput,
  t: Counters,
  unscored: readonly string[],
): string[] {
  const lines: string[] = [];
  const say = (label: string, text: string, paint = (s: string): string => s): void => {
    const [first, ...rest] = wrapped(text, width - 16);
    lines.push(`  ${paint(label.padEnd(12))}  ${first}`, ...rest.map((l) => ' '.repeat(16) + l));
  };
  const q = t.quarantined;
  if (q.records > 0) {
    const reasons = Object.entries(q.byReason)
      .sort((a, b) => b[1] - a[1])
      .map(([reason, n]) => `${safeText(reason)} ${count(n)}`);
    say('quarantine', `${lostWords(t)} that could not be read as documents: ${reasons.join(', ')}`, style.yellow);
    const missing = q.byReason.missing_text ?? 0;
    // Where nothing was kept the head has said so.
    if (missing > t.read.documents / 2 && t.kept.documents > 0)
      say(
        '',
        'Most records have no text where it was looked for. Give the field with --text-field, see: sluice inspect <file>',
        style.yellow,
      );
  }
  if (input.skipped.length > 0) {
    const by = new Map<string, number>();
    for (const s of input.skipped) by.set(s.reason, (by.get(s.reason) ?? 0) + 1);
    const reasons = [...by].sort((a, b) => b[1] - a[1]).map(([reason, n]) => `${safeText(reason)} ${count(n)}`);
    say(
      'passed over',
      `${plural(input.skipped.length, 'file')}: ${reasons.slice(0, 6).join(', ')}${reasons.length > 6 ? ', ...' : ''}`,
    );
  }
  for (const w of input.warnings.slice(0, 3)) say('note', safeText(w), style.yellow);
  if (input.warnings.length > 3) say('', `and ${input.warnings.length - 3} more notes of this kind`);
  // Of a recipe that only removes copies or measures, nothing is judged on purpose.
  const judges = stepsOf(input.result).some(({ kind }) => kind === 'drop' || kind === 'rewrite' || kind === 'custom');
  if (judges && t.unjudged > 0)
    say(
      'not judged',
      `${plural(t.unjudged, 'kept document')} (${percent(t.unjudged, t.kept.documents)}) that no rule looked at`,
    );
  for (const { text, slip } of idleScopes(input.result)) say('no match', text, slip ? style.yellow : undefined);
  for (const text of unscored) say('not scored', text, style.yellow);
  if (t.cutBytes > 0)
    say('cut', `${size(t.cutBytes)} of text cut out of kept documents; explain shows the cuts of one`);
  for (const { step } of stepsOf(input.result).filter((s) => s.kind === 'select')) {
    const mix = mixAround(step, t, stepsOf(input.result));
    if (mix) say('mix', mix);
  }
  for (const text of surprises(input)) say('look here', text, style.yellow);
  const pace = input.bytesPerSecond === null ? [] : [`${size(input.bytesPerSecond)}/s of text`];
  if (input.peakBytes !== null) pace.push(`${size(input.peakBytes)} of memory at most`);
  if (pace.length > 0) say('pace', pace.join(', '));
  return lines;
}

/**
 * What the one who started the run would want to hear before using its output: all that guards saw near or beyond a
 * limit.
 */
function surprises({ result }: SummaryInput): string[] {
  return (result.guards?.judged ?? [])
    .filter((g) => g.state !== 'within' && g.outOf >= FEW)
    .map((g) => {
      const [subject, limit] = [GUARD_WORDS[g.guard](g), g.share < g.min ? g.min : g.max];
      const bound = `${g.share < g.min ? 'at least' : 'at most'} ${percent(limit, 1)}`;
      const allowed = g.allowed && g.state === 'outside' ? ', and a flag allowed more' : '';
      const near = g.state === 'near' ? ', which is near' : '';
      return `${subject} ${percent(g.documents, g.outOf)} of ${plural(g.outOf, 'document')}; ${g.stated ? 'the recipe expects' : 'the guard is'} ${bound}${near}${allowed}.`;
    });
}

const GUARD_WORDS: Record<JudgedGuard['guard'], (g: JudgedGuard) => string> = {
  rule: ({ of }) => `Rule ${safeText(of)} alone left out`,
  drop_share: ({ of }) => (of === 'all' ? 'All rules together left out' : `Of ${safeText(of)} the rules left out`),
  cluster: ({ of }) => `One document and its copies (${safeText(of)}) are`,
  quarantine: () => 'Records that could not be read are',
  failed: () => 'Documents on which a step failed are',
};
