import type { LiveState } from './state.ts';

type Labels = Readonly<Record<string, string>>;
type Value = readonly [labels: Labels, value: number];

/** The state as Prometheus text; names begin with `sluice_run_`, amounts of text are in bytes, times in seconds. */
export function metricsText(state: LiveState): string {
  const { totals: t, quarantine: q, progress, places, sample, run } = state;
  const lines: string[] = [];
  const counted = run.annotations.includes('tokens');
  const metric = (name: string, type: 'counter' | 'gauge', help: string, values: readonly Value[]): void => {
    if (values.length === 0) return;
    lines.push(`# HELP sluice_run_${name} ${help}`, `# TYPE sluice_run_${name} ${type}`);
    for (const [labels, value] of values) lines.push(`sluice_run_${name}${labelText(labels)} ${value}`);
  };
  const outcomes = { read: t.read, created: t.created, kept: t.kept, dropped: t.dropped };
  const by = (of: 'documents' | 'bytes' | 'tokens'): Value[] =>
    Object.entries(outcomes).map(([outcome, a]) => [{ outcome }, a[of]]);
  metric('info', 'gauge', 'The run.', [[{ name: run.name, status: run.status, sluice: run.sluice }, 1]]);
  metric('documents_total', 'counter', 'Documents.', [...by('documents'), [{ outcome: 'quarantined' }, q.documents]]);
  metric('text_bytes_total', 'counter', 'Bytes of text, as it was read.', by('bytes'));
  metric(
    'tokens_total',
    'counter',
    `Tokens, ${counted ? 'counted' : 'estimated'} by the recipe; 0 where it does neither.`,
    by('tokens'),
  );
  metric(
    'domain_documents_total',
    'counter',
    'Documents by domain; the smallest together.',
    state.domains.flatMap((d): Value[] => [
      [{ domain: d.domain, outcome: 'read' }, d.read.documents],
      [{ domain: d.domain, outcome: 'kept' }, d.kept.documents],
      [{ domain: d.domain, outcome: 'dropped' }, d.dropped.documents],
    ]),
  );
  metric(
    'rule_dropped_total',
    'counter',
    'Documents for which the rule was the first to fail.',
    state.rules.map((r): Value => [{ step: r.step, rule: r.rule }, r.dropped]),
  );
  metric(
    'place_seconds_total',
    'counter',
    'Time of threads at reading, each step, and writing.',
    places.map((p): Value => [{ place: p.place, phase: String(p.phase) }, p.seconds]),
  );
  metric('idle_seconds_total', 'counter', 'Time of threads without work.', [[{}, state.idle.seconds]]);
  metric('quarantined_total', 'counter', 'Documents in quarantine by reason.', reasons(q.byReason));
  metric('alerts', 'gauge', 'Alerts raised.', [[{}, state.alerts.length]]);
  if (progress) {
    metric('share_done', 'gauge', 'Share of the work that is done.', [[{}, progress.share]]);
    metric('splits_done', 'gauge', 'Splits of the phase in work that are committed.', [[{}, progress.splitsDone]]);
    if (progress.bytesPerSecond !== null)
      metric('text_bytes_per_second', 'gauge', 'Text through all steps, of late.', [[{}, progress.bytesPerSecond]]);
  }
  if (sample) metric('memory_bytes', 'gauge', 'Resident memory of the process.', [[{}, sample.memoryBytes]]);
  return `${lines.join('\n')}\n`;
}

const reasons = (byReason: Readonly<Record<string, number>>): Value[] =>
  Object.entries(byReason).map(([reason, n]) => [{ reason }, n]);

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([k, v]) => `${k}="${v.replace(/[\\"\n]/g, escaped)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escaped = (c: string): string => (c === '\n' ? '\\n' : `\\${c}`);
