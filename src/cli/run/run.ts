import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { shownUrl } from '../../files/stores/url.ts';
import { refuseOtherCards } from '../../ledger/card/own-card.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { viewOfStored } from '../../ledger/stored/view.ts';
import { LEAST_MEMORY, LEAST_SHARD, parseBytes } from '../../run/options.ts';
import { run as runRecipe } from '../../run/run.ts';
import { safeText } from '../../safe-text.ts';
import { type Counters, lostDocuments } from '../../streams/commits/counters.ts';
import { tap } from '../../streams/flow/rxjs.ts';
import { plannedFiles } from '../../streams/plan/plan-file.ts';
import { SPLIT_TEXT_BYTES } from '../../streams/plan/splits.ts';
import {
  type Command,
  type OptionSpecs,
  parseCommandLine,
  percentOption,
  type Values,
  wholeNumber,
} from '../command.ts';
import { EXIT, Exit, exitCodeOf, printError } from '../failure.ts';
import { isRunFolder, refuseFinish, refuseUnplanned, runOneShard } from '../nodes/run-shard.ts';
import { program } from '../program.ts';
import { builtInLines, recipeFrom, recipeSpecs } from '../recipe-options.ts';
import { commandAgain, streamsAgain } from '../terminal/again.ts';
import { plural, shellWord, shownPath } from '../terminal/format.ts';
import { standardOutput } from '../terminal/terminal.ts';
import { allowFrom, allowSpecs } from './allow-options.ts';
import { eventLines } from './event-lines.ts';
import { fieldNotes } from './field-notes.ts';
import { type Followed, follow } from './follow.ts';
import { recutCommand, recutOutput } from './recut.ts';
import { jsonReporter, peopleReporter } from './run-reporters.ts';
import { printSummary } from './run-summary.ts';
import { wantsCard } from './wants-card.ts';

export const runSpecs = {
  ...recipeSpecs,
  output: {
    value: 'DIR',
    help: 'Run directory, or s3://bucket/prefix. Default sluice-out/<recipe>. Running again resumes.',
  },
  workers: { value: 'N', help: 'Threads. Default: all cores. The output does not depend on it.' },
  memory: {
    value: 'SIZE',
    help: 'Buffer budget over all workers. Default 256MB; Node itself takes about 200 MB more.',
  },
  timeout: {
    value: 'SECONDS',
    help: 'Stop a worker that hangs on one document this long, and quarantine the document. Default 120.',
  },
  limit: { value: 'N', help: 'Only the first N documents.' },
  sample: { value: 'P%', help: 'Only about P percent of the documents, chosen by a hash of the id. For example 1%.' },
  'annotate-only': { help: 'Compute every annotation and drop nothing.' },
  recut: {
    value: 'RUN_DIR',
    help:
      'Take from this finished run over the same input what a changed recipe leaves as it was, and work on the ' +
      'rest. Without a recipe: that of the run, with --set over it, into RUN_DIR-recut. The run is not changed.',
  },
  recompute: { help: 'Measure again what an input that is a run directory has measured already.' },
  'shard-size': {
    value: 'SIZE',
    help: 'Target size of output files. Default 256MB. A file is at least one split (about 32 MB of text).',
  },
  ...allowSpecs,
  live: {
    value: 'PORT',
    optional: true,
    help: 'Open a page that shows the run live. On a terminal it stays after the run until Ctrl-C.',
  },
  'alert-webhook': {
    value: 'URL',
    help: 'POST each alert there as JSON: drift of a drop rate, a burst of quarantine, a guard that stops the run.',
  },
  'fail-on-alert': { help: 'Exit with 4 when the run is done and has raised alerts.' },
  fresh: { help: 'Delete the earlier run in the output folder first (only a folder that holds a run of Sluice).' },
  'verify-input': {
    help:
      'Hash the whole input before starting, and refuse to resume if any byte has changed. By default only ' +
      'size, time and both ends of each file are compared.',
  },
  card: {
    help:
      'Write the data card at the end: card.json, card.md, card.html (see sluice help card). Without it a run of ' +
      '10 seconds or more writes one.',
  },
  'no-card': { help: 'Write no data card.' },
  shard: {
    value: 'I/N',
    help:
      'Of a run planned with sluice plan --nodes: do part I of N, counted from 0. Default: from SLURM_ARRAY_TASK_ID ' +
      'or JOB_COMPLETION_INDEX.',
  },
  phase: { value: 'NAME', help: 'With --shard: this phase only. Default: the first that is not complete.' },
  wait: { help: 'With --shard: wait for the other shards at the end of each phase, and go on with the next.' },
  finish: { help: 'With --wait: the process of part 0 also does sluice finish, once every phase is done.' },
  redo: {
    value: 'SHARD',
    help:
      'Of a planned run: do this logical shard again, in all phases that it has done, because a file of it is lost ' +
      'or damaged; sluice finish and sluice status --verify say which. Other shards stay as they are.',
  },
  json: { help: 'Print events as JSON lines on standard output, see below.' },
} as const satisfies OptionSpecs;

