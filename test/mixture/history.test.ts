import { describe, expect, it } from 'vitest';
import { epochOrder } from '../../src/mixture/epochs.ts';
import { checkHeader, mixHistory, replay } from '../../src/mixture/history.ts';
import type { LogLine, Losses } from '../../src/mixture/log.ts';
import { formatLine, logHeader, parseLog, weightsLine } from '../../src/mixture/log.ts';
import type { MixState, Slot } from '../../src/mixture/mix.ts';
import { drawStep, mixOf, startMix } from '../../src/mixture/mix.ts';
import type { Random } from '../../src/random.ts';
import { seededRandom } from '../../src/random.ts';
import { changing, constant, factsOf, reactive } from './toy.ts';

const LAG = 3;
const facts = factsOf([90, 40, 7], 8);
const mix = mixOf(reactive, facts);
const header = logHeader(mix, 1, LAG);

/** Losses of a step as its model would have them: a function of the step and of what was drawn. */
const lossesOf = (step: number, slots: readonly Slot[], model = 0): Losses =>
  [0, 1, 2].map((d) => {
    const n = slots.filter((s) => s.domain === d).length;
    return n === 0 ? null : 1 + ((step * 31 + d * 17 + n * 7 + model * 5) % 23) / 10;
  });

/** A feed with its log as a text, which a kill may cut anywhere. */
function feed(text: string) {
  const { lines, bytes } = parseLog(text);
  let log = text === '' ? formatLine(header) : text.slice(0, bytes);
  const history = mixHistory(mix, LAG);
  for (const line of lines) history.record(line);
  const write = (line: LogLine | undefined | null): void => {
    if (line) log += formatLine(line);
  };
  return {
    log: () => log,
    draw(step: number, countersEvery: number): { slots: readonly Slot[]; state: MixState } | { waitsFor: number } {
      const before = history.stateAt(step);
      if ('waitsFor' in before) return before;
      const drawn = history.draw(before);
      if ('waitsFor' in drawn) return drawn;
      const weights = weightsLine(step === 0 ? null : before, drawn.state);
      const counters: LogLine | null =
        drawn.state.step % countersEvery === 0 ? { type: 'counters', state: drawn.state } : null;
      for (const line of [weights, counters]) {
        if (!line) continue;
        write(line);
        history.record(line);
      }
      return drawn;
    },
    post: (step: number, losses: Losses) => write(history.post(step, losses)?.line),
    rewind: (step: number) => write(history.rewind(step).line),
  };
}

/** Slots and losses of an uninterrupted run; from step `change` on the model is another one. */
function uninterrupted(steps: number, modelAt: (step: number) => number) {
  const live = feed('');
  const slots: (readonly Slot[])[] = [];
  for (let step = 0; step < steps; step++) {
    const drawn = live.draw(step, 10);
    if ('waitsFor' in drawn) throw new Error(`waits for ${drawn.waitsFor}`);
    slots.push(drawn.slots);
    live.post(step, lossesOf(step, drawn.slots, modelAt(step)));
  }
  return slots;
}

