import { readFileSync, writeFileSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { floatTensor } from '../../../src/models/tensor.ts';
import { BEGINNING, type Checkpoint, readCheckpoint } from '../../../src/training/checkpoint.ts';
import { Checkpoints, keptSteps } from '../../../src/training/continual/checkpoints.ts';
import type { Measurement } from '../../../src/training/training-types.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const measured = (step: number, bitsPerByte: number | null): Measurement => ({
  step,
  tokensSeen: step * 10,
  trainLoss: 1,
  bitsPerByte,
  byDomain: {},
});

const checkpointAt = (step: number, measurements: readonly Measurement[] = []): Checkpoint => ({
  state: new Map([
    ['w', floatTensor([2], [step, -1.5])],
    ['adam.m.w', floatTensor([2], [0, 3])],
  ]),
  progress: { ...BEGINNING, step, tokensSeen: step * 10, measurements, source: { drawn: [step] } },
});

describe('checkpoints that are kept', () => {
  const steps = [10, 20, 30, 40, 50];

  it.each([
    ['the last two', {}, [], [40, 50]],
    ['never fewer than two', { last: 1 }, [], [40, 50]],
    ['the best', {}, [measured(10, 2.5), measured(20, 2), measured(30, 2.1)], [20, 40, 50]],
    ['the first of equal ones', {}, [measured(10, 2), measured(20, 2)], [10, 40, 50]],
    ['no best where that is not wanted', { best: false }, [measured(10, 1)], [40, 50]],
    ['none for what was not measured', {}, [measured(10, null), measured(25, 1)], [40, 50]],
    ['those of every so many steps', { every: 20 }, [], [20, 40, 50]],
  ] as const)('%s', (_, retention, measurements, kept) => {
    expect(keptSteps(steps, [...measurements], retention)).toEqual(kept);
  });

  it('come back as they were written', async () => {
    const folder = await temporaryFolder();
    const checkpoints = await Checkpoints.open(folder, {});
    const one = checkpointAt(7, [measured(5, 2.25)]);
    await checkpoints.save(one);
    expect(await checkpoints.newest(() => expect.unreachable())).toEqual(one);
    expect(await readdir(folder)).toEqual(['step-00000007.safetensors']);
  });

  it('are removed when newer ones are there, never before; what was left half written goes at the start', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'step-00000001.safetensors.0123456789ab.tmp'), 'half');
    await writeFile(join(folder, 'step-00000001.safetensors.note'), 'not ours');
    const checkpoints = await Checkpoints.open(folder, {});
    const measurements = [measured(1, 1)];
    for (const step of [1, 2, 3, 4]) await checkpoints.save(checkpointAt(step, measurements));
    expect(await checkpoints.steps()).toEqual([1, 3, 4]);
    expect((await readdir(folder)).filter((n) => n.includes('.safetensors.'))).toEqual([
      'step-00000001.safetensors.note',
    ]);
    // Gone on from step 1, since those after it were damaged.
    await checkpoints.save(checkpointAt(2, measurements));
    expect(await checkpoints.steps()).toEqual([1, 2]);
  });
});

describe('a damaged checkpoint', () => {
  const damages: readonly (readonly [what: string, change: (bytes: Buffer) => Buffer, says: RegExp])[] = [
    ['cut off', (b) => b.subarray(0, b.length - 3), /file of \d+ bytes, by its header/],
    ['empty', () => Buffer.alloc(0), /at least 8 bytes/],
    [
      'with another weight',
      (b) => Buffer.concat([b.subarray(0, -4), Buffer.from(Float32Array.of(9).buffer)]),
      /contents of hash [0-9a-f]{16}, got others/,
    ],
    ['with another step', (b) => Buffer.from(b.toString('latin1').replace('20', '21'), 'latin1'), /got others/],
  ];

  it.each(damages)('%s: the one before is used, said aloud', async (_, change, says) => {
    const folder = await temporaryFolder();
    const checkpoints = await Checkpoints.open(folder, {});
    await checkpoints.save(checkpointAt(1));
    await checkpoints.save(checkpointAt(20));
    writeFileSync(checkpoints.pathOf(20), change(readFileSync(checkpoints.pathOf(20))));
    const said: string[] = [];
    expect((await checkpoints.newest((text) => said.push(text)))?.progress.step).toBe(1);
    expect(said).toEqual([expect.stringMatching(/^the checkpoint of step 20 is damaged, going on from step 1: /)]);
    expect(said[0]).toMatch(says);
  });

  it('with none that can be read before it is refused; no checkpoint at all is the beginning', async () => {
    const folder = await temporaryFolder();
    const checkpoints = await Checkpoints.open(folder, {});
    expect(await checkpoints.newest(() => expect.unreachable())).toBeNull();
    writeFileSync(checkpoints.pathOf(5), 'torn');
    const said: string[] = [];
    await expect(checkpoints.newest((text) => said.push(text))).rejects.toThrow(/that can be read, got 1 damaged/);
    expect(said[0]).toContain('there is none before it');
  });

  it('of a later version, or another safetensors file, says what it is', async () => {
    const folder = await temporaryFolder();
    const checkpoints = await Checkpoints.open(folder, {});
    await checkpoints.save(checkpointAt(1));
    const path = checkpoints.pathOf(1);
    const text = readFileSync(path, 'latin1');
    writeFileSync(path, text.replace('"sluice_checkpoint":"1"', '"sluice_checkpoint":"2"'), 'latin1');
    await expect(readCheckpoint(path)).rejects.toThrow(/got format 2, of a later version of Sluice/);
    writeFileSync(path, text.replace('sluice_checkpoint', 'sluice_something_'), 'latin1');
    await expect(readCheckpoint(path)).rejects.toThrow(/got another safetensors file/);
  });
});