/** Addresses without what may be secret in them: it is kept in run.json. */
const commandOf = (args: readonly string[]) => ({
  args: args.filter((a) => a !== '--fresh').map(shownUrl),
  folder: process.cwd(),
});

/** What `run()` takes, of a command line. */
export function runOptionsFrom(values: Values<typeof runSpecs>) {
  return {
    input: values.input.length > 0 ? [...values.input] : undefined,
    output: values.output,
    workers: wholeNumber(values.workers, '--workers'),
    memory: values.memory === undefined ? undefined : parseBytes(values.memory, '--memory', LEAST_MEMORY),
    timeoutSeconds: wholeNumber(values.timeout, '--timeout'),
    limit: wholeNumber(values.limit, '--limit') ?? null,
    samplePercent: percentOption(values.sample, '--sample'),
    fresh: values.fresh,
    verifyInput: values['verify-input'],
    annotateOnly: values['annotate-only'],
    allow: allowFrom(values),
    recompute: values.recompute,
    recut: values.recut ?? null,
    shardSize:
      values['shard-size'] === undefined ? undefined : parseBytes(values['shard-size'], '--shard-size', LEAST_SHARD),
  };
}

async function run(typed: readonly string[]): Promise<number> {
  const args = await recutCommand(typed, () => parseCommandLine('run', typed, runSpecs, ['recipe?']));
  const { values, positionals } = parseCommandLine('run', args, runSpecs, ['recipe']);
  const [given] = positionals;
  const folder = given !== undefined && (await isRunFolder(given)) ? given : null;
  if (folder !== null || values.shard !== undefined || values.redo !== undefined) {
    if (folder === null && given !== undefined) refuseUnplanned(given);
    const named = folder === null ? await recipeFrom(given, values) : null;
    const at = folder ?? values.output ?? join('sluice-out', named!.name);
    return runOneShard(at, named, values, runOptionsFrom(values));
  }
  refuseFinish(values);
  const recipe = await recipeFrom(given, values);
  const { recut } = values;
  const output = values.output ?? (recut === undefined ? undefined : recutOutput(recut));
  const runOptions = { ...runOptionsFrom(values), output, command: commandOf(args) };
  const { limit, shardSize } = runOptions;
  if (values.card) await refuseOtherCards(resolve(runOptions.output ?? join('sluice-out', recipe.name)));
  const reporterOptions = { name: recipe.name, limit };
  const reporter = values.json ? jsonReporter(reporterOptions) : await peopleReporter(reporterOptions);
  const stop = new AbortController();
  // Loaded where it is wanted: a server, and what answers it.
  const watched = values.live !== undefined || values['alert-webhook'] !== undefined || values['fail-on-alert'];
  const note = (line: string): void => reporter.note(line);
  const webhook = webhookOption(values['alert-webhook']);
  const watch = watched
    ? await (await import('./live.ts')).watchRun({ live: values.live, webhook, limit, note })
    : null;
  const events = runRecipe(recipe, { ...runOptions, stop: stop.signal });
  let seen: Followed;
  try {
    seen = await follow(watch ? events.pipe(tap((e) => watch.event(e))) : events, stop, reporter, values.json);
  } catch (error) {
    if (watch === null) throw error;
    watch.fail(error);
    printError(error);
    await watch.end(toStderr);
    throw new Exit(exitCodeOf(error));
  }
  const { end, planned, progress } = seen;
  // What the folder holds before its run.json is written is of an earlier run, and no pipe was copied whole.
  const again = planned === null ? commandAgain(args) : runOptions.command.args.map(shellWord).join(' ');
  const streams = planned === null ? streamsAgain(runOptions.input ?? recipe.input) : null;
  const resume = `${program()} run ${again}\n${streams === null ? '' : `${streams}\n`}`;
  if (end === 'killed') {
    process.stderr.write(`Stopped immediately. Committed work is kept. To resume:\n  ${resume}`);
    // Workers may be in the middle of a batch: nobody waits for them.
    process.exit(EXIT.interrupted);
  }
  if (end.type === 'stopped') {
    const phase = progress && progress.phases > 1 ? ` ${safeText(progress.phase)}` : '';
    const done = progress ? `${progress.splitsDone} of ${plural(progress.splits, 'split')}${phase} done. ` : '';
    await watch?.end(null);
    process.stderr.write(
      `Stopped: ${done}Committed work is kept in ${end.store ?? shownPath(end.run)}. To resume:\n  ${resume}`,
    );
    return EXIT.interrupted;
  }
  if (end.type !== 'finished') throw new Error(`a run that ended with ${end.type}`);
  // What another machine has finished is not here.
  const here = end.already && end.store ? await viewOfStored(end.store, () => true) : end.run;
  if (wantsCard(values, end.already, end.result.seconds)) {
    const { hasOthersCard, writeCard } = await import('../../ledger/card/write-card.ts');
    // A card that nobody asked for stands back.
    if (values.card || !(await hasOthersCard(end.run))) await writeCard(end.store ?? end.run, false);
  }
  if (!values.json) {
    const steps = recipe.steps.map((s) => s.descriptor);
    const missing = await fieldNotes(plannedFiles(here), recipe.read, steps);
    await printSummary(standardOutput(), {
      run: resolve(here),
      shown: end.store ?? shownPath(end.run),
      result: end.result,
      skipped: planned?.skipped ?? [],
      warnings: [...missing, ...(planned?.warnings ?? []), ...shardSizeNote(end.result, shardSize, end.already)],
      peakBytes: end.already ? null : process.resourceUsage().maxRSS * 1024,
      bytesPerSecond: end.already ? null : (end.result.totals?.read.bytes ?? 0) / end.result.seconds,
      already: end.already,
    });
  }
  await watch?.end(toStderr);
  if (readNothing(end.result.totals) && !values['allow-quarantine']) return EXIT.failed;
  return values['fail-on-alert'] && watch && watch.alerts > 0 ? EXIT.alerts : EXIT.done;
}

