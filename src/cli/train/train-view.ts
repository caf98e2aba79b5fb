import type { TrainEvent } from '../../run/train/train.ts';
import { clipped, safeText } from '../../safe-text.ts';
import { changesOf } from '../../training/continual/report.ts';
import { revivalInWords } from '../../training/forgetting/report-markdown.ts';
import { type CurvePoint, curveLines } from '../terminal/curve.ts';
import { count, duration, percent, plural, rough, shownPath } from '../terminal/format.ts';
import { type Terminal, tableLines } from '../terminal/terminal.ts';

const LINE_MS = 2000;
const DRAW_MS = 200;
const CURVE_LINES = 6;

/** Shows a training while it goes on. */
export interface TrainView {
  event(event: TrainEvent): void;
  /** Gives the terminal back. */
  close(): void;
}

/** What is known of a training so far. */
class Course {
  steps = 0;
  #began = performance.now();
  #fromStep = 0;
  readonly losses: CurvePoint[] = [];
  #heldOut: number | null = null;

  take(event: TrainEvent): void {
    if (event.type === 'start') {
      this.steps = event.steps;
      this.#fromStep = event.fromStep;
      this.#began = performance.now();
    } else if (event.type === 'step') this.losses.push({ x: event.step, y: event.loss });
    else if (event.type === 'measured') this.#heldOut = event.measurement.bitsPerByte;
  }

