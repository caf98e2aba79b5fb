import { readOf } from '../../ledger/run-json.ts';
import { GUARD_DEFAULTS } from '../../run/guards/guards.ts';
import { safeText } from '../../safe-text.ts';
import { cameIn, createdIn, keptTextBytes, lostDocuments } from '../../streams/commits/counters.ts';
import { isRules, isSelection, removesCopies } from '../../streams/operator.ts';
import { inspectCommand } from '../inspect/inspect-command.ts';
import { program } from '../program.ts';
import { count, duration, percent, plural, shellWord, shownPath, size } from '../terminal/format.ts';
import { type Terminal, wrapped } from '../terminal/terminal.ts';
import type { Reason } from './run-view.ts';
import type { SummaryInput } from './summary-input.ts';
import { conditionOf, stepsOf } from './summary-reasons.ts';

/** From so many documents on a share of next to nothing is no accident. */
const FEW = 100;

/** The result of a run in one line; a warning when it kept nothing, or less than the default guard allows. */
export function headLines({ style, width }: Terminal, input: SummaryInput, reasons: readonly Reason[]): string[] {
  const { result, already } = input;
  const t = result.totals!;
  const [read, kept] = [cameIn(t).documents, t.kept.documents];
  const little = kept === 0 || (read >= FEW && kept / read < 1 - GUARD_DEFAULTS.drop_share.max);
  const head = already ? 'Already done' : 'Done';
  const made = createdIn(t).documents;
  const about = t.quarantined.estimated > 0 ? 'about ' : '';
  const from =
    made === 0
      ? `${about}${plural(read, 'document')}`
      : `${about}${plural(read, 'document')} (${count(t.read.documents)} read, ${count(made)} created)`;
  const share = percent(kept, read);
  const of = `${style.bold(count(kept))} of ${from}${made === 0 ? ` (${share})` : `, ${share}`}`;
  const rest = `${of}, ${size(keptTextBytes(t))} of text, in ${duration(result.seconds)}.`;
  if (!little) return [`${style.bold(style.green(head))}: kept ${rest}`];
  const word = read === 0 ? 'nothing was read' : kept === 0 ? 'nothing was kept' : 'almost nothing was kept';
  const colour = (s: string): string => style.bold(style.yellow(s));
  return [
    `${colour(`${already ? `${head}, and` : 'Done, but'} ${word}`)}: ${rest}`,
    ...adviceOf(input, reasons).flatMap((text) => wrapped(text, width, '  ').map(style.yellow)),
  ];
}

/** What took most, and what to do about it; a sentence each. */
function adviceOf({ result, run }: SummaryInput, reasons: readonly Reason[]): string[] {
  const t = result.totals!;
  const dir = shellWord(shownPath(run));
  const [top] = reasons;
  const inspect = inspectCommand(result.input.patterns, readOf(result));
  const { records, byReason } = t.quarantined;
  const lost = lostDocuments(t);
  if (lost > (top?.dropped ?? 0)) {
    const [[reason]] = Object.entries(byReason).sort((a, b) => b[1] - a[1]);
    const look = `Look at one with: ${program()} sql ${dir} "SELECT * FROM quarantine LIMIT 3"`;
    return [
      `${plural(lost, lost === records ? 'record' : 'document')} (${percent(lost, t.read.documents)}) ` +
        `could not be read as documents, mostly for this reason: ${safeText(reason)}.`,
      reason === 'missing_text'
        ? `Name the field that holds the text with --text-field; to list the fields: ${inspect}`
        : `${look}.`,
    ];
  }
  const { samplePercent } = result.limits;
  if (!top && samplePercent !== null)
    return [
      `The sample of ${samplePercent} % took none of the documents. Take more with --sample, or see what ` +
        `the files contain: ${inspect}`,
    ];
  if (!top) return [`The files contain no documents. See what is in them: ${inspect}`];
  const step = stepsOf(result).find((s) => s.step === top.step);
  const rule = step?.rules.find((r) => r.name === top.rule);
  const means = rule && step && isRules(step) ? `, ${conditionOf(rule)}` : '';
  const took =
    `Most were dropped by ${safeText(top.rule)} (step ${safeText(top.step)}${means}): ` +
    `${plural(top.dropped, 'document')}, ${percent(top.dropped, cameIn(t).documents)}.`;
  const look =
    step && removesCopies(step)
      ? `See the clusters of duplicates: ${program()} clusters ${dir}.`
      : top.counters.examples[0] && safeText(top.counters.examples[0].id) === top.counters.examples[0].id
        ? `See one: ${program()} explain ${dir} ${shellWord(top.counters.examples[0].id)}.`
        : '';
  const turn =
    rule && step && isRules(step)
      ? 'To drop fewer, change the threshold with --set ' +
        `${safeText(top.step)}.${safeText(rule.option)}=NUMBER and write to another --output.`
      : step && isSelection(step)
        ? `To keep more, use --set ${safeText(top.step)}.rate=SHARE and write to another --output.`
        : 'To keep them, remove that step from the recipe or change its options.';
  return [took, [look, turn].filter(Boolean).join(' ')];
}