describe('a trainer with kills and rewinds', () => {
  /** Trains `steps` steps; at random the server or the trainer is killed, and the trainer goes back to a checkpoint. */
  function interrupted(random: Random, steps: number, announced: boolean) {
    let live = feed('');
    let model = 0;
    const models: number[] = [];
    const slots: (readonly Slot[])[] = [];
    let [step, kills] = [0, 0];
    while (step < steps) {
      const drawn = live.draw(step, 5 + random.below(20));
      if ('waitsFor' in drawn) throw new Error(`step ${step} waits for ${drawn.waitsFor}`);
      slots[step] = drawn.slots;
      models[step] = model;
      const losses = lossesOf(step, drawn.slots, model);
      const before = live.log().length;
      live.post(step, losses);
      if (random.uniform() < 0.02) {
        // Killed while it writes the losses, before it has answered: the trainer posts them again.
        live = feed(live.log().slice(0, before + random.below(live.log().length - before + 1)));
        live.post(step, losses);
        kills++;
      }
      const durable = live.log().length;
      if (random.uniform() < 0.3) live.post(step, losses);
      step++;
      if (random.uniform() < 0.02) {
        // Killed after that: of what it has drawn ahead, any part may be in the log.
        for (let ahead = step; ahead < step + LAG; ahead++) live.draw(ahead, 2);
        live = feed(live.log().slice(0, durable + random.below(live.log().length - durable + 1)));
        kills++;
      }
      if (random.uniform() < 0.02) {
        step = Math.max(0, step - random.below(60));
        // What is done again may be done with other losses: the trainer's arithmetic changed with its ranks.
        if (random.uniform() < 0.5) model++;
        if (announced) live.rewind(step);
        kills++;
      }
    }
    return { slots, models, kills, log: live.log() };
  }

  it.each([
    ['announced', true],
    ['not announced', false],
  ])('gets the slots of an uninterrupted run with the same losses (rewinds %s)', (_, announced) => {
    let kills = 0;
    for (let seed = 0; seed < 60; seed++) {
      const run = interrupted(seededRandom(seed, 'kills'), 250, announced);
      const straight = uninterrupted(250, (step) => run.models[step]);
      expect(run.slots.slice(0, 250)).toEqual(straight);
      kills += run.kills;
      // A replay of the log alone comes to the same state.
      const { header: read, lines } = parseLog(run.log);
      const state = replay(mix, read!, lines, 200);
      const drawn = mixHistory(mix, LAG);
      for (const line of lines) if (line.type !== 'counters') drawn.record(line);
      expect(drawn.stateAt(200)).toEqual(state);
    }
    expect(kills).toBeGreaterThan(500);
  });

  it('gets every sequence of an epoch exactly once, over 10^6 draws with random weights', () => {
    const random = seededRandom(4, 'weights');
    const sequences = [120_011, 37_003, 9_001, 101];
    let weights = [1, 1, 1, 0.01];
    const wide = mixOf(
      changing(() => {
        if (random.uniform() < 0.1) weights = sequences.map((n) => n * Math.exp(2 * random.normal()));
        return weights;
      }),
      factsOf(sequences, 1000),
    );
    const orders = sequences.map((n, i) =>
      epochOrder({ seed: 9, domain: `d${i}`, windows: [Math.ceil(n / 3), Math.ceil(n / 2), n], sequences: n }),
    );
    const epochs = sequences.map((): number[] => []);
    const times = sequences.map((n) => new Uint32Array(n));
    let state = startMix(wide);
    for (let step = 0; step < 1000; step++) {
      const drawn = drawStep(wide, state);
      // Back to an earlier step and on again, from the state as JSON.
      if (step % 100 === 50) expect(drawStep(wide, JSON.parse(JSON.stringify(drawn.state))).slots).toHaveLength(1000);
      state = drawn.state;
      for (const { domain, ordinal } of drawn.slots) {
        const place = orders[domain](ordinal)!;
        times[domain][place.index]++;
        // No sequence comes again before every other one of its domain has come.
        if (times[domain][place.index] !== place.epoch + 1) epochs[domain].push(ordinal);
      }
    }
    expect(epochs).toEqual([[], [], [], []]);
    expect(state.drawn.reduce((a, b) => a + b)).toBe(1_000_000);
    for (const [i, n] of sequences.entries()) {
      const [least, most] = [Math.min(...chunked(times[i], Math.min)), Math.max(...chunked(times[i], Math.max))];
      expect([least, most]).toEqual([Math.floor(state.drawn[i] / n), Math.ceil(state.drawn[i] / n)]);
    }
  });
});

/** Least or most of parts, since a spread of a hundred thousand values is too many arguments. */
const chunked = (values: Uint32Array, of: (...values: number[]) => number): number[] =>
  Array.from({ length: Math.ceil(values.length / 1000) }, (_, i) => of(...values.subarray(i * 1000, (i + 1) * 1000)));

describe('losses', () => {
  it('act lag steps later, and a step waits for them', () => {
    const history = mixHistory(mix, LAG);
    let state = startMix(mix);
    for (let step = 0; step < LAG; step++) {
      const drawn = history.draw(state);
      if ('waitsFor' in drawn) throw new Error('waits');
      state = drawn.state;
    }
    expect(state.weights).toEqual([1 / 3, 1 / 3, 1 / 3]);
    expect(history.draw(state)).toEqual({ waitsFor: 0 });
    expect(history.stateAt(10)).toEqual({ waitsFor: 0 });
    expect(history.post(0, [2, 1, null])!.redrawFrom).toBe(null);
    const drawn = history.draw(state);
    expect('state' in drawn && drawn.state.weights.map((w) => Math.round(w * 1000))).toEqual([394, 303, 303]);
  });

  it('of the same step replace the first and make later ones void; equal ones change nothing', () => {
    const history = mixHistory(mix, LAG);
    for (let step = 0; step < 20; step++) history.post(step, [1, 2, 3]);
    expect(history.post(4, [1, 2, 3])).toBe(null);
    expect('step' in history.stateAt(23)).toBe(true);
    expect(history.post(4, [1, 2, 4])).toEqual({
      line: { type: 'losses', step: 4, losses: [1, 2, 4] },
      redrawFrom: 4 + LAG,
    });
    expect(history.stateAt(23)).toEqual({ waitsFor: 5 });
    expect('step' in history.stateAt(8)).toBe(true);
    expect(history.rewind(2)).toEqual({ line: { type: 'rewind', step: 2 }, redrawFrom: 2 + LAG });
    expect(history.stateAt(23)).toEqual({ waitsFor: 2 });
  });

  it.each([
    [
      [1, Number.NaN, 2],
      'losses of step 7: expected a finite number of 0 or more, or null where the step held none of the domain, ' +
        'got NaN for d1.',
    ],
    [[1, 2], 'losses of step 7: expected 3 losses, one for each of d0, d1, d2, got 2 losses.'],
    [[1, 2, Number.POSITIVE_INFINITY], 'got Infinity for d2.'],
  ])('that cannot be are refused: %j', (losses, message) => {
    expect(() => mixHistory(mix, LAG).post(7, losses)).toThrow(message);
  });

  it('do not matter to a scheduler that does not read them', () => {
    const still = mixOf(constant([2, 1, 1]), facts);
    const history = mixHistory(still, LAG);
    expect('step' in history.stateAt(50)).toBe(true);
    expect(history.post(3, [1, 1, 1])!.redrawFrom).toBe(null);
    expect(history.post(3, [1, 1, 2])!.redrawFrom).toBe(null);
    expect(history.rewind(1).redrawFrom).toBe(null);
  });

  it('cannot act on their own step', () => {
    expect(() => mixHistory(mix, 0)).toThrow('lag: expected a lag of 1 step or more, got 0');
  });
});

