import { ConfigError } from '../../errors.ts';
import { diffRuns, JOINS, type Join, type RunDiff } from '../../ledger/diff/diff-data.ts';
import { openRunFolder, shownRun } from '../../ledger/run-folder.ts';
import { clipped, safeExcerpt, safeJson, safeText } from '../../safe-text.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { warnSoFar } from '../nodes/so-far.ts';
import { count, plural, rough, short } from '../terminal/format.ts';
import { standardOutput, type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';

const options = {
  by: {
    value: 'KEY',
    help: 'Which documents are the same: position, id or text. Default: position over the same input, else id.',
  },
  examples: { value: 'N', help: 'Documents to list of those lost and of those saved. Default 5.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

const MOVED = 12;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('diff', args, options, ['run-dir', 'other-run-dir']);
  const by = (values.by ?? null) as Join | null;
  if (by !== null && !JOINS.includes(by))
    throw new ConfigError({ expected: JOINS.join(', '), got: `'${by}'`, where: '--by' });
  const most = wholeNumber(values.examples, '--examples', 0) ?? 5;
  const [a, b] = [await openRunFolder(positionals[0]), await openRunFolder(positionals[1])];
  for (const side of [a, b]) warnSoFar(side);
  const found = await diffRuns(a, b, by, most);
  const terminal = standardOutput();
  if (values.json) terminal.out(safeJson(JSON.stringify({ a: shownRun(a), b: shownRun(b), ...found }, null, 2)));
  else for (const line of diffLines(terminal, found)) terminal.out(line);
  return 0;
}

function diffLines(terminal: Terminal, d: RunDiff): string[] {
  const { style, width } = terminal;
  const value = (v: unknown): string => clipped(safeText(v === null ? 'absent' : JSON.stringify(v)), 60);
  const recipe =
    d.recipe.length === 0
      ? ['The same recipe, versions and input.']
      : d.recipe.map((c) => `  ${style.bold(safeText(c.path))}  ${value(c.a)} → ${value(c.b)}`);
  const right = 'right' as const;
  const rows = d.domains.map((x) => [
    safeText(x.domain) || '(none)',
    count(x.a.documents),
    count(x.b.documents),
    signed(x.b.documents - x.a.documents),
    rough(x.a.tokensEstimate),
    rough(x.b.tokensEstimate),
  ]);
  const titles = ['kept', '→', '', '≈ tokens', '→'].map((title) => ({ title, align: right }));
  const { both, onlyA, onlyB, repeated } = d.found;
  const others = [
    onlyA > 0 ? `${count(onlyA)} only in the first` : '',
    onlyB > 0 ? `${count(onlyB)} only in the second` : '',
    repeated > 0 ? `${count(repeated)} not compared, as their ${d.by} repeats` : '',
  ].filter(Boolean);
  const lines = [
    style.bold('Recipe'),
    ...recipe,
    '',
    ...tableLines([{ title: 'domain', max: 24 }, ...titles], rows),
    '',
    ...wrapped(`${plural(both, 'document')} in both, by ${d.by}${others.map((o) => `; ${o}`).join('')}.`, width),
  ];
  for (const side of ['lost', 'saved'] as const) {
    const moved = d.moved.filter((m) => m.side === side);
    const total = moved.reduce((n, m) => n + m.documents, 0);
    const what = side === 'lost' ? 'Kept by the first, not by the second' : 'Kept by the second, not by the first';
    lines.push('', `${style.bold(what)}: ${count(total)}`);
    const by = moved
      .slice(0, MOVED)
      .map((m) => [count(m.documents), safeText(m.domain), safeText(`${m.step ?? ''}.${m.rule ?? ''}`)]);
    lines.push(...tableLines([{ align: right }, { max: 24 }, {}], by));
    if (moved.length > MOVED) lines.push(style.dim(`  and ${moved.length - MOVED} more of domain and rule`));
    for (const e of d.examples.filter((x) => x.side === side)) {
      const why =
        e.value === null ? '' : ` (${short(e.value)}${e.threshold === null ? '' : `, ${short(e.threshold)}`})`;
      const head = `${clipped(safeText(e.id ?? ''), 28)} ${safeText(e.rule ?? '')}${why}: `;
      lines.push(style.dim(clipped(`    e.g. ${head}“${safeExcerpt(e.excerpt)}”`, width)));
    }
  }
  return lines;
}

const signed = (n: number): string => (n === 0 ? '' : n > 0 ? `+${count(n)}` : `-${count(-n)}`);

export const diff: Command = {
  help: {
    usage: '<run-dir> <other-run-dir> [options]',
    about:
      'Compares two runs: what differs in recipe, versions and input, what each keeps per domain, and which ' +
      'documents changed sides, by domain and by the rule that drops them, with examples.',
    options,
    examples: [
      ['sluice diff sluice-out/quickstart sluice-out/quickstart-recut', 'before and after a change of thresholds'],
      ['sluice diff out-monday out-friday --by id', 'over two states of an input'],
    ],
  },
  run,
};
