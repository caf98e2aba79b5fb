import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { JudgedGuard } from '../run/guards.ts';
import type { RunJson } from '../run/types.ts';
import { liveFiles, readCommits } from '../streams/commits.ts';
import { type Counters, type DomainCounters, keptTextBytes } from '../streams/counters.ts';
import type { StepDescriptor } from '../streams/operator.ts';
import type { Rule } from '../streams/outcome.ts';
import { copyMeaning } from './copy-meaning.ts';
import { count, duration, percent, plural, rough, shellWord, short, size } from './format.ts';
import { program } from './program.ts';
import { type Reason, topReasons } from './run-view.ts';
import { clipped, safeExcerpt, safeText } from './safe-text.ts';
import { type Terminal, tableLines, wrapped } from './terminal.ts';
import { unscoredLines } from './unscored.ts';

export interface SummaryInput {
  /** Absolute path of the run directory. */
  readonly run: string;
  readonly result: RunJson;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  readonly warnings: readonly string[];
  /** Greatest resident memory of the process; null when the run was done before. */
  readonly peakBytes: number | null;
  /** Text per second of this sitting; null when it did nothing. */
  readonly bytesPerSecond: number | null;
  readonly already: boolean;
}

const REASONS = 8;
const DOMAINS = 12;
/** Below so many documents a share is no news. */
const FEW = 100;

/** What a person wants to read at the end of a run. Leads with what was kept and where it lies. */
export async function printSummary(terminal: Terminal, input: SummaryInput): Promise<void> {
  const { out, style, width } = terminal;
  const { result, run } = input;
  const t = result.totals!;
  const here = shownPath(run);
  out();
  const head = input.already ? 'This run was done before' : 'Done';
  out(
    `${style.bold(style.green(head))}: kept ${style.bold(count(t.kept.documents))} of ${plural(t.read.documents, 'document')} (${percent(t.kept.documents, t.read.documents)}), ${size(keptTextBytes(t))} of text, in ${duration(result.seconds)}.`,
  );
  out(
    style.dim(
      `The input is as it was. Every document read has its row in the ledger, with the reason where it was not kept.`,
    ),
  );
  out();
  for (const line of domainLines(terminal, t)) out(line);
  const reasons = topReasons(t);
  if (reasons.length > 0) {
    out();
    out(style.bold(`Why ${plural(t.dropped.documents, 'document was', 'documents were')} left out`));
    for (const reason of reasons.slice(0, REASONS))
      for (const line of reasonLines(terminal, reason, t, stepsOf(result))) out(line);
    if (reasons.length > REASONS)
      out(style.dim(`  and ${reasons.length - REASONS} more rules: see the first query below`));
  }
  const notes = noteLines(terminal, input, t, await unscoredLines(run));
  if (notes.length > 0) out();
  for (const line of notes) out(line);
  out();
  await printOutput(terminal, input, here);
  out();
  out(style.bold('Next'));
  const example = reasons.flatMap((r) => r.counters.examples)[0]?.id;
  for (const command of nextCommands(here, result, example)) out(`  ${clipped(command, Math.max(width, 200))}`);
}

const stepsOf = (result: RunJson): readonly StepDescriptor[] =>
  (result.recipe as unknown as { readonly steps: readonly StepDescriptor[] }).steps;

/** As short as it can be from here. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' ? '.' : near.startsWith('..') ? path : near;
}

/** Tokens of all that was read are known for judged documents only; the others count at the same bytes per token. */
function tokensIn(amount: { bytes: number; tokens: number }, kept: { bytes: number; tokens: number }): number {
  return kept.tokens > 0 ? (amount.bytes * kept.tokens) / kept.bytes : amount.bytes / 4;
}

function domainLines(terminal: Terminal, t: Counters): string[] {
  const { style } = terminal;
  const row = (name: string, d: DomainCounters, paint = (s: string): string => s): string[] => [
    paint(name),
    count(d.read.documents),
    paint(count(d.kept.documents)),
    percent(d.kept.documents, d.read.documents),
    size(d.read.bytes),
    size(d.kept.bytes),
    rough(tokensIn(d.read, d.kept)),
    rough(tokensIn(d.kept, d.kept)),
  ];
  const domains = Object.entries(t.domains).sort((a, b) => b[1].read.bytes - a[1].read.bytes || (a[0] < b[0] ? -1 : 1));
  const shown = domains.length > DOMAINS ? domains.slice(0, DOMAINS - 1) : domains;
  const rows = shown.map(([name, d]) => row(safeText(name) || '(none)', d));
  if (domains.length > shown.length) {
    const rest = domains.slice(shown.length).map(([, d]) => d);
    rows.push(row(`${rest.length} more`, rest.reduce(sumDomains)));
  }
  if (domains.length !== 1) rows.push(row('all', { read: t.read, kept: t.kept, dropped: t.dropped }, style.bold));
  const right = 'right' as const;
  return tableLines(
    [
      { title: 'domain', max: 22 },
      { title: 'documents', align: right },
      { title: '→ kept', align: right },
      { title: '', align: right },
      { title: 'text', align: right },
      { title: '→ kept', align: right },
      { title: '≈ tokens', align: right },
      { title: '→ kept', align: right },
    ],
    rows,
  ).map((line, i) => (i === 0 ? style.dim(line) : line));
}

function sumDomains(a: DomainCounters, b: DomainCounters): DomainCounters {
  const add = (k: 'read' | 'kept' | 'dropped') => ({
    documents: a[k].documents + b[k].documents,
    bytes: a[k].bytes + b[k].bytes,
    tokens: a[k].tokens + b[k].tokens,
  });
  return { read: add('read'), kept: add('kept'), dropped: add('dropped') };
}

