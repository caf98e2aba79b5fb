import type { Advice } from '../../mixture/advice.ts';
import type { MixPlan, PlannedPhase } from '../../mixture/plan.ts';
import { safeText } from '../../safe-text.ts';
import { count, percent, plural, rough } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { tableLines, wrapped } from '../terminal/terminal.ts';

/** Phases that are shown; further ones are counted. */
const SHOWN = 8;

const epochs = (n: number): string =>
  n === 0 ? '0' : n < 0.005 ? '<0.01' : n >= 99.5 ? count(Math.round(n)) : n.toFixed(2);

/** A plan for people, in lines of at most `width` columns. */
export function printPlan({ out, style, width }: Terminal, plan: MixPlan, advice: readonly Advice[]): void {
  const say = (text: string): void => {
    for (const line of wrapped(text, width)) out(line);
  };
  say(
    `${style.bold(safeText(plan.scheduler))}: ${plural(plan.steps, 'step')} of ${count(plan.sequencesPerStep)} x ` +
      `${count(plan.contextLength)} tokens, ${rough(plan.tokens)} tokens in all`,
  );
  out();
  const repeats = plan.domains.map((d) => (d.firstRepeat === null ? '–' : `step ${count(d.firstRepeat)}`));
  for (const line of tableLines(
    [
      { title: 'domain', max: width - 58 },
      ...['tokens', 'drawn', 'share', 'epochs', 'first repeat'].map((title) => ({ title, align: 'right' as const })),
    ],
    plan.domains.map((d, i) => [
      safeText(d.name),
      rough(d.unique),
      rough(d.drawn),
      percent(d.share, 1),
      epochs(d.epochs),
      repeats[i],
    ]),
  ))
    out(line);
  if (plan.phases.length > 1) {
    out();
    out(style.bold('Phases'));
    for (const phase of plan.phases.slice(0, SHOWN)) for (const line of phaseLines(phase, plan, width)) out(line);
    if (plan.phases.length > SHOWN) out(`  ... and ${count(plan.phases.length - SHOWN)} more; --json has them all`);
  }
  for (const { level, text } of advice) {
    out();
    const mark = level === 'warning' ? style.yellow('warning') : style.dim('note');
    for (const [i, line] of wrapped(safeText(text), width - 9).entries())
      out(i === 0 ? `${mark}${' '.repeat(level === 'warning' ? 2 : 5)}${line}` : `         ${line}`);
  }
}

/** `from step 900  web 1.2 G (0.31 epochs), code ...`. */
function phaseLines(phase: PlannedPhase, plan: MixPlan, width: number): string[] {
  const all = phase.tokens.reduce((a, b) => a + b, 0);
  const part = (i: number): string => `${percent(phase.tokens[i], all)}, ${epochs(phase.epochs[i])} ep.`;
  const parts = plan.domains.flatMap(({ name }, i) =>
    phase.tokens[i] > 0 ? [`${safeText(name)} ${rough(phase.tokens[i])} (${part(i)})`] : [],
  );
  return wrapped(
    `  steps ${count(phase.from)} to ${count(phase.to - 1)}: ${parts.join(', ')}`.replace(/^ {2}/, ''),
    width - 4,
  ).map((line, i) => (i === 0 ? '  ' : '    ') + line);
}
