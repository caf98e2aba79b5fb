import { ConfigError, nearestName } from '../errors.ts';
import { SLUICE_VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { exitCodeOf, printError } from './failure.ts';
import { type CommandTable, printCommandHelp, printHelp } from './help.ts';
import { standardOutput } from './terminal/terminal.ts';

const commands: CommandTable = {
  run: {
    summary: 'run a recipe over files; run again to resume',
    load: async () => (await import('./run/run.ts')).runCommand,
  },
  plan: {
    summary: 'what a run would do, how long it takes and how much it keeps; --nodes plans one on many',
    load: async () => (await import('./plan/plan.ts')).plan,
  },
  finish: {
    summary: 'end a run on many nodes: one log, one directory',
    load: async () => (await import('./nodes/finish.ts')).finishCommand,
  },
  slurm: {
    summary: 'submit a run on many nodes to Slurm, or what is missing of it',
    load: async () => (await import('./nodes/slurm.ts')).slurmCommand,
  },
  kubernetes: {
    summary: 'print the Indexed Job of a run on many nodes',
    load: async () => (await import('./nodes/kubernetes.ts')).kubernetesCommand,
  },
  ray: {
    summary: "submit a run on many nodes to Ray's job server",
    load: async () => (await import('./nodes/ray.ts')).rayCommand,
  },
  feed: {
    summary: 'serve the tokens of runs to trainers, mixed by weights or losses',
    load: async () => (await import('./feed/feed.ts')).feedCommand,
  },
  export: {
    summary: 'the tokens of runs as nanoGPT, llm.c, Megatron, MDS or Parquet files',
    load: async () => (await import('./export/export.ts')).exportCommand,
  },
  inspect: {
    summary: 'formats, fields, counts and samples of files',
    load: async () => (await import('./inspect/inspect.ts')).inspect,
  },
  sql: {
    summary: 'query the output and ledger of a run in SQL',
    load: async () => (await import('./sql/sql.ts')).sql,
  },
  explain: {
    summary: 'every decision on one document, and what would have kept it',
    load: async () => (await import('./explain/explain.ts')).explain,
  },
  'what-if': {
    summary: 'what other thresholds would keep, from the ledger alone',
    load: async () => (await import('./what-if/what-if.ts')).whatIf,
  },
  sample: {
    summary: 'some documents of a run to read: dropped ones, those of a rule or of a query',
    load: async () => (await import('./sample/sample.ts')).sample,
  },
  diff: {
    summary: 'what changed between two runs: recipe, kept tokens, documents that changed sides',
    load: async () => (await import('./diff/diff.ts')).diff,
  },
  bias: {
    summary: 'which domains, lengths and languages the rules of a run hit harder',
    load: async () => (await import('./bias/bias.ts')).bias,
  },
  card: {
    summary: 'the data card of a run: JSON, Markdown and one HTML page',
    load: async () => (await import('./card/card.ts')).card,
  },
  train: {
    summary: 'train a model on with curated, mixed text; run again to resume',
    load: async () => (await import('./train/train.ts')).trainCommand,
  },
  'train-reference': {
    summary: 'train a small language model for scoring; run again to resume',
    load: async () => (await import('./train-reference/train-reference.ts')).trainReferenceCommand,
  },
  compare: {
    summary: 'does this filter or mix help? trains a small model on each run and says',
    load: async () => (await import('./compare/compare.ts')).compareCommand,
  },
  eval: {
    summary: 'bits per byte and items of models on held-out text: what was learned and forgotten',
    load: async () => (await import('./eval/eval.ts')).evalCommand,
  },
  clusters: {
    summary: 'which documents are duplicates, and how they differ',
    load: async () => (await import('./clusters/clusters.ts')).clusters,
  },
  serve: {
    summary: 'the live page of a run, from its directory alone',
    load: async () => (await import('./serve/serve.ts')).serveCommand,
  },
  status: {
    summary: 'progress of a run, and how to resume it',
    load: async () => (await import('./status/status.ts')).status,
  },
  'train-ngram': {
    summary: 'train a cheap n-gram model for perplexity',
    load: async () => (await import('./train-ngram/train-ngram.ts')).trainNgramCommand,
  },
  mix: {
    summary: 'what a mixture of domains would draw: tokens, epochs, repeats',
    load: async () => (await import('./mix/mix.ts')).mix,
  },
  doctor: {
    summary: 'check that everything works on this machine',
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  },
  assets: {
    summary: 'lists and models that cannot ship: what there is, fetching and adding',
    load: async () => (await import('./assets/assets.ts')).assets,
  },
  init: { summary: 'write a starter recipe', load: async () => (await import('./init/init.ts')).init },
};

/**
 * The command line `sluice ARGS` in this process, up to its exit code; it prints to standard output and error. What a
 * command throws is printed as an error, never thrown.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    printError(error);
    return exitCodeOf(error);
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
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