function reasonLines({ style, width }: Terminal, r: Reason, t: Counters, steps: readonly StepDescriptor[]): string[] {
  const step = steps.find((s) => s.step === r.step);
  const rule = step?.rules.find((x) => x.name === r.rule);
  const means =
    step?.kind === 'dedup'
      ? copyMeaning(r.rule)
      : step?.kind === 'select'
        ? selectionOf(step, rule)
        : rule && step?.kind !== 'custom'
          ? conditionOf(rule)
          : '';
  const line = `  ${percent(r.dropped, t.read.documents).padStart(7)}  ${count(r.dropped).padStart(9)}  ${style.bold(safeText(r.rule))}${means ? `  ${style.dim(clipped(safeText(means), Math.max(20, width - 24 - r.rule.length)))}` : ''}`;
  const [example] = r.counters.examples;
  if (!example) return [line];
  const value =
    step?.kind !== 'dedup' && step?.kind !== 'custom' && example.value !== null ? ` (${short(example.value)})` : '';
  const label = `e.g. ${clipped(safeText(example.id), 32)}${value}: `;
  const excerpt = safeExcerpt(example.excerpt);
  const shown = excerpt === '' ? '(empty text)' : `“${clipped(excerpt, Math.max(16, width - 24 - label.length))}”`;
  return [line, style.dim(`${' '.repeat(22)}${label}${shown}`)];
}

/** Why a selection leaves a document out: `not in the middle 50.0 % by ppl`. */
function selectionOf({ options }: StepDescriptor, rule: Rule | undefined): string {
  const { column, keep, rate, within } = options as { column: string; keep: string; rate: number; within: string };
  if (rule?.name.endsWith('_missing')) return `no ${column} to rank by`;
  const part = { low: 'lowest', medium: 'middle', high: 'highest' }[keep] ?? keep;
  return `not in the ${part} ${percent(rate, 1)} by ${column}${within === 'domain' ? ' of its domain' : ''}`;
}

/** What a selection did to the mix, in documents: `web 52.4 % → 41.7 %, code ...`; the domains that changed most first. */
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
  const shown = domains.sort((a, b) => change(b) - change(a) || (a.name < b.name ? -1 : 1)).slice(0, DOMAINS - 1);
  const shares = shown.map(
    (d) => `${safeText(d.name) || '(none)'} ${percent(d.before, before)} → ${percent(d.after, after)}`,
  );
  return `${safeText(step)} changed the share of documents: ${shares.join(', ')}`;
}

/** When a rule leaves a document out: `gopher_word_count < 50`. */
export const conditionOf = (r: Rule): string => `${r.column} ${r.comparison} ${short(r.threshold)}`;

function noteLines(
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
    say(
      'quarantine',
      `${plural(q.records, 'record')} (${size(q.bytes)}) that could not be read as documents: ${reasons.join(', ')}`,
      style.yellow,
    );
    const missing = q.byReason.missing_text ?? 0;
    if (missing > t.read.documents / 2)
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
  for (const text of unscored) say('not scored', text, style.yellow);
  if (t.cutBytes > 0) say('cut', `${size(t.cutBytes)} of text cut out of kept documents (spans in the ledger)`);
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

/** What the one who started the run would want to hear before using its output: all that guards saw near or beyond a limit. */
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

async function printOutput(
  { out, style, width }: Terminal,
  { run, result }: SummaryInput,
  here: string,
): Promise<void> {
  out(`${style.bold('Output')}  ${here}`);
  const commits = await readCommits(join(run, 'commits.jsonl'), { repair: false });
  const rows = [
    ...result.sinks.map((s) => ({ ...s, what: 'kept documents with every annotation' })),
    { name: 'ledger', folder: 'ledger', what: 'one row per document read: outcome, rule, value, threshold' },
    { name: 'quarantine', folder: 'quarantine', what: 'records that could not be read, with position and reason' },
  ].flatMap(({ name, folder, what }) => {
    const files = liveFiles(commits, name);
    if (files.length === 0) return [];
    return [
      [`${folder}/`, plural(files.length, 'file'), size(files.reduce((n, f) => n + f.bytes, 0)), style.dim(what)],
    ];
  });
  if (existsSync(join(run, 'README.md')))
    rows.push(['README.md', '', '', style.dim('opens all of it by name in Python and elsewhere')]);
  for (const line of tableLines([{}, { align: 'right' }, { align: 'right' }, { max: width - 33 }], rows)) out(line);
}

function nextCommands(here: string, result: RunJson, example: string | undefined): string[] {
  const dir = shellWord(here);
  const commands = [
    `${program()} sql ${dir} "SELECT domain, rule, count(*) AS n FROM ledger WHERE outcome = 'dropped' GROUP BY ALL ORDER BY n DESC"`,
  ];
  if (example !== undefined && safeText(example) === example)
    commands.push(`${program()} explain ${dir} ${shellWord(example)}`);
  else commands.push(`${program()} status ${dir}`);
  const copies = stepsOf(result).some(
    ({ kind, step }) => kind === 'dedup' && Object.values(result.totals?.steps[step] ?? {}).some((r) => r.dropped > 0),
  );
  if (copies) commands.push(`${program()} clusters ${dir}`);
  const [documents] = result.sinks;
  if ((result.totals?.kept.documents ?? 0) > 0)
    commands.push(`${program()} inspect ${shellWord(join(here, documents.folder))}`);
  return commands;
}
