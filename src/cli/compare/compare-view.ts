import type { RunEvent } from '../../run/events.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import type { ComparisonEvent } from '../../training/compare/comparison.ts';
import type { ComparisonPlan } from '../../training/compare/plan.ts';
import { type ComparisonReport, inWords, judged } from '../../training/compare/report.ts';
import { digitsOf, intervalsInWords } from '../../training/compare/report-markdown.ts';
import type { ComparisonSettings } from '../../training/compare/settings.ts';
import { count, duration, percent, plural, rough, shownPath, size } from '../terminal/format.ts';
import { type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';
import type { Counterfactual } from './without.ts';

export const jsonLine = (value: object): void => void process.stdout.write(`${safeJson(JSON.stringify(value))}\n`);

/** What is about to be done, and how long it takes. */
export function planLines(
  settings: ComparisonSettings,
  plan: ComparisonPlan,
  jobs: number,
  other: Counterfactual | undefined,
  output: string,
): string[] {
  const { arms, seeds } = settings;
  const lines = [
    `${plural(arms.length, 'arm')} (${arms.map((a) => safeText(a.name)).join(', ')}) x ${plural(seeds, 'seed')}: ` +
      `${plural(plan.trainings, 'training')} of ${rough(plan.parameters)} parameters ` +
      `on ${count(plan.tokens)} tokens each`,
    `Measured here: ${count(Math.round(plan.tokensPerSecond))} tokens/s a thread, ` +
      `${duration(plan.trainingSeconds)} a training; ${jobs} at once. About ${duration(plan.seconds)}, and the reading`,
  ];
  if (other)
    lines.unshift(
      `First the recipe runs without ${safeText(other.step)}, which dropped ${plural(other.dropped, 'document')}; ` +
        `the run with it took ${duration(other.seconds)}`,
    );
  lines.push(`Output  ${safeText(shownPath(output))}`);
  return lines;
}

const LINE_MS = 2000;

/** Shows a comparison while it goes on: a line that is written over on a terminal, else one every few seconds. */
export function progressOf(settings: ComparisonSettings, json: boolean) {
  const { stderr } = process;
  const terminal = stderr.isTTY === true && !json;
  const done = new Map<string, number>();
  let [shown, began, first] = [0, performance.now(), 0];
  const say = (text: string, replace: boolean): void => {
    if (json) return;
    stderr.write(terminal && replace ? `\r\u001b[K${text}` : `${terminal ? '\r\u001b[K' : ''}${text}\n`);
  };
  const due = (): boolean => {
    const now = performance.now();
    if (now - shown < (terminal ? 200 : LINE_MS)) return false;
    shown = now;
    return true;
  };
  return {
    run(event: RunEvent): void {
      if (json && event.type !== 'progress') jsonLine(event);
      if (event.type !== 'progress' || !due()) return;
      say(`${percent(event.doneTextBytes, event.expectedTextBytes).padStart(7)}  the run without the step`, true);
    },
    event(event: ComparisonEvent): void {
      switch (event.type) {
        case 'reading':
          say(`Reading ${safeText(event.arm)}`, true);
          break;
        case 'prepared': {
          const bytes = event.prepared.documents.reduce((n, d) => n + Buffer.byteLength(d.text), 0);
          say(
            `Held out ${plural(event.prepared.documents.length, 'document')}, ${size(bytes)}; ` +
              `${plural(event.prepared.items.length, 'item')} to probe with`,
            false,
          );
          began = performance.now();
          break;
        }
        case 'step': {
          const key = `${event.arm} ${event.seed}`;
          if (!done.has(key)) first += event.step - 1;
          done.set(key, event.step);
          if (!due()) return;
          const all = event.steps * settings.arms.length * settings.seeds;
          const steps = [...done.values()].reduce((a, b) => a + b, 0);
          const left = ((performance.now() - began) / Math.max(1, steps - first)) * (all - steps);
          const place = `step ${count(event.step)} of ${count(event.steps)}`;
          const where = `${safeText(event.arm)}, seed ${event.seed}, ${place}`;
          say(
            `${percent(steps, all).padStart(7)}  ${where}  loss ${event.loss.toFixed(3)}  ` +
              `${count(Math.round(event.tokensPerSecond))} tokens/s  ${duration(left / 1000)} left`,
            true,
          );
          if (json) jsonLine({ ...event, secondsLeft: left / 1000 });
          return;
        }
        case 'result': {
          const key = `${event.arm} ${event.seed}`;
          if (!done.has(key)) first += event.steps;
          done.set(key, event.steps);
          break;
        }
      }
      if (json) jsonLine(event.type === 'prepared' ? { type: 'prepared', arms: event.prepared.arms.length } : event);
    },
    end(): void {
      if (terminal) stderr.write('\r\u001b[K');
    },
  };
}

/** What it came to. */
export function reportLines(
  report: ComparisonReport,
  folder: string,
  already: boolean,
  { style, width }: Pick<Terminal, 'style' | 'width'>,
): string[] {
  const { arms, rows, heldOut } = report;
  const [first, ...others] = arms;
  const lines = [already ? 'Already done' : 'Done', ''];
  const right = { align: 'right' } as const;
  const armRows = arms.map((a) => [
    safeText(a.name),
    count(a.documents),
    size(a.bytes),
    size(a.trainedOn.bytes),
    a.epochs.toFixed(2),
  ]);
  const armTitles = [
    { title: 'arm', max: 30 },
    ...['documents', 'text', 'trained on', 'epochs'].map((title) => ({ title, ...right })),
  ];
  lines.push(...tableLines(armTitles, armRows), '');
  lines.push(
    ...wrapped(
      `Measured on ${plural(heldOut.documents, 'document')} (${size(heldOut.bytes)}) that no arm was trained on, ` +
        `${heldOut.from}; ${heldOut.decides} decide. ${intervalsInWords(report)}`,
      width,
    ),
    '',
  );
  for (const measure of new Set(rows.map((r) => r.measure))) {
    const own = rows.filter((r) => r.measure === measure);
    const digits = digitsOf(measure);
    const titles = [
      { title: `${measure} (${own[0].better} is better)`, max: 44 },
      ...arms.map((a) => ({ title: safeText(a.name), ...right })),
      ...others.flatMap((a) => [{ title: `${safeText(a.name)} less ${safeText(first.name)}` }, { title: '' }]),
    ];
    const cells = own.map((row) => [
      safeText(row.scope),
      ...row.arms.map((a) => a.mean.toFixed(digits)),
      ...row.differences.flatMap((d) => [inWords(d, digits), painted(judged(row, d))]),
    ]);
    lines.push(...tableLines(titles, cells), '');
  }
  function painted(judgement: ReturnType<typeof judged>): string {
    if (judgement === 'better') return style.green(judgement);
    return judgement === 'worse' ? style.red(judgement) : style.dim(judgement);
  }
  for (const verdict of report.verdicts) lines.push(...wrapped(style.bold(safeText(verdict)), width));
  lines.push('', `Report  ${safeText(shownPath(folder))}/report.md, report.json, report.svg`);
  return lines;
}
