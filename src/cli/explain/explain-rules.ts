import type { RuleDecision, StepDecision } from '../../ledger/decisions.ts';
import { displayWidth, safeText } from '../../safe-text.ts';
import { exact, short } from '../terminal/format.ts';
import { paintedWidth, type TableColumnSpec, type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';

/** How the rules of a step judged a document: the failed ones as a table, with `all` every one. */
export function judgedLines(
  terminal: Terminal,
  step: StepDecision,
  head: (text: string) => string,
  all: boolean,
): string[] {
  const { style, width } = terminal;
  const failed = step.rules.filter((r) => r.wouldFail);
  const missing = step.rules.filter((r) => r.wouldFail === null);
  const passed = step.rules.filter((r) => r.wouldFail === false);
  const reached = step.state !== 'not reached';
  if (!reached && failed.length + passed.length === 0) return [head(style.dim('not reached'))];
  const parts = [
    failed.length > 0 ? (reached ? style.red(`${failed.length} failed`) : `${failed.length} would fail`) : '',
    passed.length > 0 ? `${passed.length} ${reached ? 'passed' : 'would pass'}` : '',
    missing.length > 0 ? `${missing.length} not judged (no value)` : '',
  ].filter(Boolean);
  const lines = [head(`${reached ? '' : style.dim('not reached: ')}${parts.join(', ')}`)];
  const table = (rules: readonly RuleDecision[]): string[] => {
    const rows = rules.map((r) => ruleRow(terminal, r, reached));
    const columns: TableColumnSpec[] = [{}, {}, {}, { align: 'right' }, {}];
    const wide = tableLines(columns, rows, INDENT);
    const fits = wide.every((line) => paintedWidth(line) <= width);
    // Too wide: what would have kept it goes on the next line.
    const lines = fits ? wide : tableLines(columns.slice(0, 4), rows, INDENT);
    return lines.flatMap((line, k) => [
      line,
      ...severalLines(terminal, rules[k]),
      ...(fits || rows[k][4] === '' ? [] : [DEEPER + rows[k][4]]),
    ]);
  };
  if (all) return [...lines, ...table(step.rules)];
  const brief = reached
    ? [...passed, ...missing].map((r) => `${r.wouldFail === null ? '–' : '✓'} ${conditionPassed(r)}`)
    : [];
  return [...lines, ...table(failed), ...grid(brief, width - 6).map((l) => style.dim(l))];
}

/** Short texts side by side, as many in a line as fit. */
function grid(texts: readonly string[], width: number): string[] {
  const widest = Math.max(0, ...texts.map(displayWidth));
  const columns = Math.max(1, Math.floor((width + 2) / (widest + 2)));
  const rows = Array.from({ length: Math.ceil(texts.length / columns) }, (_, i) =>
    texts.slice(i * columns, (i + 1) * columns),
  );
  return tableLines(
    Array.from({ length: columns }, () => ({})),
    rows,
    '      ',
  );
}

const INDENT = '      ';
const DEEPER = `${INDENT}   `;

const opposite: Readonly<Record<RuleDecision['comparison'], string>> = {
  '<': '≥',
  '<=': '>',
  '>': '≤',
  '>=': '<',
  '==': '≠',
  '!=': '=',
};

/** A rule that let the document pass, in few words: `gopher_max_words@1 5 ≤ 100,000`. */
const conditionPassed = (r: RuleDecision): string =>
  safeText(
    `${r.rule}@${r.version} ` +
      (r.comparisons
        ? valuesOf(r.comparisons)
        : r.value === null
          ? 'null'
          : `${short(r.value)} ${opposite[r.comparison]} ${short(r.threshold)}`),
  );

/** What was measured of each column of a rule of several comparisons. */
const valuesOf = (comparisons: NonNullable<RuleDecision['comparisons']>): string =>
  [...new Set(comparisons.map((c) => `${c.column} ${c.value === null ? 'null' : short(c.value)}`))].join(', ');

const ANSWERS = new Map([
  [true, 'holds'],
  [false, 'does not hold'],
  [null, 'open'],
]);

/** Of a rule of several comparisons: when it drops, which of them held, and what would have kept the document. */
function severalLines({ style, width }: Terminal, r: RuleDecision): string[] {
  if (r.comparisons === undefined) return [];
  const said = r.comparisons.map(({ column, value, comparison, threshold }) => [
    style.dim(safeText(column)),
    `${value === null ? 'null' : short(value)} ${comparison} ${short(threshold)}`,
  ]);
  const rows = r.comparisons.map(({ holds }, i) => [...said[i], ANSWERS.get(holds) ?? '']);
  const rescues = r.shadow ? [] : (r.rescues ?? []);
  const changes = rescues.map((c) => `${safeText(c.option)} ${c.comparison} ${exact(c.bound)}`).join(' and ');
  return [
    ...wrapped(`drops where ${safeText(r.condition ?? '')}`, width, DEEPER).map(style.dim),
    ...tableLines([{}, {}, {}], rows, DEEPER),
    ...(changes === '' ? [] : wrapped(`would be kept with ${changes}`, width, DEEPER)),
  ];
}

function ruleRow({ style }: Terminal, r: RuleDecision, reached: boolean): string[] {
  const mark =
    r.wouldFail === null
      ? style.dim('–')
      : r.wouldFail
        ? reached
          ? style.red('✗')
          : style.dim('✗')
        : style.green('✓');
  const name = safeText(`${r.rule}@${r.version}${r.shadow ? ' (shadow)' : ''}`);
  if (r.comparisons) return [mark, name, '', '', ''];
  const condition = `${r.value === null ? 'null' : short(r.value)} ${r.comparison} ${short(r.threshold)}`;
  return [mark, name, style.dim(safeText(r.column)), condition, rescueText(r)];
}

/** `would be kept with min_words <= 37`; a switch of its step is turned off. */
function rescueText(r: RuleDecision): string {
  if (!r.rescue || r.shadow) return '';
  if (r.setting?.endsWith('=false')) return `would be kept with ${safeText(r.option)}=false`;
  return `would be kept with ${safeText(r.option)} ${r.rescue.comparison} ${exact(r.rescue.bound)}`;
}
