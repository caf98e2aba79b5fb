import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mixtureView } from '../../../src/ledger/live/mixture-view.ts';
import { readRecords, recordsNow } from '../../../src/ledger/live/records.ts';
import { readScalars } from '../../../src/ledger/live/scalars.ts';
import type { LogHeader, LogLine } from '../../../src/mixture/log.ts';
import { temporaryFolder } from '../../helpers/run.ts';

describe('the numbers of a training', () => {
  it('are read by column; a restart takes back what came after it, a torn line is passed over', async () => {
    const folder = await temporaryFolder();
    expect(await readScalars(folder)).toBe(null);
    const lines = ['step,loss,"loss/a, b"', '1,3,', '2,2.5,7', '3,2,8', '2,2.25,9', '4,1.5'];
    await writeFile(join(folder, 'scalars.csv'), lines.join('\n'));
    const found = (await readScalars(folder))!;
    expect(found.columns).toEqual(['step', 'loss', 'loss/a, b']);
    expect([found.rows, found.last]).toEqual([2, { step: 2, loss: 2.25, 'loss/a, b': 9 }]);
    const loss = found.curves.get('loss')!;
    expect([[...loss.x], [...loss.y]]).toEqual([
      [1, 2],
      [3, 2.25],
    ]);
    expect([...found.curves.get('loss/a, b')!.y]).toEqual([Number.NaN, 9]);
  });
});

describe('the mixture of a feed', () => {
  const header: LogHeader = {
    type: 'header',
    format: 1,
    scheduler: { name: 'bandit', version: 1, options: {} },
    seed: 1,
    lag: 2,
    facts: {
      domains: ['a', 'b'].map((name) => ({ name, tokens: 100, sequences: 10 })),
      contextLength: 10,
      sequencesPerStep: 2,
      steps: null,
    },
    limits: [null, null],
  };
  const weights = (step: number, a: number): LogLine => ({
    type: 'weights',
    step,
    weights: [a, 1 - a],
    lossWeights: null,
  });

  it('has the event that changed each weight, and forgets what a rewind takes back', () => {
    const lines: LogLine[] = [
      weights(0, 0.5),
      { type: 'losses', step: 0, losses: [3, null] },
      weights(2, 0.6),
      { type: 'losses', step: 2, losses: [2, 4] },
      weights(4, 0.9),
      { type: 'rewind', step: 4 },
      weights(5, 0.7),
    ];
    const { state, curves } = mixtureView({ header, lines, bytes: 0 })!;
    expect(state.changes).toEqual([
      { step: 5, weights: [0.7, 1 - 0.7], because: 'losses up to step 2' },
      { step: 2, weights: [0.6, 0.4], because: 'losses up to step 0' },
      { step: 0, weights: [0.5, 0.5], because: 'the beginning' },
    ]);
    expect(state.domains.map((d) => [d.domain, d.weight, d.loss])).toEqual([
      ['a', 0.7, 2],
      ['b', 1 - 0.7, 4],
    ]);
    const a = curves.get('weight/a')!;
    expect([[...a.x], [...a.y]]).toEqual([
      [0, 2, 5],
      [0.5, 0.6, 0.7],
    ]);
    expect(mixtureView({ header: null, lines: [], bytes: 0 })).toBe(null);
  });

  it('counts epochs, and holds a weight until the last step', () => {
    const counters = (step: number, drawn: number[]): LogLine => ({
      type: 'counters',
      state: { step, drawn, owed: [0, 0], weights: [0.5, 0.5], lossWeights: null, scheduler: null },
    });
    const { state, curves } = mixtureView({ header, lines: [weights(0, 0.5), counters(8, [5, 20])], bytes: 0 })!;
    expect(state.domains.map((d) => [d.epochs, d.sequences])).toEqual([
      [0.5, 5],
      [2, 20],
    ]);
    expect([...curves.get('weight/b')!.x]).toEqual([0, 7]);
  });
});

describe('events.jsonl', () => {
  it('is read past a line that a kill cut off', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'events.jsonl');
    const line = (t: number) => `${JSON.stringify({ record: 'phase', t, phase: 0 })}\n`;
    await writeFile(file, `${line(1)}{"record":"sam`);
    await appendFile(file, `\n${line(2)}`);
    const all = [];
    for await (const r of readRecords(folder)) all.push(r.t);
    expect(all).toEqual([1, 2]);
    expect(recordsNow(folder).map((r) => r.t)).toEqual([1, 2]);
    expect(recordsNow(join(folder, 'none'))).toEqual([]);
  });
});