describe('the log', () => {
  const lines: LogLine[] = [
    { type: 'losses', step: 0, losses: [1, null, 2] },
    { type: 'weights', step: 3, weights: [0.5, 0.25, 0.25], lossWeights: null },
    { type: 'counters', state: startMix(mix) },
    { type: 'rewind', step: 0 },
  ];
  const text = [header, ...lines].map(formatLine).join('');

  it('reads back what was written, and leaves off a last line that is not whole', () => {
    expect(parseLog(text)).toEqual({ header, lines, bytes: text.length });
    expect(parseLog('')).toEqual({ header: null, lines: [], bytes: 0 });
    for (let cut = 1; cut < text.length; cut++) {
      const parsed = parseLog(text.slice(0, cut));
      expect(parsed.bytes).toBe(text.slice(0, cut).lastIndexOf('\n') + 1);
      expect(parsed.lines).toEqual(lines.slice(0, Math.max(0, text.slice(0, cut).split('\n').length - 2)));
    }
    expect(parseLog(`${text}{"type":"lo\n`)).toEqual({ header, lines, bytes: text.length });
  });

  it.each([
    ['{"type":"losses","step":1}', 'losses without a step, or with values for another number'],
    [
      '{"type":"losses","step":1,"losses":[1,2]}',
      'losses without a step, or with values for another number of domains',
    ],
    ['{"type":"losses","step":-1,"losses":[1,2,3]}', 'losses without a step'],
    ['{"type":"weights","step":1,"weights":[1,null,0]}', 'weights without a step'],
    ['{"type":"counters","state":{"step":1}}', 'counters without a step'],
    ['{"type":"rewind"}', 'rewind without a step'],
    ['{"type":"other"}', 'its type is not known'],
    ['{"type":"lo', 'it is not JSON'],
    ['null', 'it is not an object'],
  ])('refuses a damaged line in the middle, with its place: %s', (row, what) => {
    const damaged = `${formatLine(header)}${row}\n${formatLine(lines[0])}`;
    expect(() => parseLog(damaged)).toThrow('mixture.jsonl, line 2: expected a line as it was written');
    try {
      parseLog(damaged);
    } catch (error) {
      expect(error).toMatchObject({ parts: { problem: expect.stringContaining(what) } });
    }
  });

  it('is not gone on with for another mixture', () => {
    checkHeader(JSON.parse(JSON.stringify(header)), mix, 1, LAG);
    expect(() => checkHeader(header, mix, 2, LAG)).toThrow('the seed that this feed was begun with: 1, got 2');
    expect(() => checkHeader(header, mix, 1, 4)).toThrow('the lag that this feed was begun with: 3, got 4');
    expect(() => checkHeader(header, mixOf(constant([1, 1, 1]), facts), 1, LAG)).toThrow('got "constant"');
    expect(() => checkHeader(header, mixOf({ ...reactive, version: 2 }, facts), 1, LAG)).toThrow(
      'the version of the scheduler that this feed was begun with: 1, got 2',
    );
    expect(() => checkHeader(header, mixOf(reactive, factsOf([1, 2, 3], 16)), 1, LAG)).toThrow(
      'the number of sequences a step that this feed was begun with: 8, got 16',
    );
    // It saw no totals, so it does not matter that they are known now.
    checkHeader(logHeader(mixOf(reactive, factsOf([null, null, null], 8)), 1, LAG), mix, 1, LAG);
  });

  it('tells when a scheduler no longer decides as it did', () => {
    const history = mixHistory(mix, LAG);
    history.record({ type: 'weights', step: 0, weights: [0.5, 0.25, 0.25], lossWeights: null });
    expect(() => history.stateAt(1)).toThrow('expected 0.5, 0.25, 0.25, by which the step was drawn');
  });
});
