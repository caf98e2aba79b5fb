import { clipped, safeExcerpt, safeJson, safeText } from '../../safe-text.ts';
import { labelOf } from '../../streams/batch/position.ts';
import { fieldsOf } from '../../streams/formats/fields-of.ts';
import type { FieldSeen } from '../../streams/formats/format.ts';
import { likelyTextField } from '../../streams/plan/missing-fields.ts';
import { planSplits } from '../../streams/plan/plan.ts';
import { nothingToRead } from '../../streams/plan/skipped.ts';
import type { PlannedFile, SplitPlan } from '../../streams/plan/splits.ts';
import { type Command, type OptionSpecs, parseCommandLine, type Values, wholeNumber } from '../command.ts';
import { type Sample, sampleOf } from '../plan/sample.ts';
import { program } from '../program.ts';
import { readOptionsFrom, readSpecs } from '../recipe-options.ts';
import { commandAgain, streamsAgain } from '../terminal/again.ts';
import { count, percent, plural, shellWord, size } from '../terminal/format.ts';
import { skippedSentences } from '../terminal/skipped.ts';
import { standardOutput, type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';

const options = {
  ...readSpecs,
  samples: { value: 'N', help: 'Documents to show. Default 3.' },
  read: { value: 'N', help: 'Documents to read for the counts. Default 1,000.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('inspect', args, options, ['file-or-glob...']);
  const read = readOptionsFrom(values);
  const most = wholeNumber(values.read, '--read') ?? 1000;
  const plan = await planSplits(positionals, read);
  if (plan.files.length === 0) throw nothingToRead(positionals, plan.skipped, 'sluice inspect');
  const facts = {
    files: plan.files.map(({ path, format, codec, size }) => ({ path, format, codec, bytes: size })),
    bytes: plan.files.reduce((n, f) => n + f.size, 0),
    estimatedTextBytes: plan.splits.reduce((n, s) => n + s.estimatedTextBytes, 0),
    splits: plan.splits.length,
    skipped: plan.skipped,
    warnings: plan.warnings,
    ...(await schemaOf(plan)),
    textField: read.textField,
    sample: await sampleOf(plan, read, most, wholeNumber(values.samples, '--samples', 0) ?? 3),
  };
  if (values.json) standardOutput().out(safeJson(JSON.stringify(facts, null, 2)));
  else printFacts(standardOutput(), facts, positionals, readFlags(values));
  return 0;
}

/** The options given that say what is read, as a command line has them: `run` needs them too. */
const readFlags = (values: Values<typeof readSpecs>): ReadonlyMap<string, string> =>
  new Map(
    Object.keys(readSpecs).flatMap((name) => {
      const value = values[name as keyof typeof readSpecs];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );

/** Fields of the first file that has any. */
async function schemaOf({
  files,
}: SplitPlan): Promise<{ fieldsOf: string | null; rows: number | null; fields: readonly FieldSeen[] }> {
  const first = files.find((f) => f.size > 0 && f.format !== 'text');
  const found = first ? await fieldsOf(first) : null;
  return {
    fieldsOf: found && first ? first.path : null,
    rows: found ? found.rows : null,
    fields: found ? found.fields : [],
  };
}

interface Facts {
  readonly files: readonly {
    readonly path: string;
    readonly format: string;
    readonly codec: string;
    readonly bytes: number;
  }[];
  readonly bytes: number;
  readonly estimatedTextBytes: number;
  readonly splits: number;
  readonly skipped: SplitPlan['skipped'];
  readonly warnings: readonly string[];
  readonly fieldsOf: string | null;
  readonly rows: number | null;
  readonly fields: readonly FieldSeen[];
  readonly textField: string;
  readonly sample: Sample;
}

const FILES = 8;
const FIELDS = 24;

const kindOf = (f: Pick<PlannedFile, 'format' | 'codec'> | { format: string; codec: string }): string =>
  f.codec === 'none' ? f.format : `${f.format} ${f.codec}`;

function printFacts(terminal: Terminal, f: Facts, inputs: readonly string[], flags: ReadonlyMap<string, string>): void {
  const { out, style, width } = terminal;
  const kinds = new Map<string, number>();
  for (const file of f.files) kinds.set(kindOf(file), (kinds.get(kindOf(file)) ?? 0) + 1);
  const mixed = [...kinds].map(([kind, n]) => (kinds.size > 1 ? `${kind} ${count(n)}` : kind)).join(', ');
  out(
    `${style.bold(plural(f.files.length, 'file'))} (${mixed}), ${size(f.bytes)}, about ` +
      `${size(f.estimatedTextBytes)} unpacked`,
  );
  const rows = f.files.slice(0, FILES).map((file) => [safeText(file.path), kindOf(file), size(file.bytes)]);
  for (const line of tableLines([{ max: width - 32 }, {}, { align: 'right' }], rows)) out(line);
  if (f.files.length > FILES) out(style.dim(`  and ${plural(f.files.length - FILES, 'more file', 'more files')}`));
  const [skipped, ...reasons] = skippedSentences(f.skipped);
  if (skipped !== undefined) out(style.yellow(`  skipped ${skipped}`));
  for (const reason of reasons) for (const line of wrapped(reason, width - 4)) out(style.yellow(`    ${line}`));
  for (const w of f.warnings.slice(0, 3)) out(style.yellow(`  ${safeText(w)}`));
  if (f.fields.length > 0) {
    out();
    out(
      `${style.bold('Fields')} of ${safeText(f.fieldsOf ?? '')}${f.rows === null ? '' : `, ${plural(f.rows, 'row')}`}`,
    );
    const table = f.fields
      .slice(0, FIELDS)
      .map((x) => [
        x.name === f.textField ? style.green(safeText(x.name)) : safeText(x.name),
        x.types.map(safeText).join(' | '),
        x.share === null ? '' : percent(x.share, 1),
        x.meanLength >= 1 ? `≈ ${count(Math.round(x.meanLength))} characters` : '',
        x.name === f.textField ? style.green('text') : '',
      ]);
    for (const line of tableLines([{ max: 40 }, { max: 24 }, { align: 'right' }, { align: 'right' }, {}], table))
      out(line);
    if (f.fields.length > FIELDS) out(style.dim(`  and ${f.fields.length - FIELDS} more`));
  }
  printSample(terminal, f, inputs, flags);
}

function printSample(
  { out, style, width }: Terminal,
  f: Facts,
  inputs: readonly string[],
  flags: ReadonlyMap<string, string>,
): void {
  const { sample: s } = f;
  out();
  const mean =
    s.documents === 0 ? '' : `, ${size(s.textBytes / s.documents)} on average, longest ${size(s.longestBytes)}`;
  out(
    `${style.bold('Documents')}, the first ${count(s.documents)}: ${size(s.textBytes)} of ` +
      `text${mean}${s.emptyTexts > 0 ? `, ${count(s.emptyTexts)} empty` : ''}`,
  );
  const domains = Object.entries(s.domains).sort((a, b) => b[1] - a[1]);
  if (domains.length > 0)
    out(`  domains: ${clipped(domains.map(([d, n]) => `${safeText(d)} ${count(n)}`).join(', '), width - 12)}`);
  const q = s.quarantined;
  if (q.records > 0) {
    const reasons = Object.entries(q.byReason).map(([r, n]) => `${safeText(r)} ${count(n)}`);
    const of = q.documents === q.records ? '' : ` of ${plural(q.documents, 'document')}`;
    out(style.yellow(`  ${plural(q.records, 'record')}${of} would go to quarantine: ${reasons.join(', ')}`));
    if (q.first) out(style.yellow(`    ${clipped(safeText(`${labelOf(q.first)}: ${q.first.detail}`), width - 5)}`));
  }
  for (const d of s.shown) {
    out();
    out(`  ${style.bold(clipped(safeText(d.id), 60))}  ${style.dim(`${safeText(d.domain)} · ${size(d.bytes)}`)}`);
    out(`  ${clipped(safeExcerpt(d.text), 2 * width - 4)}`);
  }
  out();
  const text = likelyTextField(f.fields);
  const missing =
    f.fields.length > 0 && !f.fields.some((x) => x.name === f.textField || f.textField.startsWith(`${x.name}.`));
  const given = new Map(flags);
  if (missing && text) given.set('text-field', text);
  const flagText = [...given].map(([name, value]) => ` --${name} ${shellWord(value)}`).join('');
  const again = missing && text !== null && s.documents === 0;
  if (missing)
    out(
      style.yellow(
        'There is no field ' +
          `${safeText(f.textField)}.${text ? ` The longest texts are in the field ${safeText(text)}.` : ''}`,
      ),
    );
  out(
    `Next: ${program()} ${again ? 'inspect ' : 'run quickstart --input '}` +
      `${inputs.map((i) => commandAgain([i])).join(again ? ' ' : ' --input ')}${flagText}`,
  );
  const streams = streamsAgain(inputs);
  if (streams !== null) out(streams);
}

export const inspect: Command = {
  help: {
    usage: '<file-or-glob>... [options]',
    about:
      'What is in files: format and compression, fields, counts and sizes, sample documents, and what ' +
      'could not be read and why. Needs no recipe.',
    options,
    examples: [
      ["sluice inspect 'data/*.jsonl.gz'", 'a quick look'],
      ['sluice inspect data.parquet --text-field content', 'when the text is in another field'],
      ["sluice inspect 'hf://datasets/owner/name/**/*.parquet'", 'what a data set of the hub holds'],
      ['sluice inspect sluice-out/quickstart/documents', 'what a run kept'],
    ],
  },
  run,
};
