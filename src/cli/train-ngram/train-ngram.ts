import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { ConfigError } from '../../errors.ts';
import { removeTemporary } from '../../files/whole.ts';
import { isNgramFile } from '../../models/ngram/file.ts';
import {
  type NgramModel,
  ngramTrainer,
  type TrainNgramOptions,
  writeArpa,
  writeNgram,
} from '../../models/ngram/index.ts';
import { runInput } from '../../operators/run-input.ts';
import { parseBytes } from '../../run/options.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import type { QuarantinedRecord } from '../../streams/batch/outcome.ts';
import { groupHasher } from '../../streams/inputs/groups.ts';
import { wantedDomains } from '../../streams/inputs/wanted-domains.ts';
import { metadataField } from '../../streams/plan/missing-fields.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { EXIT } from '../failure.ts';
import { program } from '../program.ts';
import { readOptionsFrom, readSpecs } from '../recipe-options.ts';
import { count, shellWord, size, unread } from '../terminal/format.ts';
import { standardOutput, warn } from '../terminal/terminal.ts';

const options = {
  input: { value: 'GLOB', many: true, help: 'Clean text to train on: files, folders, globs.' },
  output: { value: 'FILE', help: 'Model file to write; .arpa selects ARPA format. Default reference.ngram.' },
  split: { value: 'KIND', help: 'Unit of the n-grams: bytes (default; any language, no unknown words) or words.' },
  order: { value: 'N', help: 'Length of the longest n-gram, 2 to 6. Default 6 for bytes, 5 for words.' },
  prune: {
    value: 'LIST',
    help: 'Drop n-grams that occur at most this often, by order. Default 0,0,1.',
  },
  'group-by': {
    value: 'FIELD',
    help:
      'Field that groups related documents (a book, a site). Documents of a trained-on group are never ' +
      'scored. Default metadata.group.',
  },
  domain: { value: 'NAME', many: true, help: 'Only documents of this domain.' },
  ...readSpecs,
  memory: { value: 'SIZE', help: 'Memory for counting; beyond it counts go to disk. Default 256MB.' },
} as const satisfies OptionSpecs;

const INTERRUPTS = ['SIGINT', 'SIGTERM'] as const;

async function run(args: readonly string[]): Promise<number> {
  const { values } = parseCommandLine('train-ngram', args, options, []);
  const { input, output = 'reference.ngram', split = 'bytes', domain } = values;
  const where = 'sluice train-ngram';
  if (input.length === 0)
    throw new ConfigError({
      expected: '--input GLOB (clean text)',
      got: 'no --input',
      where,
      fix: 'See: sluice train-ngram --help',
    });
  if (split !== 'words' && split !== 'bytes')
    throw new ConfigError({ expected: '--split words or bytes', got: split, where });
  const prune = values.prune?.split(',').map((p) => wholeNumber(p, '--prune', 0) ?? 0);
  const settings: TrainNgramOptions = {
    split,
    order: wholeNumber(values.order, '--order', 2),
    prune,
    memoryBytes: values.memory === undefined ? 256e6 : parseBytes(values.memory, '--memory'),
    name: output.replace(/^.*[/\\]/, '').replace(/\.[a-z]+$/, ''),
  };
  const groupBy = values['group-by'] ?? 'metadata.group';
  if (!/^(text|metadata(\.[^.]+)+)$/.test(groupBy))
    throw new ConfigError({ expected: '--group-by text or metadata.<field>', got: groupBy, where });
  await checkOutput(output);
  const hashes = await groupHasher(groupBy);
  const trainer = ngramTrainer({ ...settings, groupBy });
  let documents = 0;
  let unreadable = 0;
  const wanted = wantedDomains(domain.length > 0 ? domain : null, where);
  const write = async (batch: DocumentBatch): Promise<void> => {
    const text = batch.utf8('text');
    for (const i of batch.aliveRows()) {
      if (!wanted.covers(batch, i)) continue;
      const { group, text: own } = hashes(batch, i);
      const document = text.values.subarray(text.offsets[i], text.offsets[i + 1]);
      trainer.add(document, group === own ? [own] : [group, own]);
      documents++;
    }
  };
  const stopped = (): number => {
    process.stderr.write('\nStopped. No model was written.\n');
    return EXIT.interrupted;
  };
  const leaveReading = onInterrupt(() => process.exit(stopped()));
  try {
    const quarantine = (r: QuarantinedRecord): void => {
      unreadable += r.rows ?? 1;
    };
    const read = readOptionsFrom(values);
    const fields = values['group-by'] === undefined ? [] : metadataField(groupBy, '--group-by');
    await runInput({ input, read, sink: { quarantine, write }, onWarning: warn, fields, output });
    wanted.check();
    if (documents === 0)
      throw new ConfigError({
        expected: 'documents to train on',
        got: `none${unread(unreadable)}`,
        where: input.join(' '),
        fix: `Look into the input: ${program()} inspect ${input.map(shellWord).join(' ')}`,
      });
    // A signal that came while the last batch was counted is heard in the second turn at the latest.
    await turn();
    await turn();
    // This thread is busy now and hears nothing: a signal ends it at once, and its counts are in files without a name.
    leaveReading();
    const model = trainer.finish();
    if (!(await written(output, model))) return stopped();
    const { out, style } = standardOutput();
    const { trie, vocabulary, origin } = model;
    out(
      `Trained on ${count(documents)} documents, ${size(origin.textBytes)} of text, ` +
        `${count(origin.tokens)} ` +
        `${split === 'words' ? 'words and line ends' : 'bytes and ends'}${unread(unreadable)}.`,
    );
    out(
      `Wrote ${style.bold(shellWord(output))}: ${count(trie.token.length)} n-grams of up to ${trie.order} ` +
        `${split}, ${count(vocabulary.size)} in the vocabulary.`,
    );
    out();
    out(`  ${program()} run perplexity-ngram --input 'other/*.jsonl.gz' --set perplexity.model=${shellWord(output)}`);
    const warning = output.endsWith('.arpa')
      ? 'do not score its training documents: they would look too good, and ARPA does not record which they are'
      : 'its training documents, and others of their groups, get no score';
    out(`      ${style.dim(warning)}`);
  } finally {
    leaveReading();
    trainer.abort();
  }
  return 0;
}

