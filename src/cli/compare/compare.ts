import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { readRunJson } from '../../ledger/run-json.ts';
import { executorName, pickExecutor } from '../../models/executors/pick-executor.ts';
import { openInThread, type ThreadExecutor } from '../../models/executors/thread.ts';
import { dropsFor } from '../../streams/operator.ts';
import { type ComparisonEvent, compare } from '../../training/compare/comparison.ts';
import { planComparison } from '../../training/compare/plan.ts';
import { type ComparisonSettings, comparisonSettings } from '../../training/compare/settings.ts';
import {
  type Command,
  type OptionSpecs,
  parseCommandLine,
  percentOption,
  type Values,
  wholeNumber,
} from '../command.ts';
import { EXIT } from '../failure.ts';
import { program } from '../program.ts';
import { readOptionsFrom, readSpecs } from '../recipe-options.ts';
import { stepsOf } from '../run/summary-reasons.ts';
import { commandAgain } from '../terminal/again.ts';
import { confirmed } from '../terminal/confirm.ts';
import { shellWord } from '../terminal/format.ts';
import { standardOutput, warn } from '../terminal/terminal.ts';
import { stopOnSignals } from '../training-process.ts';
import { jsonLine, planLines, progressOf, reportLines } from './compare-view.ts';
import { type Counterfactual, counterfactual } from './without.ts';

const options = {
  without: {
    value: 'STEP',
    help: 'Compare one run with what it would be without this step: the recipe is run again without it first.',
  },
  'held-out': {
    value: 'GLOB',
    many: true,
    help: 'Documents to measure on. Default: a part of all arms, split off by a hash of the group or id.',
  },
  'held-out-share': { value: 'P%', help: 'Share of the groups that is split off. Default 5%.' },
  items: {
    value: 'FILE',
    help: 'Questions with choices to probe with, JSON lines. Default: the last words of held-out sentences.',
  },
  from: { value: 'MODEL', help: 'Folder of a model to go on from. Default: random weights over bytes.' },
  tokens: { value: 'N', help: 'Tokens of every training. Default 600,000.' },
  seeds: { value: 'N', help: 'Trainings of every arm. Default 3; with one there are no intervals.' },
  width: { value: 'N', help: 'Width of a model with random weights. Default 64.' },
  layers: { value: 'N', help: 'Its layers. Default 2.' },
  'group-by': {
    value: 'FIELD',
    help: 'What must not stand on both sides: metadata.<field>, or text. Default metadata.group, else the id.',
  },
  ...readSpecs,
  output: { value: 'DIR', help: 'Folder of the comparison. Default sluice-out/compare-<arms>. Running again resumes.' },
  jobs: { value: 'N', help: 'Trainings at once, one thread each. Default: all cores, 4 at most.' },
  executor: { value: 'NAME', help: 'Model runtime: auto (default), or a name that `sluice doctor` lists.' },
  yes: { help: 'Do not ask before it begins.' },
  fresh: { help: 'Delete an earlier comparison in the output folder first.' },
  json: { help: 'One JSON object per line on standard output.' },
} as const satisfies OptionSpecs;

const MOST_JOBS = 4;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('compare', args, options, ['run...']);
  const { names, without } = await armsOf(positionals, values);
  const output = resolve(values.output ?? join('sluice-out', `compare-${names.map(fileName).join('-')}`));
  const other =
    without === undefined
      ? undefined
      : await counterfactual(positionals[0], without, join(output, `without-${fileName(without)}`));
  const settings = settingsFrom(values, positionals, names, other);
  const jobs = Math.min(
    wholeNumber(values.jobs, '--jobs') ?? Math.min(MOST_JOBS, availableParallelism()),
    settings.arms.length * settings.seeds,
  );
  const name = values.executor === undefined ? 'auto' : executorName(values.executor);
  const { executor: picked } = await pickExecutor(name, { threads: 1 });
  const plan = await planComparison(settings, picked, jobs);
  if (values.json) jsonLine({ type: 'planned', plan, rerun: other && { step: other.step, seconds: other.seconds } });
  else for (const line of planLines(settings, plan, jobs, other, output)) process.stderr.write(`${line}\n`);
  if (!values.yes && !(await confirmed('Go on?'))) {
    process.stderr.write('Nothing was done.\n');
    return EXIT.done;
  }
  const stop = stopOnSignals('these steps with checkpoints');
  const executors: ThreadExecutor[] = [];
  try {
    if (other) {
      const show = progressOf(settings, values.json);
      const end = await other.run(stop.signal, show.run);
      show.end();
      if (end === 'stopped') return stopped(args, 'in the run');
    }
    for (let i = 0; i < jobs; i++) executors.push(await openInThread(picked.name, { threads: 1 }));
    return await follow(settings, { output, executors, fresh: values.fresh, stop: stop.signal }, values.json, args);
  } finally {
    stop.release();
    for (const executor of executors) await executor.close();
  }
}

