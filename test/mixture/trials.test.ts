import { describe, expect, it } from 'vitest';
import { solved } from '../../src/mixture/least-squares.ts';
import { calibratedSlopes, lossAtSize, predictMix } from '../../src/mixture/projektor.ts';
import { descend, projected } from '../../src/mixture/simplex.ts';
import { graphFromDrops, graphFromPairs } from '../../src/mixture/skill-graph.ts';
import { readTrials } from '../../src/mixture/trial-table.ts';
import { fitTrials, fromTrials } from '../../src/mixture/trials.ts';
import { seededRandom } from '../../src/random.ts';

const random = seededRandom(11, 'trials');
const mixture = (n: number): number[] => {
  const parts = Array.from({ length: n }, () => -Math.log(1 - random.uniform()));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((p) => p / sum);
};
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe('trials', () => {
  // Each domain lowers the loss less and less; the least loss is at shares of 1/2, 1/3 and 1/6.
  const lossOf = (w: readonly number[]) =>
    3 - 0.3 * Math.log(w[0] + 1e-3) - 0.2 * Math.log(w[1] + 1e-3) - 0.1 * Math.log(w[2] + 1e-3);
  const trials = Array.from({ length: 200 }, () => {
    const weights = mixture(3);
    return { weights, loss: lossOf(weights) + 0.01 * random.normal() };
  });

  it('predict mixtures that were not tried', () => {
    const fit = fitTrials(trials);
    for (let i = 0; i < 50; i++) {
      const weights = mixture(3);
      if (Math.min(...weights) > 0.02) expect(Math.abs(fit.predict(weights) - lossOf(weights))).toBeLessThan(0.05);
    }
    // Weights need not sum to 1.
    expect(fit.predict([2, 1, 1])).toBeCloseTo(fit.predict([0.5, 0.25, 0.25]), 12);
  });

  it('say which weights to take', () => {
    const weights = fromTrials(trials);
    expect(sum(weights)).toBeCloseTo(1, 9);
    for (const [i, best] of [1 / 2, 1 / 3, 1 / 6].entries()) expect(Math.abs(weights[i] - best)).toBeLessThan(0.06);
    expect(fromTrials(trials)).toEqual(weights);
    expect(lossOf(weights)).toBeLessThan(lossOf([1 / 3, 1 / 3, 1 / 3]));
  });

  it('must agree on the number of weights', () => {
    expect(() => fitTrials([{ weights: [1, 2], loss: 1 }])).toThrow('expected two trials or more');
    expect(() => fitTrials([...trials, { weights: [1], loss: 1 }])).toThrow('trial 200: ');
    expect(() => fitTrials([...trials, { weights: [1, 1, 1], loss: Number.NaN }])).toThrow('loss NaN');
  });

  it('are read from two tables', () => {
    const ratios = 'run,web,code\na,0.5,0.5\nb,1,0\n';
    const metrics = 'run,loss_a,loss_b\r\nb,3,4\r\na,1,2\r\n';
    expect(readTrials(ratios, metrics, 'loss_b')).toEqual({
      domains: ['web', 'code'],
      trials: [
        { weights: [0.5, 0.5], loss: 2 },
        { weights: [1, 0], loss: 4 },
      ],
    });
    expect(() => readTrials(ratios, metrics, 'loss_c')).toThrow('Did you mean loss_a?');
    expect(() => readTrials(`${ratios}c,x,1`, metrics, 'loss_a')).toThrow(
      "line 4 of the ratios: expected a number for web, got 'x'",
    );
    expect(() => readTrials(`${ratios}c,1`, metrics, 'loss_a')).toThrow(
      'line 4 of the ratios: expected 2 numbers, got 1',
    );
    expect(() => readTrials(`${ratios}c,1,1`, metrics, 'loss_a')).toThrow('expected a loss of run c, got none');
  });
});