/** @returns what takes it back */
function onInterrupt(interrupt: () => void): () => void {
  for (const signal of INTERRUPTS) process.on(signal, interrupt);
  return () => {
    for (const signal of INTERRUPTS) process.off(signal, interrupt);
  };
}

/** False when a signal came first: then nothing of the model is left. */
async function written(output: string, model: NgramModel): Promise<boolean> {
  const stop = new AbortController();
  const leave = onInterrupt(() => stop.abort());
  try {
    await (output.endsWith('.arpa') ? writeArpa : writeNgram)(output, model, stop.signal);
    return true;
  } catch (error) {
    if (stop.signal.aborted) return false;
    throw error;
  } finally {
    leave();
  }
}

/**
 * Before hours of counting: the folder is made, and what is there must be a model of ours, or nothing. What a killed
 * training left half written goes.
 */
async function checkOutput(output: string): Promise<void> {
  await mkdir(dirname(output), { recursive: true });
  await access(dirname(output), constants.W_OK);
  await removeTemporary(output);
  const found = await stat(output).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found === null || (found.isFile() && (found.size === 0 || (await isNgramFile(output))))) return;
  if (found.isFile())
    throw new ConfigError({
      expected: 'a new file, or a model that Sluice has made',
      got: 'another file',
      where: output,
      fix: 'Delete it, or choose another name with --output. Sluice never writes over what is not its own.',
    });
  throw new ConfigError({
    expected: '--output FILE',
    got: found.isDirectory() ? 'a folder' : 'something that is not a file',
    where: output,
    fix: 'Name a file in it, such as reference.ngram.',
  });
}

export const trainNgramCommand: Command = {
  help: {
    usage: '--input GLOB [--output FILE] [options]',
    about:
      'Trains an n-gram model for perplexity (modified Kneser-Ney) on clean text, in one pass and bounded ' +
      'memory. The model stores hashes of its training documents and their groups, and never scores them.',
    options,
    examples: [
      ["sluice train-ngram --input 'wiki/*.jsonl.gz'", 'bytes, order 6, to reference.ngram'],
      ['sluice train-ngram --input clean.parquet --split words --output words.arpa', 'words, for tools that read ARPA'],
    ],
  },
  run,
};
