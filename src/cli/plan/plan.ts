import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { parseOptions } from '../../options.ts';
import { annotationColumns, type Recipe } from '../../recipe/recipe.ts';
import { LEAST_MEMORY, parseBytes, runOptions } from '../../run/options.ts';
import { reusingColumns } from '../../run/reuse.ts';
import { modelBytes, modelWorkersOf } from '../../run/services/models.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import { documentSchema } from '../../sinks/documents.ts';
import { isAlone } from '../../streams/flow/alone.ts';
import { isStdin } from '../../streams/inputs/pipe.ts';
import { createsDocuments, rewritesText } from '../../streams/operator.ts';
import { planSplits } from '../../streams/plan/plan.ts';
import { nothingToRead } from '../../streams/plan/skipped.ts';
import type { SplitPlan } from '../../streams/plan/splits.ts';
import { type Command, type OptionSpecs, parseCommandLine, percentOption, wholeNumber } from '../command.ts';
import { nodesSpecs, planForNodes, refuseWithoutNodes } from '../nodes/plan-nodes.ts';
import { program } from '../program.ts';
import { builtInLines, recipeFrom, recipeSpecs } from '../recipe-options.ts';
import { fieldNotes } from '../run/field-notes.ts';
import { commandAgain, streamsAgain } from '../terminal/again.ts';
import { plural, size } from '../terminal/format.ts';
import { skippedSentences } from '../terminal/skipped.ts';
import { standardOutput, type Terminal, tableLines, wrapped } from '../terminal/terminal.ts';
import { type Estimate, estimateOf, printEstimate, withoutEstimate } from './plan-estimate.ts';
import { foreignFolder, outputState } from './plan-output.ts';
import { probe } from './probe.ts';
import { probeFirst } from './probe-limit.ts';
import { stepLines, takesAway, tokenizerOf } from './step-lines.ts';

const options = {
  ...recipeSpecs,
  output: {
    value: 'DIR',
    help: 'Run directory to check for an earlier run. Default sluice-out/<recipe>.',
  },
  workers: { value: 'N', help: 'Threads the run will use. Default: all cores.' },
  memory: { value: 'SIZE', help: 'Plan a run with this --memory.' },
  limit: {
    value: 'N',
    help: 'Plan a run with this --limit (the first N documents, or the first N of a --sample).',
  },
  sample: { value: 'P%', help: 'Plan a run with this --sample.' },
  ...nodesSpecs,
  recompute: { help: 'Plan a run with --recompute.' },
  'no-probe': { help: 'Read no documents; gives no estimate of time, size and kept share.' },
  json: { help: 'One JSON object on standard output.' },
} as const satisfies OptionSpecs;

const USUAL_LOAD_SECONDS = 0.5;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('plan', args, options, ['recipe']);
  if (values.nodes !== undefined) return planForNodes(positionals[0], values);
  refuseWithoutNodes(values);
  const given = await recipeFrom(positionals[0], values);
  const limit = wholeNumber(values.limit, '--limit') ?? null;
  // With a limit splits are read one after the other.
  const threads = wholeNumber(values.workers, '--workers') ?? availableParallelism();
  const workers = limit === null ? threads : 1;
  const samplePercent = percentOption(values.sample, '--sample');
  const sample = (samplePercent ?? 100) / 100;
  const patterns = values.input.length > 0 ? values.input : given.input;
  const recipe = values.recompute ? given : await reusingColumns(given, patterns);
  if (patterns.length === 0 || patterns.some(isStdin)) {
    throw new ConfigError({
      expected: 'files to plan for',
      got: patterns.length === 0 ? 'no input' : 'standard input, which can be read only once',
      where: 'sluice plan',
      fix: "Use --input 'folder/*.jsonl.gz'.",
    });
  }
  const writesTo = resolve(values.output ?? join('sluice-out', recipe.name));
  const began = performance.now() / 1000;
  const planned = await planSplits(patterns, recipe.read, {
    splitBytes: recipe.splitBytes,
    output: (await foreignFolder(writesTo)) === null ? writesTo : undefined,
  });
  // In a process that is no command line the clock does not say how long the code took to load.
  const loadSeconds = isAlone() ? began : USUAL_LOAD_SECONDS;
  const beginning = { loadSeconds, planSeconds: performance.now() / 1000 - began };
  const descriptors = recipe.steps.map((s) => s.descriptor);
  const missing = await fieldNotes(planned.files, recipe.read, descriptors);
  const plan = { ...planned, warnings: [...missing, ...planned.warnings] };
  if (plan.files.length === 0) {
    throw nothingToRead(patterns, plan.skipped);
  }
  const memory = values.memory === undefined ? undefined : parseBytes(values.memory, '--memory', LEAST_MEMORY);
  const bytesEach = await modelBytes(descriptors);
  const { memory: budget, modelMemory } = parseOptions(runOptions, { memory, modelMemory: memory }, 'plan');
  const modelWorkers = { workers: modelWorkersOf(threads, modelMemory, bytesEach), bytesEach };
  const trial = () => (limit === null ? probe(recipe, plan) : probeFirst(recipe, plan, Math.ceil(limit / sample)));
  const tried = values['no-probe'] ? null : await trial();
  const estimate =
    tried && tried.textBytes > 0
      ? estimateOf(recipe, plan, tried, { workers, memory: budget, modelWorkers, sample, beginning })
      : null;
  const output = await outputState(writesTo, recipe, planned, {
    samplePercent,
    limit,
  });
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
      probe: tried && {
        seconds: tried.seconds,
        textBytes: tried.textBytes,
        documents: tried.documents,
        quarantined: tried.quarantined,
        places: tried.places,
        files: tried.files,
      },
      estimate: estimate && numbers,
      output: { path: output.path, state: output.state, means: output.means },
      expected: tried && tried.textBytes > 0 ? tried.expected : null,
    };
    standardOutput().out(safeJson(JSON.stringify(facts, null, 2)));
  } else {
    printPlan(standardOutput(), recipe, plan, estimate, { workers, sample, limit });
    const terminal = standardOutput();
    if (tried && estimate === null) {
      terminal.out();
      for (const line of wrapped(withoutEstimate(tried, patterns, recipe.read), terminal.width))
        terminal.out(terminal.style.yellow(line));
    }
    terminal.out();
    const { means, state, goes } = output;
    const said =
      'Nothing was written. ' +
      means +
      (goes && state === 'free' && values.output === undefined ? ' (choose another folder with --output)' : '') +
      (goes ? ':' : '');
    for (const line of wrapped(said, terminal.width)) terminal.out(goes ? line : terminal.style.yellow(line));
    if (goes) terminal.out(`  ${program()} run ${commandAgain(args.filter((a) => a !== '--no-probe'))}`);
    const streams = streamsAgain(patterns);
    if (goes && streams !== null) for (const line of wrapped(streams, terminal.width)) terminal.out(line);
  }
  return 0;
}

