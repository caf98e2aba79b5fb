import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import { minhashText } from '../operators/dedup/minhash.ts';
import { annotationColumns, type Recipe } from '../recipe.ts';
import { documentSchema } from '../sinks/index.ts';
import { isBarrier, type StepDescriptor } from '../streams/operator.ts';
import { planSplits } from '../streams/plan.ts';
import type { SplitPlan } from '../streams/splits.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from './command.ts';
import { count, duration, percent, plural, rough, shellWord, size } from './format.ts';
import { type Probe, probe } from './probe.ts';
import { program } from './program.ts';
import { builtInLines, recipeFrom, recipeSpecs } from './recipe-options.ts';
import { conditionOf } from './run-summary.ts';
import { topReasons } from './run-view.ts';
import { safeJson, safeText } from './safe-text.ts';
import { standardOutput, type Terminal, tableLines, wrapped } from './terminal.ts';

const options = {
  ...recipeSpecs,
  workers: { value: 'N', help: 'Threads that the run will have. Default: all cores.' },
  'no-probe': { help: 'Reads no documents; then nothing is said about time and size.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

/** A second thread gives about nine tenths of itself (memory and disk are shared). */
const SECOND_THREAD = 0.9;
/** Text that goes to the disk and back at a barrier, per second. */
const SPILL_BYTES_PER_SECOND = 300e6;
/** The byte budget, and what Node and the code take on top. */
const MEMORY_BYTES = 256e6 + 200e6;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('plan', args, options, ['recipe']);
  const recipe = await recipeFrom(positionals[0], values);
  const workers = wholeNumber(values.workers, '--workers') ?? availableParallelism();
  const patterns = values.input.length > 0 ? values.input : recipe.input;
  if (patterns.length === 0 || patterns.includes('-')) {
    throw new ConfigError({
      expected: 'files to plan for',
      came: patterns.length === 0 ? 'no input' : 'standard input, which can be read only once',
      where: 'sluice plan',
      todo: "Give --input 'folder/*.jsonl.gz'.",
    });
  }
  const plan = await planSplits(patterns, recipe.read, { splitBytes: recipe.splitBytes });
  if (plan.files.length === 0) {
    throw new ConfigError({
      expected: 'at least one file to read',
      came: `none that matches ${patterns.join(' ')}`,
      where: '--input',
      todo: plan.skipped[0]
        ? `${plural(plan.skipped.length, 'file')} passed over, the first: ${plan.skipped[0].path} (${plan.skipped[0].reason}).`
        : 'Check the path; quote globs.',
    });
  }
  const tried = values['no-probe'] ? null : await probe(recipe, plan);
  const estimate = tried && tried.textBytes > 0 ? estimateOf(recipe, plan, tried, workers) : null;
  if (values.json) {
    const steps = recipe.steps.map((s) => s.descriptor);
    const { probe: _, ...numbers } = estimate ?? { probe: null };
    const facts = {
      recipe: recipe.name,
      files: plan.files.map(({ path, format, codec, size: bytes }) => ({ path, format, codec, bytes })),
      splits: plan.splits.length,
      textBytes: textOf(plan),
      skipped: plan.skipped,
      warnings: plan.warnings,
      steps,
      schema: schemaOf(recipe),
      probe: tried && { seconds: tried.seconds, textBytes: tried.textBytes, documents: tried.counters.read.documents },
      estimate: estimate && numbers,
    };
    standardOutput().out(safeJson(JSON.stringify(facts, null, 2)));
  } else {
    printPlan(standardOutput(), recipe, plan, estimate, workers);
    const output = resolve(join('sluice-out', recipe.name));
    standardOutput().out();
    standardOutput().out(`Nothing was written. A run writes to ${safeText(output)} unless --output says otherwise:`);
    standardOutput().out(
      `  ${program()} run ${args
        .filter((a) => a !== '--no-probe')
        .map(shellWord)
        .join(' ')}`,
    );
  }
  return 0;
}

const textOf = (plan: SplitPlan): number => plan.splits.reduce((n, s) => n + s.estimatedTextBytes, 0);

const schemaOf = (recipe: Recipe) =>
  documentSchema(
    annotationColumns(recipe.steps.map((s) => s.descriptor)),
    recipe.steps.some((s) => s.descriptor.kind === 'rewrite'),
  );

interface Estimate {
  readonly probe: Probe;
  readonly textBytes: number;
  readonly megabytesPerSecond: number;
  readonly seconds: number;
  readonly memoryBytes: number;
  readonly scratchBytes: number;
  readonly outputBytes: number;
  readonly ledgerBytes: number;
  readonly documents: number;
  readonly tokens: number;
}

/** Text of the whole input at the rate of what was tried; files in columns say their text themselves. */
function measuredText(plan: SplitPlan, { textPerInputByte }: Probe): number {
  const inLines = plan.files.every((f) => f.format === 'jsonl' || f.format === 'text');
  if (!inLines || textPerInputByte === 0) return textOf(plan);
  return textPerInputByte * plan.files.reduce((n, f) => n + f.size, 0);
}

function estimateOf(recipe: Recipe, plan: SplitPlan, tried: Probe, workers: number): Estimate {
  const text = measuredText(plan, tried);
  const times = text / tried.textBytes;
  const threads = Math.min(workers, availableParallelism(), plan.splits.length);
  const barriers = recipe.steps.filter((s) => isBarrier(s.descriptor)).length;
  const speed = tried.bytesPerSecond * (1 + (threads - 1) * SECOND_THREAD);
  const seconds = text / speed + (2 * barriers * text) / SPILL_BYTES_PER_SECOND;
  return {
    probe: tried,
    textBytes: text,
    megabytesPerSecond: text / seconds / 1e6,
    seconds,
    memoryBytes: MEMORY_BYTES,
    scratchBytes: barriers > 0 ? text * 1.05 : 0,
    outputBytes: tried.outputShare * text,
    ledgerBytes: tried.ledgerShare * text,
    documents: tried.counters.read.documents * times,
    tokens: tried.counters.kept.tokens > 0 ? (text * tried.counters.kept.tokens) / tried.counters.kept.bytes : text / 4,
  };
}

const FILES = 5;

function printPlan(terminal: Terminal, recipe: Recipe, plan: SplitPlan, e: Estimate | null, workers: number): void {
  const { out, style, width } = terminal;
  out(`${style.bold(safeText(recipe.name))}  ${safeText(recipe.description)}`);
  out();
  const formats = new Set(plan.files.map((f) => (f.codec === 'none' ? f.format : `${f.format} ${f.codec}`)));
  out(
    `${style.bold('Input')}  ${plural(plan.files.length, 'file')} (${[...formats].join(', ')}), ${size(plan.files.reduce((n, f) => n + f.size, 0))}, about ${size(textOf(plan))} unpacked, in ${plural(plan.splits.length, 'split')}`,
  );
  const rows = plan.files
    .slice(0, FILES)
    .map((f) => [safeText(f.path), f.codec === 'none' ? f.format : `${f.format} ${f.codec}`, size(f.size)]);
  for (const line of tableLines([{ max: width - 32 }, {}, { align: 'right' }], rows)) out(line);
  if (plan.files.length > FILES)
    out(style.dim(`  and ${plural(plan.files.length - FILES, 'more file', 'more files')}`));
  if (plan.skipped.length > 0)
    out(
      style.yellow(
        `  ${plural(plan.skipped.length, 'file')} passed over, the first: ${safeText(plan.skipped[0].path)} (${safeText(plan.skipped[0].reason)})`,
      ),
    );
  for (const w of plan.warnings.slice(0, 3)) out(style.yellow(`  ${safeText(w)}`));
  out();
  out(style.bold('Steps'));
  recipe.steps.forEach((s, i) => {
    for (const line of stepLines(terminal, s.descriptor, i + 1)) out(line);
  });
  out();
  const schema = schemaOf(recipe);
  out(`${style.bold('Columns')} of a kept document (${schema.length})`);
  for (const line of wrapped(schema.map((c) => c.name).join(', '), width, '  ')) out(style.dim(line));
  const models = recipe.steps.filter((s) => s.descriptor.models).map((s) => safeText(s.descriptor.step));
  if (e) printEstimate(terminal, e, workers, models);
}

function stepLines({ style, width }: Terminal, d: StepDescriptor, number: number): string[] {
  const scope = d.where
    ? `  ${style.dim(`${d.where.not ? 'not for' : 'only for'} ${d.where.domain.map(safeText).join(', ')}`)}`
    : '';
  const head = `  ${String(number).padStart(2)} ${style.bold(safeText(d.step))}${scope}`;
  const rules = tableLines(
    [{}, {}, {}],
    d.rules.map((r) => [safeText(`${r.name}@${r.version}`), conditionOf(r), style.dim(safeText(r.option))]),
    '       ',
  );
  const change = style.dim(`(--set ${safeText(d.step)}.OPTION=NUMBER)`);
  if (d.kind === 'drop') return [`${head}  drops a document when  ${change}`, ...rules];
  const what: Readonly<Record<string, string>> = {
    annotate: `measures ${plural(d.writes.length, 'column')} (${d.versions.map(safeText).join(', ')})`,
    dedup: `drops copies (${d.versions.map(safeText).join(', ')}); sees everything before it decides`,
    select: `leaves out by rank (${d.versions.map(safeText).join(', ')}); sees everything before it decides`,
    rewrite: `changes text (${d.versions.map(safeText).join(', ')}); what is cut stands in the ledger`,
    custom: 'your own function, on the main thread',
  };
  const room = width - 7;
  const indent = head.slice(0, head.length - head.trimStart().length);
  const lines = wrapped(`${head.trimStart()}  ${what[d.kind]}`, room).map((l, i) => (i === 0 ? indent : '       ') + l);
  if (d.module === 'sluice:dedup-minhash')
    return [...lines, ...wrapped(minhashText(d.options), room).map((l) => `       ${style.dim(l)}`)];
  if (d.kind !== 'rewrite' || d.rules.length === 0) return lines;
  return [...lines, `       and drops a document when  ${change}`, ...rules];
}

function printEstimate({ out, style }: Terminal, e: Estimate, workers: number, models: readonly string[]): void {
  const { counters: c } = e.probe;
  out();
  out(
    `${style.bold('Estimate')}, from ${plural(c.read.documents, 'document')} of all parts of the input (${size(e.probe.textBytes)}) in ${duration(e.probe.seconds)} on one thread`,
  );
  const dropped = topReasons(c)
    .slice(0, 3)
    .map((r) => `${safeText(r.rule)} ${percent(r.dropped, c.read.documents)}`);
  const rows = [
    ['speed', `${e.megabytesPerSecond.toFixed(1)} MB/s of text with ${plural(workers, 'worker')}`],
    ['time', `about ${duration(e.seconds)}${models.length > 0 ? `, and what ${models.join(', ')} takes` : ''}`],
    ...(models.length > 0
      ? [['', 'a language model was not tried: it may take a thousand times longer; run with --sample 1% first']]
      : []),
    ['memory', `up to ${size(e.memoryBytes)}`],
    ['scratch', e.scratchBytes === 0 ? 'none' : `about ${size(e.scratchBytes)} under work/, gone at the end`],
    ['output', `about ${size(e.outputBytes)} of documents, ${size(e.ledgerBytes)} of ledger`],
    ['input', `about ${rough(e.documents)} documents, ${size(e.textBytes)} of text, ≈ ${rough(e.tokens)} tokens`],
    [
      'kept',
      `${percent(c.kept.documents, c.read.documents)} of those tried, before copies are removed${dropped.length > 0 ? `; left out by ${dropped.join(', ')}` : ''}`,
    ],
  ];
  if (c.quarantined.records > 0)
    rows.push([
      'quarantine',
      `${count(c.quarantined.records)} of those tried: ${Object.keys(c.quarantined.byReason).map(safeText).join(', ')}`,
    ]);
  for (const line of tableLines([{}, {}], rows)) out(line);
}

export const plan: Command = {
  help: {
    usage: '<recipe.ts | built-in name> --input GLOB [options]',
    about:
      'What a run would read and do: files, splits, every step with its rules and thresholds, the columns of the output; and after a short try in memory its speed, time, memory, scratch space and size. Writes nothing.',
    options,
    examples: [
      ["sluice plan quickstart --input 'data/*.jsonl.gz'", 'before a long run'],
      ['sluice plan recipe.ts --input data --set gopher.min_words=30', 'with a threshold changed'],
    ],
    more: builtInLines,
  },
  run,
};