/** Errors: ConfigError for what is no address. */
function webhookOption(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new ConfigError({
    expected: 'an address that begins with http:// or https://',
    got: `'${text}'`,
    where: '--alert-webhook',
  });
}

const toStderr = (line: string): void => void process.stderr.write(`${line}\n`);

/** A finished run keeps its shards; of an earlier version their size is not known. A file is a split at least. */
function shardSizeNote(run: RunJson, asked: number | undefined, already: boolean): string[] {
  if (asked === undefined) return [];
  if (!already)
    return asked >= SPLIT_TEXT_BYTES || (run.totals?.kept.bytes ?? 0) <= asked
      ? []
      : ['--shard-size: an output file is at least one split, about 32 MB of text before compression'];
  if (asked === run.shardSize) return [];
  const written = run.shardSize ? `, for ${run.shardSize} bytes` : '';
  return [`--shard-size is not used: the shards are written already${written}`];
}

/** Whether there were records and none of them could be read as a document. */
const readNothing = (totals: Counters | null): boolean =>
  totals !== null && totals.read.documents > 0 && lostDocuments(totals) >= totals.read.documents;

export const runCommand: Command = {
  help: {
    usage: '<recipe.ts | built-in name | planned run directory> [options]',
    about:
      'Runs a recipe over files. Writes the kept documents, a ledger with the outcome of every document, ' +
      'and a quarantine of what could not be read. Input files are never modified. To resume an ' +
      'interrupted run, give the same command again.',
    options: runSpecs,
    examples: [
      ["sluice run quickstart --input 'data/*.jsonl.gz'", 'a built-in recipe over gzipped JSON lines'],
      [
        'sluice run quickstart --input data.jsonl --text-field content --set gopher_quality.min_words=30',
        'another text field, a lower threshold',
      ],
      ["sluice run recipe.ts --input 'crawl/**/*.parquet' --output out/crawl --workers 8", 'a recipe of your own'],
      ["sluice run quickstart --input 'data/*' --sample 1% --output out/try", 'try one percent first'],
      ['sluice run --recut out/crawl --set gopher_quality.min_words=30', 'a threshold changed in a finished run'],
      ['cat data.jsonl | sluice run quickstart --input - --json', 'from standard input, with machine-readable events'],
    ],
    more: async () => [
      ...(await builtInLines()),
      '',
      ...eventLines(),
      '',
      'Guards check a run from 1,000 documents on, split by split in input order. A guard that stops a run ' +
        'reports what ' +
        'it saw and the --allow-* flag that overrides it. The same command with that flag resumes the run.',
    ],
  },
  run,
};
