import { safeJson, safeText } from '../../safe-text.ts';
import { count, duration, percent, plural, size } from '../terminal/format.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { progressViews, wholeSeconds } from './run-view.ts';

/**
 * Bars on a terminal, else a line every few seconds; both on standard error, so that standard output has the summary
 * only.
 */
export async function peopleReporter(options: ReporterOptions): Promise<Reporter> {
  // What draws the bars is loaded where there is a terminal to draw them on.
  return process.stderr.isTTY ? (await import('./bar-reporter.ts')).barReporter(options) : lineReporter(options);
}

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
      const kept = v.keptShare === null ? '' : `, ${percent(v.keptShare, 1)} ${v.keptWord}`;
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
  const print = (type: string, rest: object): void =>
    void process.stdout.write(`${safeJson(JSON.stringify({ type, time: new Date().toISOString(), ...rest }))}\n`);
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
      } else if (event.type === 'recorded') {
        // Of events.jsonl, which is there to be read.
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
