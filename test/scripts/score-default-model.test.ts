import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { areaUnderCurve, areaWithin, intervalOf, intervalOfDifference } from '../../scripts/area-under-curve.ts';
import { markdownOf, type Row } from '../../scripts/reproduce/perplexity-pruning/noise-report.ts';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { reference } from '../../src/training/reference.ts';
import { trainReference } from '../../src/training/train-reference.ts';
import { temporaryFolder } from '../helpers/run.ts';
import { generatedCorpus } from './generated-corpus.ts';

describe('score of a model against spoilt text', () => {
  it('is the chance that noise has the greater value', () => {
    expect(areaUnderCurve([3, 4], [1, 2])).toBe(1);
    expect(areaUnderCurve([1, 2], [1, 2])).toBe(0.5);
    expect(areaUnderCurve([2, 5], [3, 3])).toBe(0.5);
    expect(areaUnderCurve([1, 1, 4], [1, 2])).toBeCloseTo((0.5 + 0.5 + 2) / 6);
    // Of the first group all three pairs that are not equal are right, of the second none.
    expect(areaWithin([5, 4, 0], [1, 4, 3], ['a', 'a', 'b'])).toBeCloseTo((3 + 0.5 + 0) / 5);
    const interval = { paired: true, seed: 1, rounds: 50 };
    const apart = { high: [3, 4, 5], low: [0, 1, 2] };
    expect(intervalOf(apart, interval)).toEqual({ low: 1, high: 1 });
    expect(intervalOfDifference(apart, apart, interval)).toEqual({ low: 0, high: 0 });
    expect(intervalOfDifference(apart, { high: apart.low, low: apart.high }, interval)).toEqual({ low: 1, high: 1 });
  });

  it('judges on pairs that the model has not seen', async () => {
    const folder = await temporaryFolder();
    const input = [await generatedCorpus(folder)];
    const output = join(folder, 'model');
    const recipe = reference({
      name: 'tiny',
      domains: ['books', 'news'],
      shares: { train: 0.5, heldOut: 0.05 },
      model: { width: 16, layers: 1, heads: 2, context: 64 },
      training: { tokens: 2048, rows: 4, evaluateEvery: 100, heldOutTokens: 256 },
    });
    await lastValueFrom(trainReference(recipe, { executor: await onnxruntimeNode(), input, output }));
    const args = ['--import', 'tsx', resolve('scripts/score/default-model.ts'), output, '--json', '--input', input[0]];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stderr).toContain('6-gram model over bytes');
    expect(status).toBe(0);
    const { rows } = JSON.parse(stdout) as {
      rows: Row[];
    };
    expect(rows.map((r) => r.kind)).toEqual([
      'spun_text',
      'made here: all words shuffled',
      'made here: a fifth of the words shuffled',
    ]);
    // 60 noisy documents are made from 20 of 80 groups; about half of them were trained on.
    expect(rows[0].pairs).toBeGreaterThan(9);
    expect(rows[0].pairs).toBeLessThan(51);
    expect(rows[0].scores.map((s) => s.name).slice(0, 3)).toEqual(['model', 'model, cached', 'gzip ratio']);
    expect(rows[0].scores.length).toBe(13);
    for (const { auc, low, high } of rows.flatMap((r) => r.scores)) {
      expect(low).toBeLessThanOrEqual(auc);
      expect(high).toBeGreaterThanOrEqual(auc);
    }
    for (const { own, other, table, difference, low, high } of rows.flatMap((r) => r.standings)) {
      expect(own).toMatch(/^model/);
      expect(other).not.toMatch(/^model/);
      expect(['mean', 'highest']).toContain(table);
      expect(low).toBeLessThanOrEqual(difference);
      expect(high).toBeGreaterThanOrEqual(difference);
    }
    // Shuffled words are never easier to pack, on average.
    const gzip = rows[1].scores[2];
    expect(gzip.inPairs).toBeGreaterThan(0.5);
    const table = markdownOf(rows);
    expect(table.match(/^\| spun_text \| \d+ pairs \|( [^|]+ \|)+$/gm)).toHaveLength(4);
    expect(table).not.toMatch(/NaN|undefined|null/);
  });
});
