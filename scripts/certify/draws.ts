/**
 * Every sequence of an epoch exactly once: a feed whose weights are changed by losses at random, read by a number of
 * ranks that changes, killed (with the end of its log torn), and sent back to earlier steps, over a million draws. Each
 * draw is compared with that of a feed that nothing interrupts, and what was drawn in the end is counted.
 *
 *   npx tsx scripts/certify/draws.ts [--draws 1000000] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { epochOrder } from '../../src/mixture/epochs.ts';
import { mixHistory } from '../../src/mixture/history.ts';
import { formatLine, type LogLine, logHeader, parseLog, weightsLine } from '../../src/mixture/log.ts';
import { type DrawnStep, type MixState, mixOf, startMix } from '../../src/mixture/mix.ts';
import { bandit } from '../../src/mixture/schedulers/bandit.ts';
import { seededRandom } from '../../src/random.ts';

const { values } = parseArgs({
  options: { draws: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});
const PER_STEP = 100;
const LAG = 4;
const STEPS = Math.ceil(Number(values.draws) / PER_STEP);
const SEQUENCES = [60_011, 17_003, 4001, 101];
const mix = mixOf(bandit({ warmup: 10 }), {
  domains: SEQUENCES.map((n, i) => ({ name: `d${i}`, tokens: n * 128, sequences: n })),
  contextLength: 128,
  sequencesPerStep: PER_STEP,
  steps: null,
});
const orders = SEQUENCES.map((n, i) =>
  epochOrder({ seed: 9, domain: `d${i}`, windows: [Math.ceil(n / 3), Math.ceil(n / 2), n], sequences: n }),
);

/** What a trainer measures: a function of the step, so that a step done again has the same losses. */
const lossesOf = (step: number): number[] => {
  const random = seededRandom(Number(values.seed), `losses ${Math.floor(step / 7)}`);
  return SEQUENCES.map(() => 5 * random.uniform());
};

const known = (drawn: DrawnStep | { readonly waitsFor: number }): DrawnStep => {
  if ('waitsFor' in drawn) throw new Error(`the losses of step ${drawn.waitsFor} are missing`);
  return drawn;
};

/** Domain, epoch and index of each slot of a step, in slot order, as so many ranks get them. */
function slotsOf({ slots }: DrawnStep, world: number): string[] {
  const all: string[] = new Array(slots.length);
  for (let rank = 0; rank < world; rank++)
    for (let slot = rank; slot < slots.length; slot += world) {
      const { domain, ordinal } = slots[slot];
      const { epoch, index } = orders[domain](ordinal)!;
      all[slot] = `${domain}.${epoch}.${index}`;
    }
  return all;
}

/** One feed from its log alone; `kill` leaves what a crash would. */
class Trial {
  text = formatLine(logHeader(mix, 9, LAG));
  history = mixHistory(mix, LAG);
  state: MixState = startMix(mix);

  step(): DrawnStep {
    const before = this.state;
    const drawn = known(this.history.draw(before));
    this.state = drawn.state;
    const weights = weightsLine(before.step === 0 ? null : before, drawn.state);
    if (weights) this.#log(weights);
    if (drawn.state.step % 64 === 0) this.#log({ type: 'counters', state: drawn.state });
    return drawn;
  }

  post(step: number): void {
    const posted = this.history.post(step, lossesOf(step));
    if (posted) this.text += formatLine(posted.line);
  }

  kill(torn: string): void {
    const { lines, bytes } = parseLog(this.text + torn);
    this.text = this.text.slice(0, bytes);
    this.history = mixHistory(mix, LAG);
    for (const line of lines) this.history.record(line);
  }

  goBack(step: number, rewind: boolean): void {
    if (rewind) this.text += formatLine(this.history.rewind(step).line);
    const state = this.history.stateAt(step);
    if ('waitsFor' in state) throw new Error(`step ${step} waits for the losses of step ${state.waitsFor}`);
    this.state = state;
  }

  #log(line: LogLine): void {
    this.history.record(line);
    this.text += formatLine(line);
  }
}

const whole = new Trial();
const expected: string[] = [];
let changes = 0;
for (let step = 0; step < STEPS; step++) {
  const before = whole.state.weights;
  expected.push(slotsOf(whole.step(), 1).join());
  if (before.some((w, i) => w !== whole.state.weights[i])) changes++;
  whole.post(step);
}

const random = seededRandom(Number(values.seed), 'interruptions');
const trial = new Trial();
const last: string[] = [];
let [world, kills, rewinds, ranks, again, differ] = [1, 0, 0, 0, 0, 0];
for (let step = 0; step < STEPS; step++) {
  const got = slotsOf(trial.step(), world).join();
  if (got !== expected[step]) differ++;
  if (last[step] !== undefined) again += PER_STEP;
  last[step] = got;
  trial.post(step);
  const what = random.below(400);
  if (what < 4) {
    trial.kill(what < 2 ? '{"type":"losses","st' : '');
    kills++;
  }
  if (what < 8) {
    // The trainer's checkpoint is older than its last step.
    const to = Math.max(0, step + 1 - random.below(60));
    trial.goBack(to, what % 2 === 0);
    rewinds++;
    step = to - 1;
  } else if (what < 14) {
    world = 1 + random.below(9);
    ranks++;
  }
}

/** Times each sequence was drawn, counted over the last that was given of every step. */
const times = SEQUENCES.map((n) => new Uint32Array(n));
let early = 0;
for (const line of last)
  for (const slot of line.split(',')) {
    const [domain, epoch, index] = slot.split('.').map(Number);
    // Before every other one of its domain has come as often.
    if (times[domain][index]++ !== epoch) early++;
  }
let uneven = 0;
SEQUENCES.forEach((n, i) => {
  const drawn = times[i].reduce((a, b) => a + b, 0);
  for (const count of times[i]) if (count < Math.floor(drawn / n) || count > Math.ceil(drawn / n)) uneven++;
});
console.log(
  `${STEPS * PER_STEP} draws in ${STEPS} steps: weights changed ${changes} times, ${kills} kills, ` +
    `${rewinds} ways back (${again} draws done again), ${ranks} other numbers of ranks`,
);
console.log(`${differ} steps differ from the feed that nothing interrupts`);
console.log(`${early} sequences came again too early, ${uneven} came more or less often than the epochs say`);
process.exitCode = differ + early + uneven === 0 ? 0 : 1;
