// What the loop of continual pretraining costs beside the graph: a real training of the model that ships, from tokens
// on disk, with losses in files. The executor counts the CPU time inside of its steps; what is left is the loop's.
// Targets: the loop <= 5 % of the graph's steps, checkpoints <= 2 % of the time. One thread, in process.
//   npm run bench:training [-- --steps 50 --batch 8 --json]
import { parseArgs } from 'node:util';
import { lastValueFrom, tap } from 'rxjs';
import { continual } from '../../dist/index.js';
import { type Executor, openExecutor } from '../../dist/models/index.js';
import { train } from '../../dist/run/train/train.js';
import { benchmarkLines, inTemporaryFolder } from './corpus.ts';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '50' },
    batch: { type: 'string', default: '8' },
    json: { type: 'boolean' },
  },
});
const CONTEXT = 256;
const [steps, batch] = [Number(values.steps), Number(values.batch)];

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** CPU seconds in training steps and in evaluations. */
const inside = { training: 0, evaluation: 0 };
const plain = await openExecutor('onnxruntime-cpu', { threads: 1 });
const counting: Executor = {
  ...plain,
  async open(graph, tensors, shares) {
    const session = await plain.open(graph, tensors, shares);
    const { run } = session;
    const kind = graph.stateOutputs.length > 0 ? 'training' : 'evaluation';
    const timed: typeof run = async (feeds) => {
      const before = cpu();
      const outputs = await run(feeds);
      inside[kind] += cpu() - before;
      return outputs;
    };
    // The session itself stays: others share its state by it.
    return Object.assign(session, { run: timed });
  },
};

const { input, folder, done } = inTemporaryFolder(benchmarkLines(4e6).lines);
const recipe = continual({
  name: 'bench',
  model: 'prose',
  training: { tokens: steps * batch * CONTEXT, context: CONTEXT, sequences: batch },
});

// Between two events lies the work for the second one.
const spent = { step: 0, measured: 0, saved: 0 };
const wall = { all: 0, saved: 0 };
let before: { readonly cpu: number; readonly wall: number } | null = null;
const events = train(recipe, { executor: counting, input: [input], output: `${folder}/out` }).pipe(
  tap(({ type }) => {
    const now = { cpu: cpu(), wall: performance.now() };
    if (before !== null && (type === 'step' || type === 'measured' || type === 'saved')) {
      spent[type] += now.cpu - before.cpu;
      wall.all += now.wall - before.wall;
      if (type === 'saved') wall.saved += now.wall - before.wall;
    }
    before = type === 'start' || before !== null ? now : null;
  }),
);
await lastValueFrom(events);
done();

// A step event comes before its numbers are written: what is after it falls to the next event, whatever that is.
const loop = spent.step / inside.training - 1;
const checkpoints = wall.saved / wall.all;
const result = {
  steps,
  tokensPerStep: batch * CONTEXT,
  cpuSecondsPerStep: spent.step / steps,
  cpuSecondsPerGraphStep: inside.training / steps,
  loopOverhead: loop,
  checkpointShare: checkpoints,
};
const verdict = (value: number, target: number): string =>
  `${(value * 100).toFixed(2)} % (target <= ${target} %: ${value * 100 <= target ? 'met' : 'MISSED'})`;
if (values.json) console.log(JSON.stringify({ node: process.version, ...result }));
else {
  console.log(
    `${steps} steps of ${batch * CONTEXT} tokens: ${result.cpuSecondsPerStep.toFixed(3)} CPU-seconds a step, ` +
      `${result.cpuSecondsPerGraphStep.toFixed(3)} in the graph`,
  );
  console.log(`loop over the bare graph step  ${verdict(loop, 5)}`);
  console.log(`checkpoints, of the time       ${verdict(checkpoints, 2)}`);
}
if (loop > 0.05 || checkpoints > 0.02) process.exitCode = 1;
