#!/usr/bin/env node
import type { Command } from './cli/command.ts';
import { exitCodeOf, printError } from './cli/failure.ts';
import { type CommandTable, printCommandHelp, printHelp } from './cli/help.ts';
import { standardOutput } from './cli/terminal/terminal.ts';
import { ConfigError, nearestName } from './errors.ts';
import { SLUICE_VERSION } from './version.ts';

const commands: CommandTable = {
  run: {
    summary: 'run a recipe over files; run again to resume',
    load: async () => (await import('./cli/run/run.ts')).runCommand,
  },
  plan: {
    summary: 'what a run would do, how long it takes and how much it keeps; writes nothing',
    load: async () => (await import('./cli/plan/plan.ts')).plan,
  },
  feed: {
    summary: 'serve the tokens of runs to trainers, mixed by weights or losses',
    load: async () => (await import('./cli/feed/feed.ts')).feedCommand,
  },
  export: {
    summary: 'the tokens of runs as nanoGPT, llm.c, Megatron, MDS or Parquet files',
    load: async () => (await import('./cli/export/export.ts')).exportCommand,
  },
  inspect: {
    summary: 'formats, fields, counts and samples of files',
    load: async () => (await import('./cli/inspect/inspect.ts')).inspect,
  },
  sql: {
    summary: 'query the output and ledger of a run in SQL',
    load: async () => (await import('./cli/sql/sql.ts')).sql,
  },
  explain: {
    summary: 'every decision on one document, and what would have kept it',
    load: async () => (await import('./cli/explain/explain.ts')).explain,
  },
  'what-if': {
    summary: 'what other thresholds would keep, from the ledger alone',
    load: async () => (await import('./cli/what-if/what-if.ts')).whatIf,
  },
  sample: {
    summary: 'some documents of a run to read: dropped ones, those of a rule or of a query',
    load: async () => (await import('./cli/sample/sample.ts')).sample,
  },
  diff: {
    summary: 'what changed between two runs: recipe, kept tokens, documents that changed sides',
    load: async () => (await import('./cli/diff/diff.ts')).diff,
  },
  bias: {
    summary: 'which domains, lengths and languages the rules of a run hit harder',
    load: async () => (await import('./cli/bias/bias.ts')).bias,
  },
  card: {
    summary: 'the data card of a run: JSON, Markdown and one HTML page',
    load: async () => (await import('./cli/card/card.ts')).card,
  },
  train: {
    summary: 'train a model on with curated, mixed text; run again to resume',
    load: async () => (await import('./cli/train/train.ts')).trainCommand,
  },
  'train-reference': {
    summary: 'train a small language model for scoring; run again to resume',
    load: async () => (await import('./cli/train-reference/train-reference.ts')).trainReferenceCommand,
  },
  compare: {
    summary: 'does this filter or mix help? trains a small model on each run and says',
    load: async () => (await import('./cli/compare/compare.ts')).compareCommand,
  },
  eval: {
    summary: 'bits per byte and items of models on held-out text: what was learned and forgotten',
    load: async () => (await import('./cli/eval/eval.ts')).evalCommand,
  },
  clusters: {
    summary: 'which documents are duplicates, and how they differ',
    load: async () => (await import('./cli/clusters/clusters.ts')).clusters,
  },
  serve: {
    summary: 'the live page of a run, from its directory alone',
    load: async () => (await import('./cli/serve/serve.ts')).serveCommand,
  },
  status: {
    summary: 'progress of a run, and how to resume it',
    load: async () => (await import('./cli/status/status.ts')).status,
  },
  'train-ngram': {
    summary: 'train a cheap n-gram model for perplexity',
    load: async () => (await import('./cli/train-ngram/train-ngram.ts')).trainNgramCommand,
  },
  mix: {
    summary: 'what a mixture of domains would draw: tokens, epochs, repeats',
    load: async () => (await import('./cli/mix/mix.ts')).mix,
  },
  doctor: {
    summary: 'check that everything works on this machine',
    load: async () => (await import('./cli/doctor/doctor.ts')).doctor,
  },
  assets: {
    summary: 'lists and models that cannot ship: what there is, fetching and adding',
    load: async () => (await import('./cli/assets/assets.ts')).assets,
  },
  init: { summary: 'write a starter recipe', load: async () => (await import('./cli/init/init.ts')).init },
};

async function main(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    printHelp(standardOutput(), commands);
    return 0;
  }
  if (first === '--version' || first === '-v' || first === 'version') {
    standardOutput().out(SLUICE_VERSION);
    return 0;
  }
  const name = first === 'help' ? rest[0] : first;
  const command = await commandCalled(name);
  const wantsHelp = first === 'help' || untilDoubleDash(rest).some((a) => a === '--help' || a === '-h');
  if (!wantsHelp) return command.run(rest);
  await printCommandHelp(standardOutput(), name, command);
  return 0;
}

const untilDoubleDash = (args: readonly string[]): readonly string[] =>
  args.includes('--') ? args.slice(0, args.indexOf('--')) : args;

async function commandCalled(name: string): Promise<Command> {
  const names = Object.keys(commands);
  if (Object.hasOwn(commands, name)) return commands[name].load();
  const near = nearestName(name, names);
  throw new ConfigError({
    expected: `a command (${names.join(', ')})`,
    got: `'${name}'`,
    where: 'sluice',
    fix: near ? `Did you mean sluice ${near}?` : 'See: sluice --help',
  });
}

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    printError(error);
    process.exitCode = exitCodeOf(error);
  },
);
