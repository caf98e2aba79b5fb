import { MultiBar } from 'cli-progress';
import { LiveRun } from '../../run/live/live-run.ts';
import { clipped, safeText } from '../../safe-text.ts';
import { count, duration, percent, plural, size } from '../terminal/format.ts';
import { styleFor } from '../terminal/terminal.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { type ProgressView, progressViews, wholeSeconds } from './run-view.ts';

const REASONS = 3;
const BAR = 24;

/** Bars, figures and the commonest reasons, on lines that are drawn again and again. */
export function barReporter({ name, limit }: ReporterOptions): Reporter {
  const style = styleFor(process.stderr);
  const toView = progressViews(limit);
  let view: ProgressView | null = null;
  const live = new LiveRun(limit);
  let bottleneck = '';
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
    multi.create(
      1,
      0,
      {},
      line((_, w) => style.dim(clipped(`  ${safeText(bottleneck)}`, w))),
    );
    return multi;
  };
  const close = (): void => {
    bars?.stop();
    bars = null;
  };
  return {
    event(event) {
      live.take(event);
      if (event.type !== 'progress') return;
      view = toView(event);
      bottleneck = live.state()?.bottleneck?.sentence ?? '';
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
  const kept = v.keptShare === null ? '' : ` · ${percent(v.keptShare, 1)} ${v.keptWord} so far`;
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
