import { tokensCame, tokensWritten, writtenBytes } from '../../ledger/token-estimate.ts';
import { safeText } from '../../safe-text.ts';
import { type Amount, type Counters, cameIn, createdIn, type DomainCounters } from '../../streams/commits/counters.ts';
import { count, percent, rough, size } from '../terminal/format.ts';
import { type Terminal, tableLines } from '../terminal/terminal.ts';

const DOMAINS = 12;

/**
 * The table of domains: what was read of each, or created, and what was written. Documents and text add up to the last
 * row; so do tokens. These are those of the ledger: of documents that a step dropped before one measured it has none.
 * @param counted whether a step of the recipe counted the tokens of what is kept
 */
export function domainLines(terminal: Terminal, t: Counters, counted: boolean): string[] {
  const { style } = terminal;
  const creates = createdIn(t).documents > 0;
  const ofCreated = (text: string): string[] => (creates ? [text] : []);
  const row = (name: string, d: DomainCounters, paint = (s: string): string => s): string[] => [
    paint(name),
    count(d.read.documents),
    ...ofCreated(count(createdIn(d).documents)),
    paint(count(d.kept.documents)),
    percent(d.kept.documents, cameIn(d).documents),
    size(cameIn(d).bytes),
    size(writtenBytes(d)),
    rough(tokensCame(cameIn(d))),
    counted ? count(d.kept.tokens) : rough(tokensWritten(d)),
  ];
  const domains = Object.entries(t.domains).sort(
    (a, b) => cameIn(b[1]).bytes - cameIn(a[1]).bytes || (a[0] < b[0] ? -1 : 1),
  );
  const shown = domains.length > DOMAINS ? domains.slice(0, DOMAINS - 1) : domains;
  const rows = shown.map(([name, d]) => row(safeText(name) || '(none)', d));
  if (domains.length > shown.length) {
    const rest = domains.slice(shown.length).map(([, d]) => d);
    rows.push(row(`${rest.length} more`, rest.reduce(sumDomains)));
  }
  // Of a record that cannot be read nobody knows the domain.
  const nowhere = t.read.documents - domains.reduce((n, [, d]) => n + d.read.documents, 0);
  if (nowhere > 0) rows.push(['(quarantine)', count(nowhere), ...ofCreated('0'), '0', '0 %', ...Array(4).fill('–')]);
  if (rows.length !== 1 || nowhere > 0)
    rows.push(
      row(
        'all',
        { read: t.read, created: t.created, kept: t.kept, dropped: t.dropped, cutBytes: t.cutBytes - t.addedBytes },
        style.bold,
      ),
    );
  const right = 'right' as const;
  return tableLines(
    [
      { title: 'domain', max: 22 },
      { title: 'documents', align: right },
      ...ofCreated('created').map((title) => ({ title, align: right })),
      { title: '→ kept', align: right },
      { title: '', align: right },
      { title: 'text', align: right },
      { title: '→ kept', align: right },
      { title: '≈ tokens', align: right },
      { title: counted ? '→ kept, exact' : '→ kept', align: right },
    ],
    rows,
  ).map((line, i) => (i === 0 ? style.dim(line) : line));
}

function sumDomains(a: DomainCounters, b: DomainCounters): DomainCounters {
  const add = (k: Amount, l: Amount): Amount => ({
    documents: k.documents + l.documents,
    bytes: k.bytes + l.bytes,
    tokens: k.tokens + l.tokens,
  });
  return {
    read: add(a.read, b.read),
    created: add(createdIn(a), createdIn(b)),
    kept: add(a.kept, b.kept),
    dropped: add(a.dropped, b.dropped),
    cutBytes: (a.cutBytes ?? 0) + (b.cutBytes ?? 0),
  };
}
