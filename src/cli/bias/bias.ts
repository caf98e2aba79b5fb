import { ConfigError } from '../../errors.ts';
import { groupingsOf, type RuleBias, ruleBias } from '../../ledger/bias/bias-data.ts';
import { type BiasShift, biasShift, type ClassErrors } from '../../ledger/bias/cev-sde.ts';
import { openRunDatabase, rowsOf } from '../../ledger/database.ts';
import { type NamedSource, namedSource } from '../../ledger/named-source.ts';
import { openRunFolder, type RunFolder, shownRun } from '../../ledger/run-folder.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { refuseUndecided } from '../nodes/so-far.ts';
import { count, percent, short } from '../terminal/format.ts';
import { standardOutput, type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';

const options = {
  rules: { value: 'N', help: 'So many of the rules that drop most, beside all together. Default 3.' },
  reference: { value: 'RUN', help: 'Another run over the same documents, for CEV and SDE; with --labels.' },
  labels: { value: 'FILE', help: 'A table with the columns id and keep (true, false): what should stay.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('bias', args, options, ['run-dir']);
  const most = wholeNumber(values.rules, '--rules', 0) ?? 3;
  if ((values.reference === undefined) !== (values.labels === undefined))
    throw new ConfigError({
      expected: '--reference and --labels together',
      got: values.labels === undefined ? 'only --reference' : 'only --labels',
      where: 'sluice bias',
      fix: 'CEV and SDE compare the errors of two runs, so they need what is right.',
    });
  const folder = await openRunFolder(positionals[0]);
  refuseUndecided(folder, 'bias');
  const db = await openRunDatabase(folder);
  let found: RuleBias[];
  try {
    found = await ruleBias(db, groupingsOf(folder.run.schema.annotations), most);
  } finally {
    db.close();
  }
  const shift = values.reference ? await shiftOf(folder, values.reference, values.labels!) : null;
  const terminal = standardOutput();
  if (values.json) terminal.out(safeJson(JSON.stringify({ run: shownRun(folder), bias: found, shift }, null, 2)));
  else for (const line of [...biasLines(terminal, found), ...shiftLines(terminal, shift)]) terminal.out(line);
  return 0;
}

interface Shift extends BiasShift {
  readonly domains: readonly string[];
}

/** CEV and SDE over domains. */
async function shiftOf(folder: RunFolder, reference: string, labels: string): Promise<Shift> {
  const more: NamedSource[] = [await namedSource('reference', reference, []), await namedSource('labels', labels, [])];
  const db = await openRunDatabase(folder, more);
  try {
    const of = async (within: string): Promise<Map<string, ClassErrors>> => {
      const rows = await rowsOf(
        db,
        "SELECT coalesce(domain, '') AS domain, count(*) FILTER (keep) AS good, " +
          "count(*) FILTER (keep AND outcome = 'dropped') AS gone, count(*) FILTER (NOT keep) AS bad, " +
          "count(*) FILTER (NOT keep AND outcome = 'kept') AS stays FROM " +
          `${within}ledger JOIN (SELECT CAST(id AS VARCHAR) AS id, CAST(keep AS BOOLEAN) AS keep FROM labels) ` +
          'USING (id) GROUP BY ALL ORDER BY domain',
      );
      return new Map(
        rows.map((r) => [
          String(r.domain),
          { good: Number(r.good), goodDropped: Number(r.gone), bad: Number(r.bad), badKept: Number(r.stays) },
        ]),
      );
    };
    const [own, other] = [await of(''), await of('reference.')];
    const domains = [...own.keys()].filter((d) => other.has(d));
    if (domains.length === 0)
      throw new ConfigError({ expected: 'labels of documents that both runs have', got: 'none', where: '--labels' });
    return {
      domains,
      ...biasShift(
        domains.map((d) => other.get(d)!),
        domains.map((d) => own.get(d)!),
      ),
    };
  } finally {
    db.close();
  }
}

function biasLines({ style, width }: Terminal, found: readonly RuleBias[]): string[] {
  const right = 'right' as const;
  const lines: string[] = [];
  for (const b of found) {
    const name = b.rule === null ? 'All rules' : safeText(`${b.step}.${b.rule}`);
    lines.push(`${style.bold(name)} by ${b.by}: ${percent(b.dropped, b.documents)} of all`);
    const rows = b.groups.map((g) => [
      safeText(g.group) || '(none)',
      count(g.documents),
      percent(g.dropped, g.documents),
      `${(100 * g.low).toFixed(1)} to ${(100 * g.high).toFixed(1)} %`,
      `${short(Number(g.ratio.toPrecision(3)))} times`,
      g.few ? style.dim('too few to tell') : '',
    ]);
    lines.push(
      ...tableLines([{ max: 28 }, { align: right }, { align: right }, { align: right }, { align: right }, {}], rows),
    );
    lines.push('');
  }
  const about =
    'Share of the group that is dropped, its 95 % interval (Wilson), and the ratio to the share of all. Fewer than ' +
    '30 documents are too few to tell; where there are many years, they are put together by decade.';
  return [...lines, ...wrapped(about, width).map(style.dim)];
}

function shiftLines({ style }: Terminal, shift: Shift | null): string[] {
  if (shift === null) return [];
  const rows = shift.classes.map((c, i) => [
    safeText(shift.domains[i]) || '(none)',
    signed(c.falsePositives),
    signed(c.falseNegatives),
  ]);
  const right = 'right' as const;
  return [
    '',
    `${style.bold('Against the reference')}: CEV ${short(shift.cev)}, SDE ${short(shift.sde)}` +
      (shift.smoothed ? ' (half a document added to every count, as some are 0)' : ''),
    ...tableLines(
      [{ title: 'domain' }, { title: 'good dropped', align: right }, { title: 'bad kept', align: right }],
      rows,
    ),
  ];
}

const signed = (x: number): string => `${x >= 0 ? '+' : '-'}${(100 * Math.abs(x)).toFixed(1)} %`;

export const bias: Command = {
  help: {
    usage: '<run-dir> [options]',
    about:
      'Which domains, lengths, languages and years the rules of a run hit harder: the share of each group that is ' +
      'dropped, with its interval. Language and year where the ledger has a column of them. With --reference and ' +
      '--labels also CEV and SDE: how the errors of the domains change against another run.',
    options,
    examples: [
      ['sluice bias sluice-out/quickstart', 'all rules and the three that drop most'],
      ['sluice bias strict --reference loose --labels labels.csv', 'how the errors shift from one run to another'],
    ],
  },
  run,
};
