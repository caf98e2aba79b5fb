import { ConfigError, nearestName } from '../../errors.ts';
import { openRunDatabase } from '../../ledger/database.ts';
import { type ListedDocument, sampleDocuments, wholeText } from '../../ledger/documents-data.ts';
import type { OriginalText } from '../../ledger/original-text.ts';
import { openRunFolder, type RunFolder, shownRun } from '../../ledger/run-folder.ts';
import { safeExcerpt, safeJson, safeText } from '../../safe-text.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { warnSoFar } from '../nodes/so-far.ts';
import { count, plural, short } from '../terminal/format.ts';
import { standardOutput, type Terminal, wrapped } from '../terminal/terminal.ts';
import { textLines } from './text-lines.ts';

const options = {
  rule: {
    value: 'RULE',
    help: 'Documents that this rule dropped, or a shadow rule would drop: its name, or step.rule.',
  },
  where: { value: 'SQL', help: "A condition on the ledger, for example \"outcome = 'kept' AND domain = 'web'\"." },
  n: { value: 'N', help: 'How many, also as -n N. Default 20.' },
  seed: { value: 'N', help: 'Another sample. Default 0.' },
  text: { help: 'The whole texts, re-read from the input by position. Default: the first 240 bytes.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('sample', args, options, ['run-dir']);
  const most = wholeNumber(values.n, '-n') ?? 20;
  const seed = wholeNumber(values.seed, '--seed', 0) ?? 0;
  if (values.rule !== undefined && values.where !== undefined)
    throw new ConfigError({ expected: '--rule or --where', got: 'both', where: 'sluice sample' });
  const folder = await openRunFolder(positionals[0]);
  warnSoFar(folder);
  const { where, parameters, said } = values.rule
    ? ofRule(folder, values.rule)
    : { where: values.where ?? "outcome = 'dropped'", parameters: [], said: '' };
  const db = await openRunDatabase(folder);
  try {
    const { total, documents } = await sampleDocuments(db, where, { most, seed, values: parameters });
    const terminal = standardOutput();
    const texts: (OriginalText | null)[] = [];
    for (const d of documents) texts.push(values.text ? await wholeText(folder, d) : null);
    if (values.json) {
      const listed = documents.map((d, i) => ({ ...d, ...texts[i] }));
      terminal.out(safeJson(JSON.stringify({ run: shownRun(folder), where, seed, total, documents: listed }, null, 2)));
      return 0;
    }
    terminal.out(
      `${count(documents.length)} of ${plural(total, 'document')}${said}` +
        (total > documents.length ? ', drawn by a hash of position and seed' : ''),
    );
    documents.forEach((d, i) => {
      for (const line of documentLines(terminal, d, texts[i])) terminal.out(line);
    });
  } finally {
    db.close();
  }
  return 0;
}

interface Drawn {
  /** A condition on the ledger, with its parameters. */
  readonly where: string;
  readonly parameters: string[];
  /** What the documents are, where it is not their outcome. */
  readonly said: string;
}

/** Of a shadow rule those that it would drop and that the run kept. */
const WOULD_DROP =
  "outcome = 'kept' AND EXISTS (FROM shadow_rules AS s WHERE s.file = ledger.file AND s.block = ledger.block AND " +
  's."offset" = ledger."offset" AND s."row" = ledger."row" AND s.derived IS NOT DISTINCT FROM ledger.derived AND ';

function ofRule({ steps }: RunFolder, wanted: string): Drawn {
  const all = steps.flatMap((s) => s.rules.map((r) => ({ step: s.step, rule: r.name, shadow: r.shadow === true })));
  const found = all.filter((r) => r.rule === wanted || `${r.step}.${r.rule}` === wanted);
  if (found.length > 0) {
    const byName = found.some((r) => r.rule === wanted);
    const parameters = byName ? [wanted] : [found[0].step, found[0].rule];
    if (!found.every((r) => r.shadow))
      return { where: `outcome = 'dropped' AND ${byName ? '' : 'step = ? AND '}rule = ?`, parameters, said: '' };
    const said = ` that the shadow rule ${safeText(wanted)} would drop and the run kept`;
    return { where: `${WOULD_DROP}${byName ? '' : 's.step = ? AND '}s.rule = ?)`, parameters, said };
  }
  const names = [...new Set(all.map((r) => r.rule))];
  const near = nearestName(wanted, names);
  throw new ConfigError({
    expected: `a rule of the run (${names.join(', ') || 'there is none'})`,
    got: wanted,
    where: '--rule',
    fix: near ? `Did you mean ${near}?` : undefined,
  });
}

function documentLines(terminal: Terminal, d: ListedDocument, text: OriginalText | null): string[] {
  const { style, width } = terminal;
  const value =
    d.value === null ? '' : ` (${short(d.value)}${d.threshold === null ? '' : ` against ${short(d.threshold)}`})`;
  const by = d.rule === null ? '' : ` by ${safeText(`${d.step}.${d.rule}`)}${value}`;
  const domain = d.domain === null ? '' : ` · ${safeText(d.domain)}`;
  const head = `${style.bold(safeText(d.id ?? d.position))}${domain} · ${d.outcome}${by}`;
  if (text !== null) return ['', head, ...textLines(terminal, text, d.excerpt)];
  return ['', head, ...wrapped(safeExcerpt(d.excerpt), width, '  ')];
}

export const sample: Command = {
  help: {
    usage: '<run-dir> [options]',
    about:
      'Some documents of a run to read: dropped ones unless told otherwise, those of a rule, or those of any ' +
      'condition on the ledger. The same seed draws the same documents. --text reads the whole texts again from the ' +
      'input and says so where the input is no longer what it was.',
    options,
    examples: [
      ['sluice sample sluice-out/quickstart --rule gopher_min_words -n 20 --text', 'twenty drops of a rule, to read'],
      ["sluice sample sluice-out/quickstart --where \"outcome = 'kept' AND domain = 'web'\" -n 5", 'five kept ones'],
    ],
  },
  run,
};
