// Trains in a process that a test may kill: `train-child.mjs <run with tokens> <output>`. SLUICE_FAULTS as in
// failpoints.mjs. DIE_AT names an event and its step, at which the process kills itself: `step 7`, `saved 6`.
import './failpoints.mjs';
import { continual } from '../../dist/index.js';
import { bandit } from '../../dist/mixture/index.js';
import { openExecutor } from '../../dist/models/index.js';
import { train } from '../../dist/run/train/train.js';
import { schedules } from '../../dist/training/index.js';

const [input, output] = process.argv.slice(2);
const recipe = continual({
  name: 'mortal',
  model: { width: 16, layers: 1, heads: 2, context: 32 },
  mixture: bandit({ warmup: 2 }),
  training: {
    tokens: 16 * 4 * 32,
    context: 32,
    sequences: 4,
    learningRate: 1e-2,
    lag: 2,
    schedule: schedules.wsd({ warmup: 3 }),
  },
  heldOut: { tokens: 64, share: 0.1 },
  measureEvery: 6,
  checkpoints: { saveEvery: 3 },
});
train(recipe, {
  input: [input],
  output,
  executor: await openExecutor('onnxruntime-cpu', { threads: 1 }),
  onWarning: (text) => process.stderr.write(`warning ${text}\n`),
}).subscribe({
  next: (event) => {
    const step = event.type === 'measured' ? event.measurement.step : event.step;
    process.stdout.write(`${event.type} ${step ?? ''}\n`);
    if (process.env.DIE_AT === `${event.type} ${step}`) {
      process.kill(process.pid, 'SIGKILL');
      // The signal is on its way: nothing more may happen here.
      for (;;);
    }
  },
  error: (error) => {
    console.error(error);
    process.exit(1);
  },
});
