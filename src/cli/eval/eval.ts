import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { refuseOthersFile } from '../../files/others-file.ts';
import { writeWhole } from '../../files/whole.ts';
import type { Executor } from '../../models/executors/executor.ts';
import { executorName, pickExecutor } from '../../models/executors/pick-executor.ts';
import { type PoolDocument, readPool } from '../../training/compare/pool.ts';
import { readItems } from '../../training/forgetting/items.ts';
import type { HeldOutDocument } from '../../training/forgetting/measures.ts';
import { forgettingMarkdown } from '../../training/forgetting/report-markdown.ts';
import { forgettingSvg } from '../../training/forgetting/report-svg.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { jsonLine } from '../compare/compare-view.ts';
import { EXIT } from '../failure.ts';
import { readOptionsFrom, readSpecs } from '../recipe-options.ts';
import { standardOutput, warn } from '../terminal/terminal.ts';
import { evaluationLines, notesOf } from './eval-view.ts';
import { type Evaluation, evaluated } from './evaluation.ts';
import { type EvaluatedModel, openEvaluated } from './open-scorer.ts';

const options = {
  input: {
    value: 'GLOB',
    many: true,
    help: 'Held-out documents to measure on: files, folders, globs, run directories.',
  },
  items: {
    value: 'FILE',
    help: 'Questions with choices: JSON lines of question, choices and answer (ARC and MMLU as the hub has them).',
  },
  seeds: { help: 'The models after the first are one training with several seeds: one report with their spread.' },
  bytes: { value: 'N', help: 'Bytes of each domain to measure on, a random part. Default 65,536.' },
  ...readSpecs,
  output: { value: 'DIR', help: 'Folder for eval.md, eval.json and eval.svg. Default: nothing is written.' },
  executor: { value: 'NAME', help: 'Model runtime: auto (default), or a name that `sluice doctor` lists.' },
  json: { help: 'The report as JSON on standard output.' },
} as const satisfies OptionSpecs;

const BYTES = 65_536;
const BYTES_OF_A_DOCUMENT = 8192;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('eval', args, options, ['model...']);
  if (values.input.length === 0 && values.items === undefined)
    throw new ConfigError({
      expected: 'something to measure on',
      got: 'neither --input nor --items',
      where: 'sluice eval',
      fix: "Give --input 'held-out/*.jsonl', --items items.jsonl, or both.",
    });
  const output = values.output === undefined ? null : resolve(values.output);
  if (output !== null) await refuseForeign(output);
  const name = values.executor === undefined ? 'auto' : executorName(values.executor);
  let picked: Promise<Executor> | null = null;
  const executor = (): Promise<Executor> => {
    picked ??= pickExecutor(name, { threads: 1 }).then((p) => p.executor);
    return picked;
  };
  const opened: EvaluatedModel[] = [];
  try {
    for (const path of positionals) opened.push(await openEvaluated(path, executor));
    const bytes = wholeNumber(values.bytes, '--bytes') ?? BYTES;
    const items = values.items === undefined ? [] : await readItems(values.items);
    const pool =
      values.input.length === 0
        ? null
        : await readPool([...values.input], {
            read: readOptionsFrom(values),
            groupBy: 'metadata.group',
            seed: 0,
            trainBytes: 0,
            heldOutBytes: bytes,
            heldOutShare: 1,
            never: new Set(),
            leftOut: { has: (hash) => opened.some((m) => m.trainedOn?.has(hash)) },
            measured: BYTES_OF_A_DOCUMENT,
            onWarning: warn,
          });
    const documents = (pool?.heldOut ?? []).map(documentOf);
    if (pool !== null && documents.length === 0)
      throw new ConfigError({
        expected: 'documents that no model was trained on',
        got: pool.leftOut > 0 ? `${pool.leftOut} that were trained on` : 'none',
        where: values.input.join(', '),
      });
    const evaluation = await evaluated(opened, positionals, documents, items, values.seeds, pool?.leftOut ?? 0);
    if (output !== null) await write(output, evaluation);
    if (values.json) jsonLine(evaluation);
    else {
      const terminal = standardOutput();
      for (const line of evaluationLines(evaluation, output, terminal)) terminal.out(line);
    }
    return EXIT.done;
  } finally {
    for (const { scorer } of opened) await scorer.close?.();
  }
}

const documentOf = ({ domain, text }: PoolDocument): HeldOutDocument => ({
  domain,
  text: Buffer.from(text).toString('utf8'),
});

/** What it writes, and what that looks like. */
const OWN: Readonly<Record<string, (head: string) => boolean>> = {
  'eval.md': (head) => head.startsWith('# Learned and forgotten'),
  'eval.json': (head) => head.startsWith('{') && head.includes('"models"'),
  'eval.svg': (head) => head.startsWith('<svg') && /after less before/.test(head),
};

async function refuseForeign(folder: string): Promise<void> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  for (const name of Object.keys(OWN))
    await refuseOthersFile(join(folder, name), OWN[name], { what: 'an evaluation', option: '--output' });
  if (names.length === 0 || names.some((name) => name in OWN || name === 'training.json')) return;
  throw new ConfigError({
    expected: 'an empty or new folder, that of a training, or one of an earlier evaluation',
    got: `a folder with other files (${names.slice(0, 3).join(', ')})`,
    where: folder,
    fix: 'Choose another --output.',
  });
}

async function write(folder: string, evaluation: Evaluation): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { changes } = evaluation;
  const parts = changes.map(
    ({ to, report }) => `## ${evaluation.models[0].name} to ${to}\n\n${forgettingMarkdown(report)}`,
  );
  const notes = notesOf(evaluation).join('\n');
  await writeWhole(join(folder, 'eval.md'), `# Learned and forgotten\n\n${notes}\n\n${parts.join('\n')}`);
  await writeWhole(join(folder, 'eval.json'), `${JSON.stringify(evaluation, null, 1)}\n`);
  if (changes.length > 0) await writeWhole(join(folder, 'eval.svg'), forgettingSvg(changes[0].report));
}

export const evalCommand: Command = {
  help: {
    usage: '<model> [<model> ...] --input GLOB [--items FILE] [options]',
    about:
      'What models are worth on held-out text, and what changed from the first to the others: bits per byte by ' +
      'domain, log-likelihoods of the choices of items, and items that were right and are wrong now (negative ' +
      'flips). ' +
      'A model is a folder that Sluice or Hugging Face wrote, or the file of an n-gram model.',
    options,
    examples: [
      ["sluice eval before after --input 'held-out/*.jsonl'", 'what was learned and forgotten, by domain'],
      ['sluice eval before after --items arc.jsonl', 'log-likelihoods of the choices'],
      ["sluice eval before seed-0 seed-1 seed-2 --seeds --input 'held-out/*.jsonl'", 'with the spread over seeds'],
    ],
  },
  run,
};
