import type { LiveState } from '../../ledger/live/state.ts';
import { clipped, safeText } from '../../safe-text.ts';
import { count, percent } from './format.ts';
import { type Style, tableLines } from './terminal.ts';

const BAR = 16;

/**
 * The funnel of a run as the live page shows it, in 80 columns: what comes through each step, what it drops, and how
 * the time of the threads is divided (`#` at work, `.` waiting for input, `-` held back by what follows).
 */
export function funnelLines(state: LiveState, style: Style): string[] {
  const { totals: t, quarantine, places, steps, bottleneck } = state;
  const all = t.read.documents + t.created.documents;
  const at = bottleneck?.place;
  const shares = (name: string): string => timeBar(places.find((p) => p.place === name)?.shares ?? null);
  const row = (name: string, documents: number, dropped: number, time: string, place: string): string[] => [
    place === at ? style.yellow(clipped(safeText(name), 22)) : clipped(safeText(name), 22),
    count(documents),
    dropped > 0 ? style.red(`-${count(dropped)}`) : '',
    all > 0 ? percent(documents, all) : '',
    time,
  ];
  const rows = [
    row('read', all, quarantine.documents, shares('read'), 'read'),
    ...steps.map((s) =>
      row(s.step, Math.max(0, s.came.documents - s.dropped.documents), s.dropped.documents, timeBar(s.shares), s.step),
    ),
    row('kept', t.kept.documents, 0, shares('write'), 'write'),
  ];
  const columns = [
    {},
    { title: 'documents', align: 'right' as const },
    { title: 'dropped', align: 'right' as const },
    { title: 'of read', align: 'right' as const },
    { title: 'time of threads' },
  ];
  return [
    ...tableLines(columns, rows),
    style.dim('  # at work  . waiting for input  - held back by what follows'),
    ...(bottleneck ? ['', `  ${safeText(bottleneck.sentence)}`] : []),
    ...state.alerts.slice(-3).map((a) => `  ${style.yellow('alert')}  ${safeText(a.sentence)}`),
  ];
}

function timeBar(
  shares: { readonly busy: number; readonly waiting: number; readonly heldBack: number } | null,
): string {
  if (shares === null) return '';
  const busy = Math.round(BAR * shares.busy);
  const held = Math.round(BAR * shares.heldBack);
  const waiting = Math.max(0, BAR - busy - held);
  return `${'#'.repeat(busy)}${'.'.repeat(waiting)}${'-'.repeat(held)}`.slice(0, BAR);
}
