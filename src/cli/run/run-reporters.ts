import { MultiBar } from 'cli-progress';
import type { RunEvent } from '../../run/events.ts';
import { clipped, safeJson, safeText } from '../../safe-text.ts';
import { count, duration, percent, plural, size } from '../terminal/format.ts';
import { styleFor } from '../terminal/terminal.ts';
import { type ProgressView, progressViews } from './run-view.ts';

/** Shows a run while it goes on. `close` gives the terminal back; it may be called twice. */
export interface Reporter {
  event(event: RunEvent): void;
  /** Something to say in between. */
  note(line: string): void;
  close(): void;
}

export interface ReporterOptions {
  readonly name: string;
  readonly limit: number | null;
}

/**
 * Bars on a terminal, else a line every few seconds; both on standard error, so that standard output has the summary
 * only.
 */
export const peopleReporter = (options: ReporterOptions): Reporter =>
  process.stderr.isTTY ? barReporter(options) : lineReporter(options);

const REASONS = 3;
const BAR = 24;

function barReporter({ name, limit }: ReporterOptions): Reporter {
  const style = styleFor(process.stderr);
  const toView = progressViews(limit);
  let view: ProgressView | null = null;
  const line = (text: (v: ProgressView, width: number) => string) => ({
    format: (_: unknown, { maxWidth }: { maxWidth?: number }): string => (view ? text(view, (maxWidth ?? 80) - 1) : ''),
  });
  let bars: MultiBar | null = null;
  const start = (): MultiBar => {
    const multi = new MultiBar({
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      linewrap: false,
      gracefulExit: false,
      fps: 5,
      format: '',
    });
    multi.create(
      1,
      0,
      {},
      line((v, w) => clipped(headline(name, v, w), w)),
    );
    multi.create(
      1,
      0,
      {},
      line((v, w) => clipped(figures(v), w)),
    );
    for (let i = 0; i < REASONS; i++)
      multi.create(
        1,
        0,
        {},
        line((v, w) => style.dim(clipped(reasonLine(v, i), w))),
      );
    return multi;
  };
  const close = (): void => {
    bars?.stop();
    bars = null;
  };
  return {
    event(event) {
      if (event.type !== 'progress') return;
      view = toView(event);
      bars ??= start();
    },
    note(text) {
      close();
      process.stderr.write(`${text}\n`);
    },
    close,
  };
}

function headline(name: string, v: ProgressView, width: number): string {
  const length = width < 99 ? BAR / 2 : BAR;
  const filled = Math.round(v.share * length);
  const bar = '█'.repeat(filled) + '░'.repeat(length - filled);
  const rate = v.megabytesPerSecond === null ? '' : `  ${size(v.megabytesPerSecond * 1e6)}/s`;
  const phase = v.phase === 'curate' ? '' : ` (${v.phase})`;
  return (
    `${safeText(name)}${safeText(phase)}  ${bar}  ${String(Math.floor(v.share * 100)).padStart(3)} ` +
    `%${rate}  ` +
    `${v.share >= 1 ? 'writing shards' : v.etaSeconds === null ? '' : `${wholeSeconds(v.etaSeconds)} left`}`
  );
}

function figures(v: ProgressView): string {
  const kept = v.keptShare === null ? '' : ` · ${percent(v.keptShare, 1)} kept so far`;
  return (
    `  ${plural(v.documents, 'document')}${kept} · split ${v.splitsDone} of ${v.splits} · ` +
    `${size(v.memoryBytes)} · ${duration(v.seconds)}`
  );
}

function reasonLine(v: ProgressView, i: number): string {
  const r = v.reasons[i];
  if (!r) return i === 0 ? '  nothing dropped so far' : '';
  return (
    `  ${percent(r.dropped, v.documents).padStart(7)}  ${count(r.dropped).padStart(9)}  ` +
    `${safeText(`${r.step}: ${r.rule}`)}`
  );
}

/** An estimate, so without tenths of a second. */
const wholeSeconds = (seconds: number): string => (seconds < 9.5 ? `${Math.ceil(seconds)} s` : duration(seconds));

const EVERY_SECONDS = 5;

function lineReporter({ name, limit }: ReporterOptions): Reporter {
  const toView = progressViews(limit);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  let last = 0;
  return {
    event(event) {
      if (event.type === 'planned') {
        const resumed = event.resumedSplits > 0 ? `, ${event.resumedSplits} already done` : '';
        say(
          `${safeText(name)}: ${plural(event.files, 'file')}, about ${size(event.textBytes)} unpacked, ` +
            `${plural(event.splits, 'split')}${resumed}`,
        );
      }
      if (event.type !== 'progress') return;
      const v = toView(event);
      if (v.seconds - last < EVERY_SECONDS) return;
      last = v.seconds;
      const rate = v.megabytesPerSecond === null ? '' : `, ${size(v.megabytesPerSecond * 1e6)}/s`;
      const kept = v.keptShare === null ? '' : `, ${percent(v.keptShare, 1)} kept`;
      const left = v.etaSeconds === null ? '' : `, ${wholeSeconds(v.etaSeconds)} left`;
      const top = v.reasons[0]
        ? `; most dropped by ${safeText(v.reasons[0].rule)} (${count(v.reasons[0].dropped)})`
        : '';
      say(
        `${duration(v.seconds)}: ${Math.floor(v.share * 100)} %, ` +
          `${plural(v.documents, 'document')}${kept}${rate}${left}${top}`,
      );
    },
    note: say,
    close: () => {},
  };
}

const JSON_EVERY_SECONDS = 1;

/** One JSON object per line on standard output; see `run --help` for the shapes. */
export function jsonReporter({ limit }: ReporterOptions): Reporter {
  const toView = progressViews(limit);
  let last = Number.NEGATIVE_INFINITY;
  const print = (event: string, rest: object): void =>
    void process.stdout.write(`${safeJson(JSON.stringify({ event, time: new Date().toISOString(), ...rest }))}\n`);
  return {
    event(event) {
      if (event.type === 'progress') {
        const v = toView(event);
        if (v.seconds - last < JSON_EVERY_SECONDS && v.share < 1) return;
        last = v.seconds;
        const { read, created, kept, dropped, quarantined } = event.counters;
        print('progress', {
          phase: event.phase,
          phaseNumber: event.phaseNumber,
          phases: event.phases,
          splitsDone: event.splitsDone,
          splits: event.splits,
          share: v.share,
          documents: {
            read: read.documents,
            created: created.documents,
            kept: kept.documents,
            dropped: dropped.documents,
            quarantined: quarantined.documents ?? quarantined.records,
          },
          textBytes: v.textBytes,
          megabytesPerSecond: v.megabytesPerSecond,
          etaSeconds: v.etaSeconds,
          memoryBytes: v.memoryBytes,
          seconds: v.seconds,
          topReasons: v.reasons.map(({ step, rule, dropped }) => ({ step, rule, dropped })),
        });
      } else if (event.type === 'finished') {
        const { run, already, result } = event;
        print('finished', { run, already, seconds: result.seconds, totals: result.totals });
      } else {
        const { type, ...rest } = event;
        print(type, rest);
      }
    },
    note: () => {},
    close: () => {},
  };
}
