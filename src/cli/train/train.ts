import { availableParallelism } from 'node:os';
import { loadContinual } from '../../recipe/loader.ts';
import { train } from '../../run/train/train.ts';
import { safeJson } from '../../safe-text.ts';
import { type Command, parseCommandLine, percentOption, wholeNumber } from '../command.ts';
import { EXIT, errorEvent } from '../failure.ts';
import { program } from '../program.ts';
import { commandAgain, streamsAgain } from '../terminal/again.ts';
import { count } from '../terminal/format.ts';
import { standardOutput, warn } from '../terminal/terminal.ts';
import { lastEvent, stopOnSignals, trainingExecutor } from '../training-process.ts';
import { trainRecipe, trainSpecs } from './train-options.ts';
import { liveView, plainView, printTraining, type TrainView } from './train-view.ts';

const MOST_THREADS = 4;

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseCommandLine('train', args, trainSpecs, ['recipe']);
  const recipe = await trainRecipe(await loadContinual(positionals[0]), values);
  const anneal = wholeNumber(values.anneal, '--anneal');
  const limit = wholeNumber(values.limit, '--limit');
  const samplePercent = percentOption(values.sample, '--sample');
  const threads = wholeNumber(values.threads, '--threads') ?? Math.min(MOST_THREADS, availableParallelism());
  const executor = await trainingExecutor(values.executor, threads);
  const stop = stopOnSignals();
  const view = values.json ? jsonView() : peopleView();
  try {
    const events = train(recipe, {
      executor,
      input: values.input.length > 0 ? [...values.input] : undefined,
      replay: values.replay.length > 0 ? [...values.replay] : undefined,
      output: values.output,
      fresh: values.fresh,
      anneal,
      limit,
      samplePercent,
      stop: stop.signal,
      onWarning: warn,
    });
    const last = await lastEvent(events, (event) => view.event(event));
    view.close();
    if (last.type === 'stopped') {
      const again = commandAgain(args.filter((a) => a !== '--fresh'));
      const streams = streamsAgain(values.input);
      process.stderr.write(
        `Stopped at step ${count(last.step)} of ${count(last.steps)}. To resume:\n  ${program()} train ` +
          `${again}\n${streams === null ? '' : `${streams}\n`}`,
      );
      return EXIT.interrupted;
    }
    if (last.type === 'finished' && !values.json) printTraining(standardOutput(), last);
    return EXIT.done;
  } catch (error) {
    view.close();
    if (values.json) process.stdout.write(`${safeJson(JSON.stringify(errorEvent(error)))}\n`);
    throw error;
  } finally {
    stop.release();
    await executor.close();
  }
}

const jsonView = (): TrainView => ({
  event: (event) => void process.stdout.write(`${safeJson(JSON.stringify(event))}\n`),
  close: () => {},
});

const peopleView = (): TrainView =>
  process.stderr.isTTY ? liveView(process.stderr) : plainView((line) => void process.stderr.write(`${line}\n`));

/** `sluice train`: curated, mixed text into a model, and what it learned. */
export const trainCommand: Command = {
  help: {
    usage: '<recipe> --input GLOB [options]',
    about:
      'Trains a model on: curates the input (or takes the tokens of a run), goes on with the weights of a model ' +
      'along a schedule, replays old text, and measures each domain on held-out documents before, during and ' +
      'after. Writes a Hugging Face directory, checkpoints, and numbers for TensorBoard and spreadsheets. The ' +
      'same command resumes.',
    options: trainSpecs,
    examples: [
      ["sluice train continual --input 'folder/*.jsonl'", 'the model that ships, re-warmed on what is kept'],
      [
        "sluice train continual --input 'new/*.jsonl' --replay 'old/*.jsonl' --replay-share 5%",
        'with replay; what is forgotten of the old text is measured',
      ],
      [
        'sluice train continual --input out --model gpt2/ --tokens 5_000_000',
        'tokens of a run, and a model of your own',
      ],
    ],
    more: async () => [
      'Events of --json, each with `type`. Later versions only add fields:',
      '  curating  of (input, replay) event                  (an event of the run that makes tokens)',
      '  start     folder record model fromStep steps notMeasured[] seenBefore',
      '  step      step tokensSeen loss lossByDomain learningRate gradientNorm weights tokensPerSecond',
      '  measured  measurement{step,tokensSeen,trainLoss,bitsPerByte,byDomain}',
      '  saved     step path                                 (a checkpoint)',
      '  revived   domain steps                              (--revive; null: not within STEPS)',
      '  stopped   folder step steps                         (exit code 130)',
      '  finished  folder already early record               (exit code 0)',
    ],
  },
  run,
};