describe('projektor', () => {
  const truth = (w: readonly number[], d: number) =>
    sum(w.map((p, i) => (0.5 * i * p * p + 0.3 * p + 0.1) * d + (i + 1) * p * p + 0.2 * i * p + 0.05));
  const distanceOf = (w: readonly number[]) => 2 + w[0] - 0.5 * w[1] * w[1];
  const pilots = Array.from({ length: 60 }, () => {
    const weights = mixture(3);
    const distance = distanceOf(weights) + 0.2 * random.normal();
    return { weights, distance, loss: truth(weights, distance) };
  });
  const model = predictMix(pilots);

  it('finds a loss of its form', () => {
    for (let i = 0; i < 20; i++) {
      const weights = mixture(3);
      expect(model.predict(weights, 2.1)).toBeCloseTo(truth(weights, 2.1), 3);
    }
  });

  it('knows its slopes along mixtures', () => {
    const [w, d, h] = [[0.5, 0.3, 0.2], 2, 1e-5];
    const distanceSlopes = [1, -0.3, 0.2];
    const slopes = model.slopes(w, d, distanceSlopes);
    const moved = (a: number) =>
      model.predict([w[0] + a, w[1] - a, w[2]], d + a * (distanceSlopes[0] - distanceSlopes[1]));
    expect(slopes[0] - slopes[1]).toBeCloseTo((moved(h) - moved(-h)) / (2 * h), 5);
  });

  it('goes down to the best mixture', () => {
    const lossOf = (w: readonly number[]) => ({
      value: w.reduce((s, p, i) => s + (i + 1) * p * p, 0),
      slope: w.map((p, i) => 2 * (i + 1) * p),
    });
    const best = descend(3, lossOf, { rate: 0.05, iterations: 500 });
    for (const [i, p] of [6 / 11, 3 / 11, 2 / 11].entries()) expect(best.weights[i]).toBeCloseTo(p, 4);
    // The authors' rate and number of iterations, from equal shares, only begin to move.
    expect(descend(3, lossOf).loss).toBeLessThan(2 / 3);
    // A step that is far too long is not taken for a better one.
    expect(descend(3, lossOf, { rate: 100, iterations: 3 }).loss).toBeLessThanOrEqual(2 / 3);
  });

  it('carries losses to a larger size in a line over the log of the size', () => {
    const pilots = [
      { size: 1000, loss: 3 },
      { size: 1500, loss: 2.9 },
    ] as const;
    expect(lossAtSize(1000, pilots)).toBeCloseTo(3, 12);
    expect(lossAtSize(1500, pilots)).toBeCloseTo(2.9, 12);
    expect(lossAtSize(2250, pilots)).toBeCloseTo(2.8, 12);
  });

  it('calibrates the potentials of the transport problem', () => {
    // 4 - (1 + 2 + 3) * 1 / 3, and 6 - 4 * 3 / 1.
    expect(calibratedSlopes([[4], [1, 2, 3]])).toEqual([2, -6]);
    expect(calibratedSlopes([[4, 5]])).toEqual([0]);
  });
});

describe('the nearest mixture', () => {
  it('is on the simplex and no other one is nearer', () => {
    expect(projected([0.2, 0.3, 0.5])).toEqual([0.2, 0.3, 0.5]);
    expect(projected([2, 0, 0])).toEqual([1, 0, 0]);
    for (const [i, want] of [0.75, 0.25, 0].entries()) expect(projected([1, 0.5, -1])[i]).toBeCloseTo(want, 12);
    for (let k = 0; k < 50; k++) {
      const point = Array.from({ length: 5 }, () => random.normal());
      const nearest = projected(point);
      expect(sum(nearest)).toBeCloseTo(1, 12);
      const far = (w: readonly number[]) => sum(w.map((x, i) => (x - point[i]) ** 2));
      for (let j = 0; j < 20; j++) expect(far(mixture(5))).toBeGreaterThanOrEqual(far(nearest) - 1e-12);
    }
  });
});

describe('least squares', () => {
  it('solves what it is given, and leaves out what is not there', () => {
    const x = solved(
      [
        [4, 2],
        [2, 3],
      ],
      [10, 9],
    );
    expect(x[0]).toBeCloseTo(1.5, 12);
    expect(x[1]).toBeCloseTo(2, 12);
    expect(
      solved(
        [
          [1, 1],
          [1, 1],
        ],
        [2, 2],
      ),
    ).toEqual([2, 0]);
  });
});

describe('a graph of skills', () => {
  it('holds how far each domain lowers the loss of the others', () => {
    expect(
      graphFromDrops(
        [4, 2],
        [
          [2, 2.2],
          [3, 1],
        ],
      ),
    ).toEqual([
      [0.5, 0],
      [0.25, 0.5],
    ]);
    expect(() => graphFromDrops([4, 2], [[2, 2]])).toThrow('expected 2 rows of 2 losses, got 1 rows');
  });

  it('has an edge where a pair is as fast as the domain alone, by the steps of that domain', () => {
    const alone = [
      [3, 2, 1],
      [5, 4, 3],
    ];
    // With domain 0, domain 1 is at 3 after 5 steps: 2.5 of its own. With domain 1, domain 0 is not at 1 in time.
    const pairs = [
      [null, [5, 4.6, 4.2, 3.6, 3, 2.8]],
      [[3, 2.9, 2.8, 2.7, 2.6, 2.5, 1], null],
    ];
    expect(graphFromPairs(alone, pairs)).toEqual([
      [1, 0.5],
      [0, 1],
    ]);
  });
});
