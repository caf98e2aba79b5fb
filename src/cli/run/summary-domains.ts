import { safeText } from '../../safe-text.ts';
import type { Counters, DomainCounters } from '../../streams/commits/counters.ts';
import { count, percent, rough, size } from '../terminal/format.ts';
import { type Terminal, tableLines } from '../terminal/terminal.ts';

const DOMAINS = 12;

/** Tokens of all that was read are known for judged documents only; the others count at the same bytes per token. */
function tokensIn(amount: { bytes: number; tokens: number }, kept: { bytes: number; tokens: number }): number {
  return kept.tokens > 0 ? (amount.bytes * kept.tokens) / kept.bytes : amount.bytes / 4;
}

/** The table of domains: what was read and kept of each. Its rows add up to the last one. */
export function domainLines(terminal: Terminal, t: Counters): string[] {
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
  // Of a record that cannot be read nobody knows the domain.
  const nowhere = t.read.documents - domains.reduce((n, [, d]) => n + d.read.documents, 0);
  if (nowhere > 0) rows.push(['(quarantine)', count(nowhere), '0', '0 %', ...Array(4).fill('–')]);
  if (rows.length !== 1 || nowhere > 0)
    rows.push(row('all', { read: t.read, kept: t.kept, dropped: t.dropped }, style.bold));
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
