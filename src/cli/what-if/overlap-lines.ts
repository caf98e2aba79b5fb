import type { RuleOverlap } from '../../ledger/what-if/overlap.ts';
import { safeText } from '../../safe-text.ts';
import { count, percent } from '../terminal/format.ts';
import { type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';

/** Which rules fail the same documents. */
export function overlapLines({ style, width }: Terminal, rules: readonly RuleOverlap[]): string[] {
  const failing = rules.filter((r) => r.failed > 0);
  const rows = failing.map((r) => {
    const others = r.shared.map((n, k) => ({ n, k })).filter(({ k }) => rules[k] !== r);
    const [most] = others.sort((a, b) => b.n - a.n || a.k - b.k);
    const also = most && most.n > 0 ? `${percent(most.n, r.failed)} ${safeText(rules[most.k].rule)}` : '';
    return [safeText(r.step), safeText(r.rule), ...[r.failed, r.first, r.alone].map((n) => count(n)), also];
  });
  const right = 'right' as const;
  const table = tableLines(
    [
      { title: 'step', max: 20 },
      { title: 'rule' },
      { title: 'fails', align: right },
      { title: 'first', align: right },
      { title: 'alone', align: right },
      { title: 'of these also fail' },
    ],
    rows,
  );
  const about =
    'fails: documents over the threshold, of those whose value is in the ledger; first: the rule that the ledger ' +
    'names; alone: no other known rule fails them, so without this rule they would pass.';
  const redundant = failing.filter((r) => r.alone === 0).map((r) => safeText(r.rule));
  return [
    '',
    ...table.map((line, i) => (i === 0 ? style.dim(line) : line)),
    ...wrapped(about, width).map(style.dim),
    ...(redundant.length > 0 ? wrapped(`Redundant here: ${redundant.join(', ')}.`, width) : []),
    ...(rules.length > failing.length
      ? wrapped(
          `Fail nothing: ${rules
            .filter((r) => r.failed === 0)
            .map((r) => safeText(r.rule))
            .join(', ')}.`,
          width,
        )
      : []),
  ];
}
