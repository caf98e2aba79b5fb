import { join } from 'node:path';
import { loadReference } from '../../recipe/loader.ts';
import { safeJson, safeText } from '../../safe-text.ts';
import { trainReference } from '../../training/train-reference.ts';
import type { Measurement, ReferenceJson, TrainingEvent } from '../../training/training-types.ts';
import { type Command, type OptionSpecs, parseCommandLine, wholeNumber } from '../command.ts';
import { EXIT } from '../failure.ts';
import { program } from '../program.ts';
import { readOptionsFrom, readSpecs } from '../recipe-options.ts';
import { commandAgain, streamsAgain } from '../terminal/again.ts';
import { count, duration, percent, unread } from '../terminal/format.ts';
import { standardOutput, tableLines, warn } from '../terminal/terminal.ts';
import { lastEvent, stopOnSignals, trainingExecutor } from '../training-process.ts';

const options = {
  input: { value: 'GLOB', many: true, help: 'Files, folders or globs to read. Quote globs.' },
  ...readSpecs,
  output: {
    value: 'DIR',
    help: 'Folder of the model. Default sluice-out/<recipe>. Running again resumes.',
  },
  tokens: { value: 'N', help: 'Tokens to train on, instead of the number in the recipe.' },
  executor: { value: 'NAME', help: 'Model runtime: auto (default), or a name that `sluice doctor` lists.' },
  threads: {
    value: 'N',
    help: 'Threads per training step. Default 1. Other numbers may change the last digits of the weights.',
  },
  fresh: { help: 'Delete an earlier training in the output folder first.' },
  json: { help: 'One JSON object per line on standard output.' },
} as const satisfies OptionSpecs;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('train-reference', args, options, ['recipe']);
  const loaded = await loadReference(positionals[0]);
  const tokens = wholeNumber(values.tokens, '--tokens') ?? loaded.training.tokens;
  const reference = {
    ...loaded,
    read: readOptionsFrom(values, loaded.read),
    training: { ...loaded.training, tokens },
  };
  const executor = await trainingExecutor(values.executor, wholeNumber(values.threads, '--threads') ?? 1);
  const stop = stopOnSignals();
  const events = trainReference(reference, {
    executor,
    input: values.input.length > 0 ? [...values.input] : undefined,
    output: values.output,
    fresh: values.fresh,
    stop: stop.signal,
    onWarning: warn,
  });
  const show = values.json ? jsonLines : progressLines();
  try {
    const last = await lastEvent(events, show);
    if (last.type === 'stopped') {
      const again = commandAgain(args.filter((a) => a !== '--fresh'));
      const streams = streamsAgain(values.input);
      process.stderr.write(
        `Stopped at step ${count(last.step)} of ${count(last.steps)}. To resume:\n  ${program()} ` +
          `train-reference ${again}\n${streams === null ? '' : `${streams}\n`}`,
      );
      return EXIT.interrupted;
    }
    if (last.type === 'finished' && !values.json) summary(last.folder, last.model, last.already);
    return EXIT.done;
  } finally {
    stop.release();
    await executor.close();
  }
}

const jsonLines = (event: TrainingEvent): void => void process.stdout.write(`${safeJson(JSON.stringify(event))}\n`);

const LINE_MS = 2000;

/** A line that is written over on a terminal, else one every few seconds. */
function progressLines(): (event: TrainingEvent) => void {
  const { stderr } = process;
  const terminal = stderr.isTTY === true;
  let shown = 0;
  let began = performance.now();
  let fromStep = 0;
  let held: Measurement | null = null;
  const line = (text: string, replace: boolean): void =>
    void stderr.write(terminal && replace ? `\r\u001b[K${text}` : `${terminal ? '\r\u001b[K' : ''}${text}\n`);
  return (event) => {
    switch (event.type) {
      case 'reading':
        line(
          event.documents === 0 ? 'Reading ...' : `${count(event.documents)} documents read and divided by group`,
          event.documents === 0,
        );
        break;
      case 'start':
        began = performance.now();
        fromStep = event.fromStep;
        line(
          `${(event.model.parameters / 1e6).toFixed(2)} M parameters, ${count(event.trainTokens)} tokens to ` +
            `train on, ${count(event.model.steps)} ` +
            `steps${fromStep > 0 ? `; resuming at step ${count(fromStep)}` : ''}; ${event.model.executor}`,
          false,
        );
        break;
      case 'step': {
        const now = performance.now();
        if (now - shown < (terminal ? 200 : LINE_MS) && event.step < event.steps) break;
        shown = now;
        const left = ((now - began) / (event.step - fromStep)) * (event.steps - event.step);
        const bits = held?.bitsPerByte ?? null;
        const heldOut = bits === null ? '' : `  held out ${bits.toFixed(3)} bits per byte`;
        line(
          `${percent(event.step, event.steps).padStart(7)}  step ${count(event.step)}  loss ` +
            `${event.loss.toFixed(3)}${heldOut}  ${count(Math.round(event.tokensPerSecond))} tokens/s  ` +
            `${duration(left / 1000)} left`,
          true,
        );
        break;
      }
      case 'measured':
        held = event.measurement;
        break;
      case 'stopped':
      case 'finished':
        if (terminal) stderr.write('\r\u001b[K');
    }
  };
}

function summary(folder: string, model: ReferenceJson, already: boolean): void {
  const { out, style } = standardOutput();
  const first = model.measurements[0];
  const last = model.measurements.at(-1);
  out(
    `${already ? 'Already done' : 'Done'}: ${(model.parameters / 1e6).toFixed(2)} M parameters, ` +
      `${count(model.tokens)} tokens (${model.epochs.toFixed(2)} epochs), ${count(model.documents.train)} ` +
      `training documents, ${count(model.documents.heldOut)} held out, ${count(model.documents.rest)} ` +
      `unused${unread(model.documents.aside)}`,
  );
  if (last && last.bitsPerByte === null) out('No documents were held out, so nothing was measured.');
  else if (first && last) {
    out();
    const shown = first === last ? [last] : [first, last];
    const row = (name: string, bits: (m: Measurement) => number | null | undefined): string[] => [
      safeText(name),
      ...shown.map((m) => bits(m)?.toFixed(3) ?? ''),
    ];
    const domains = Object.keys(last.byDomain).sort();
    const rows = [...domains.map((d) => row(d, (m) => m.byDomain[d])), row('all', (m) => m.bitsPerByte)];
    const titles = shown.map((m) => ({ title: `at step ${count(m.step)}`, align: 'right' as const }));
    for (const line of tableLines([{ title: 'held-out bits per byte' }, ...titles], rows)) out(line);
  }
  out();
  out(style.bold(`Model  ${shownFolder(folder)}`));
  out(
    '  config.json, model.safetensors, tokenizer.json, README.md (its card), trained-on.bin (hashes of its ' +
      'training documents)',
  );
}

const shownFolder = (folder: string): string =>
  safeText(folder.startsWith(join(process.cwd(), '/')) ? folder.slice(process.cwd().length + 1) : folder);

export const trainReferenceCommand: Command = {
  help: {
    usage: '<recipe> --input GLOB [options]',
    about:
      'Trains a small language model for scoring text. The input is divided by group, with a seed, into a ' +
      'training set, a held-out set for evaluation, and the rest, which is left to score.',
    options,
    examples: [
      [
        "sluice train-reference reference --input 'corpus/*.jsonl.zst'",
        'the built-in recipe: 1.8 M parameters over 4,096 byte pairs',
      ],
      ['sluice train-reference my-reference.ts --output models/mine', 'a recipe of your own; run again to resume'],
    ],
  },
  run,
};