  line(event: Extract<TrainEvent, { type: 'step' }>): string {
    const left = ((performance.now() - this.#began) / (event.step - this.#fromStep)) * (this.steps - event.step);
    const bits = this.#heldOut === null ? '' : `  held out ${this.#heldOut.toFixed(3)}`;
    return (
      `${percent(event.step, this.steps).padStart(6)}  step ${count(event.step)}  ` +
      `loss ${event.loss.toFixed(3)}${bits}  ` +
      `${count(Math.round(event.tokensPerSecond))} tokens/s  ${duration(left / 1000)} left`
    );
  }
}

/** Lines as they come, one every few seconds: for a pipe or a file. */
export function plainView(say: (line: string) => void): TrainView {
  const course = new Course();
  let shown = 0;
  return {
    event(event) {
      course.take(event);
      for (const line of notesOf(event)) say(line);
      if (event.type !== 'step') return;
      const now = performance.now();
      if (now - shown < LINE_MS && event.step < course.steps) return;
      shown = now;
      say(course.line(event));
    },
    close: () => {},
  };
}

/** A curve of the loss that is drawn over, at the bottom of a terminal. */
export function liveView(stream: NodeJS.WriteStream): TrainView {
  const course = new Course();
  let drawn = 0;
  let last = 0;
  const clear = (): void => {
    if (drawn > 0) stream.write(`\u001b[${drawn}A\r\u001b[J`);
    drawn = 0;
  };
  return {
    event(event) {
      course.take(event);
      const notes = notesOf(event);
      if (notes.length > 0) clear();
      for (const line of notes) stream.write(`${line}\n`);
      if (event.type !== 'step') return;
      const now = performance.now();
      if (now - last < DRAW_MS && event.step < course.steps) return;
      last = now;
      const width = Math.max(40, Math.min((stream.columns ?? 80) - 1, 100));
      const lines = [
        ...curveLines(course.losses, { width, height: CURVE_LINES, end: course.steps }),
        course.line(event),
        sharesLine(event),
      ].map((line) => clipped(line, width));
      clear();
      stream.write(`${lines.join('\n')}\n`);
      drawn = lines.length;
    },
    close: clear,
  };
}

/** Rate, norm, and the share of each domain in this step. */
const sharesLine = ({ learningRate, gradientNorm, weights }: Extract<TrainEvent, { type: 'step' }>): string =>
  `rate ${learningRate.toExponential(2)}  gradient ${gradientNorm.toFixed(2)}  ` +
  Object.entries(weights)
    .map(([domain, weight]) => `${safeText(domain)} ${percent(weight, 1)}`)
    .join('  ');

/** What is said once. */
function notesOf(event: TrainEvent): string[] {
  switch (event.type) {
    case 'curating':
      return curatingNotes(event);
    case 'start': {
      const { record, fromStep, steps, notMeasured, seenBefore } = event;
      const old = record.domains.filter((d) => d.startsWith('old/'));
      const lines = [
        `${safeText(event.model)}: ${(record.parameters / 1e6).toFixed(2)} M parameters, ` +
          `${plural(record.domains.length, 'domain')}, ${plural(steps, 'step')} of ${count(record.tokensPerStep)} ` +
          `tokens${fromStep > 0 ? `; resuming at step ${count(fromStep)}` : ''}; ${record.executor}`,
      ];
      if (old.length === 0)
        lines.push('No old text (--replay): nothing is replayed, and what is forgotten of it is not measured.');
      if (notMeasured.length > 0)
        lines.push(
          `Too little unseen text to hold some out, so not measured: ${notMeasured.map(safeText).join(', ')}.`,
        );
      if (seenBefore > 0)
        lines.push(
          `Not measured on ${plural(seenBefore, 'document')} that ${safeText(event.model)} was trained on before.`,
        );
      return lines;
    }
    case 'measured': {
      const { step, bitsPerByte } = event.measurement;
      return bitsPerByte === null
        ? []
        : [`step ${count(step)}: ${bitsPerByte.toFixed(3)} bits per byte on held-out text`];
    }
    case 'revived':
      return event.steps === 0
        ? []
        : [`${safeText(event.domain)}: back after ${event.steps ?? 'more'} steps on its own text`];
    default:
      return [];
  }
}

function curatingNotes({ of, event }: Extract<TrainEvent, { type: 'curating' }>): string[] {
  const what = of === 'input' ? 'Curating the new text' : 'Tokenising the old text';
  if (event.type === 'planned') return [`${what}: ${plural(event.files, 'file')} ...`];
  if (event.type !== 'finished' || event.already || event.result.totals === null) return [];
  const { read, kept } = event.result.totals;
  return [`${what}: ${count(kept.documents)} of ${plural(read.documents, 'document')} kept`];
}

/** The end of a training, for people. */
export function printTraining(
  { out, style }: Terminal,
  { folder, record, already, early }: Extract<TrainEvent, { type: 'finished' }>,
): void {
  const last = record.measurements.at(-1);
  out(
    `${already ? 'Already done' : 'Done'}: ${plural(last?.step ?? 0, 'step')}, ` +
      `≈ ${rough(last?.tokensSeen ?? 0)} tokens`,
  );
  if (early !== null) out(style.yellow(`Ended before the last planned step: ${safeText(early)}.`));
  const changes = changesOf(record.measurements);
  if (changes.length > 0) {
    out();
    const right = 'right' as const;
    const { revival } = record;
    const names = ['before', 'during', 'after', 'change', ...(revival ? ['revival steps'] : [])];
    const titles = names.map((title) => ({ title, align: right }));
    const rows = changes.map(({ domain, before, during, after }) => [
      safeText(domain),
      before.toFixed(3),
      during?.toFixed(3) ?? '',
      after.toFixed(3),
      `${after < before ? '' : '+'}${(after - before).toFixed(3)}`,
      ...(revival ? [revivalInWords({ revivalSteps: revival.steps[domain] })] : []),
    ]);
    for (const line of tableLines([{ title: 'held-out bits per byte', max: 28 }, ...titles], rows)) out(line);
  }
  const path = (name: string): string => safeText(shownPath(`${folder}/${name}`));
  out();
  out(`${style.bold('Model')}        ${path('model')}   (config.json, model.safetensors, tokenizer.json)`);
  out(`${style.bold('Checkpoints')}  ${path('checkpoints')}`);
  out(
    `${style.bold('Numbers')}      ${path('report.md')}, scalars.csv, measurements.csv; ` +
      `tensorboard --logdir ${path('')}`,
  );
}