/** How to compare one run with itself less a step: its last one that drops. */
async function withoutOne(path: string): Promise<string> {
  const run = await readRunJson(resolve(path));
  const step = run && stepsOf(run).findLast((s) => dropsFor(s) !== null)?.step;
  if (!step) return 'Name a second run, file or folder; of a run directory --without STEP makes one.';
  return `To see what one step does: ${program()} compare ${shellWord(path)} --without ${shellWord(step)}`;
}

/** Names of the arms; those of one name get a number. */
async function armsOf(positionals: readonly string[], values: Values<typeof options>) {
  const { without } = values;
  if (without !== undefined && positionals.length !== 1)
    throw new ConfigError({
      expected: 'one run directory with --without',
      got: `${positionals.length}`,
      where: 'compare',
    });
  if (without === undefined && positionals.length < 2)
    throw new ConfigError({
      expected: 'two run directories or more',
      got: 'one',
      where: 'sluice compare',
      fix: await withoutOne(positionals[0]),
    });
  const given = positionals.map((path) => basename(resolve(path)));
  const all = without === undefined ? given : [...given, `without ${without}`];
  const names = all.map((name, i) => (all.indexOf(name) === i ? name : `${name} (${i + 1})`));
  return { names, without };
}

const fileName = (name: string): string => name.replace(/[^\w.-]+/g, '-');

function settingsFrom(
  values: Values<typeof options>,
  paths: readonly string[],
  names: readonly string[],
  other: Counterfactual | undefined,
): ComparisonSettings {
  const inputs = other === undefined ? paths : [...paths, other.output];
  const shape = {
    width: wholeNumber(values.width, '--width'),
    layers: wholeNumber(values.layers, '--layers'),
  };
  const share = percentOption(values['held-out-share'], '--held-out-share');
  return comparisonSettings({
    arms: inputs.map((path, i) => ({ name: names[i], input: [path] })),
    heldOut: values['held-out'].length > 0 ? [...values['held-out']] : null,
    ...(share !== null && { heldOutShare: share / 100 }),
    items: values.items ?? null,
    from: values.from ?? null,
    tokens: wholeNumber(values.tokens, '--tokens'),
    seeds: wholeNumber(values.seeds, '--seeds'),
    model: shape,
    groupBy: values['group-by'],
    read: readOptionsFrom(values),
  });
}

async function follow(
  settings: ComparisonSettings,
  given: Parameters<typeof compare>[1],
  json: boolean,
  args: readonly string[],
): Promise<number> {
  const show = progressOf(settings, json);
  const last = await new Promise<ComparisonEvent>((done, fail) => {
    let end: ComparisonEvent | null = null;
    compare(settings, { ...given, onWarning: warn }).subscribe({
      next: (event) => {
        end = event;
        show.event(event);
      },
      error: fail,
      complete: () => (end ? done(end) : fail(new Error('a comparison that said nothing'))),
    });
  }).finally(show.end);
  if (last.type === 'stopped') return stopped(args, `${last.done} of ${last.trainings} trainings are done`);
  if (last.type !== 'finished') throw new Error(`a comparison that ended with ${last.type}`);
  if (!json) {
    const terminal = standardOutput();
    for (const line of reportLines(last.report, last.folder, last.already, terminal)) terminal.out(line);
  }
  return EXIT.done;
}

function stopped(args: readonly string[], where: string): number {
  const again = commandAgain(args.filter((a) => a !== '--fresh'));
  process.stderr.write(`Stopped: ${where}. To resume:\n  ${program()} compare ${again}\n`);
  return EXIT.interrupted;
}

export const compareCommand: Command = {
  help: {
    usage: '<run> <run> [<run> ...] | <run> --without STEP [options]',
    about:
      'Does this filter or mix help? Trains the same small model on what each run kept, with equal tokens and paired ' +
      'seeds, and measures all of them on documents that none was trained on: bits per byte by domain, and probes, ' +
      'with intervals. Says plainly when a difference is within the noise.\n' +
      'A run is a run directory, a file, a folder or a glob. The first is what the others are compared with.',
    options,
    examples: [
      ['sluice compare sluice-out/strict sluice-out/loose', 'two runs of a recipe'],
      ['sluice compare sluice-out/fineweb --without gopher_quality', 'what one step does'],
      [
        "sluice compare 'raw/*.jsonl.gz' sluice-out/web --held-out test.jsonl --seeds 5",
        'raw against filtered, on documents of your own',
      ],
    ],
  },
  run,
};