const textOf = (plan: SplitPlan): number => plan.splits.reduce((n, s) => n + s.estimatedTextBytes, 0);

const schemaOf = (recipe: Recipe) =>
  documentSchema(
    annotationColumns(recipe.steps.map((s) => s.descriptor)),
    recipe.steps.some((s) => rewritesText(s.descriptor)),
    recipe.steps.some((s) => createsDocuments(s.descriptor)),
  );

const FILES = 5;

function printPlan(
  terminal: Terminal,
  recipe: Recipe,
  plan: SplitPlan,
  e: Estimate | null,
  { workers, sample, limit }: { readonly workers: number; readonly sample: number; readonly limit: number | null },
): void {
  const { out, style, width } = terminal;
  for (const line of wrapped(`${style.bold(safeText(recipe.name))}  ${safeText(recipe.description)}`, width)) out(line);
  out();
  const formats = new Set(plan.files.map((f) => (f.codec === 'none' ? f.format : `${f.format} ${f.codec}`)));
  out(
    `${style.bold('Input')}  ${plural(plan.files.length, 'file')} (${[...formats].join(', ')}), ` +
      `${size(plan.files.reduce((n, f) => n + f.size, 0))}, about ${size(textOf(plan))} unpacked, in ` +
      `${plural(plan.splits.length, 'split')}`,
  );
  const rows = plan.files
    .slice(0, FILES)
    .map((f) => [safeText(f.path), f.codec === 'none' ? f.format : `${f.format} ${f.codec}`, size(f.size)]);
  for (const line of tableLines([{ max: width - 32 }, {}, { align: 'right' }], rows)) out(line);
  if (plan.files.length > FILES)
    out(style.dim(`  and ${plural(plan.files.length - FILES, 'more file', 'more files')}`));
  const [skipped, ...reasons] = skippedSentences(plan.skipped);
  if (skipped !== undefined) out(style.yellow(`  skipped ${skipped}`));
  for (const reason of reasons) for (const line of wrapped(reason, width - 4)) out(style.yellow(`    ${line}`));
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
  if (e)
    printEstimate(terminal, e, {
      workers,
      sample,
      limit,
      files: plan.files.length,
      models,
      tokenizer: tokenizerOf(recipe.steps.map((s) => s.descriptor)),
      barriers: recipe.steps.filter((s) => takesAway(s.descriptor)).map((s) => safeText(s.descriptor.step)),
    });
}

export const plan: Command = {
  help: {
    usage: '<recipe.ts | built-in name> --input GLOB [options]',
    about:
      'Shows what a run would do: its input, every step with rules and thresholds, and the output columns. ' +
      'Then tries the recipe on a sample for a few seconds and estimates speed, time, memory, disk space, ' +
      'and how much of each domain would be kept. Writes nothing, unless --nodes plans a run for many nodes.',
    options,
    examples: [
      ["sluice plan quickstart --input 'data/*.jsonl.gz'", 'before a long run'],
      ['sluice plan recipe.ts --input data --set gopher.min_words=30', 'with a threshold changed'],
      [
        "sluice plan perplexity --input 'data/*.jsonl.gz' --sample 1%",
        'how long a language model would take for 1 % of the input',
      ],
      ['sluice plan recipe.ts --input /shared/in --nodes 64 --output /shared/out', 'a run on many nodes'],
    ],
    more: builtInLines,
  },
  run,
};
