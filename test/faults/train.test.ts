import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenStore } from '../helpers/feed.ts';
import { temporaryFolder } from '../helpers/run.ts';
import { type Faults, linesOf } from './harness.ts';

const child = join(import.meta.dirname, 'train-child.mjs');

interface End {
  readonly killed: boolean;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function trainIn(store: string, output: string, env: { DIE_AT?: string; faults?: Faults } = {}): Promise<End> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const { faults, ...rest } = env;
  const started = spawn(process.execPath, [child, store, output], {
    env: { ...inherited, ...rest, SLUICE_FAULTS: faults ? JSON.stringify(faults) : '' },
  });
  const said = { stdout: '', stderr: '' };
  started.stdout.on('data', (d: Buffer) => {
    said.stdout += d.toString();
  });
  started.stderr.on('data', (d: Buffer) => {
    said.stderr += d.toString();
  });
  return new Promise((resolve, reject) => {
    started.on('error', reject);
    started.on('close', (code, signal) => resolve({ killed: signal === 'SIGKILL', code, ...said }));
  });
}

/** What a finished training promises: weights, every number of every step but speed, measurements. */
function promised(output: string): string[] {
  const file = (name: string): string => readFileSync(join(output, name)).toString('latin1');
  const steps = file('scalars.csv')
    .split('\n')
    .map((line) => line.split(',').toSpliced(5, 1).join(','))
    .join('\n');
  return [file('model/model.safetensors'), steps, file('measurements.csv')];
}

const checkpointsIn = (output: string): string[] => readdirSync(join(output, 'checkpoints')).sort();

describe('a training whose mixture follows its losses', () => {
  let store = '';
  let whole: string[] = [];
  let shared = '';
  beforeAll(async () => {
    shared = await mkdtemp(join(tmpdir(), 'sluice-faults-'));
    store = await tokenStore(shared);
    const end = await trainIn(store, join(shared, 'whole'));
    expect({ code: end.code, stderr: end.stderr }).toEqual({ code: 0, stderr: '' });
    whole = promised(join(shared, 'whole'));
  });
  afterAll(() => rm(shared, { recursive: true, force: true }));

  it('killed at any event, again and again, ends with the same weights', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'torn');
    for (const DIE_AT of ['measured 0', 'saved 3', 'step 5', 'measured 16', 'saved 16']) {
      const end = await trainIn(store, output, { DIE_AT });
      expect({ DIE_AT, killed: end.killed, stderr: end.stderr }).toEqual({ DIE_AT, killed: true, stderr: '' });
    }
    expect((await trainIn(store, output)).stdout).toMatch(/finished/);
    expect(promised(output)).toEqual(whole);
    expect(checkpointsIn(output).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('killed in the middle of calls that change the disk ends with the same weights', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'torn');
    const checkpoint = (step: number): string => `checkpoints/step-0000000${step}.safetensors`;
    // By name, one in every kind of call, in the order in which a training gets there.
    const sites = [
      'write feed/mixture.jsonl 3',
      `write ${checkpoint(3)}.tmp 1`,
      `rename ${checkpoint(6)}`,
      `fsync-folder checkpoints after ${checkpoint(9)}`,
      `rm ${checkpoint(6)}`,
      'rename model/model.safetensors',
    ];
    const file = join(folder, 'seen');
    const only = `^(${sites.map((site) => site.replaceAll('.', String.raw`\.`)).join('|')})$`;
    const faults: Faults = { root: output, mode: 'chain', file, only };
    for (const [kills, site] of sites.entries()) {
      const { killed, stderr } = await trainIn(store, output, { faults });
      expect({ site, killed, stderr }).toEqual({ site, killed: true, stderr: '' });
      expect(linesOf(file)).toEqual(sites.slice(0, kills + 1));
    }
    const end = await trainIn(store, output, { faults });
    expect({ killed: end.killed, code: end.code, stderr: end.stderr }).toEqual({ killed: false, code: 0, stderr: '' });
    expect(promised(output)).toEqual(whole);
  });

  it('goes on from the checkpoint before a damaged one, and says so', async () => {
    const folder = await temporaryFolder();
    const output = join(folder, 'torn');
    await trainIn(store, output, { DIE_AT: 'step 11' });
    const [before, newest] = checkpointsIn(output).slice(-2);
    truncateSync(join(output, 'checkpoints', newest), 5000);
    const end = await trainIn(store, output);
    expect(end.code).toBe(0);
    const step = (name: string): number => Number(/\d+/.exec(name)![0]);
    expect(end.stderr).toContain(
      `warning the checkpoint of step ${step(newest)} is damaged, going on from step ${step(before)}: `,
    );
    expect(promised(output)).toEqual(whole);
  });

  it('without room for a checkpoint stops with the one before, and with room goes on', async (t) => {
    const folder = await temporaryFolder();
    const disk = join(folder, 'disk');
    await mkdir(disk);
    const mount = (...args: string[]) => spawnSync('mount', args, { encoding: 'utf8' });
    const made = mount('-t', 'tmpfs', '-o', 'size=400k', 'none', disk);
    t.skip(made.status !== 0, `no right to mount a small disk: ${made.stderr?.trim() || made.error?.message}`);
    try {
      const output = join(disk, 'out');
      const end = await trainIn(store, output);
      expect(end.code).toBe(1);
      expect(end.stderr).toMatch(/InputError: .*checkpoints\/step-\d+\.safetensors: .*a full disk \(ENOSPC\)/);
      expect(checkpointsIn(output).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      expect(checkpointsIn(output).length).toBeGreaterThan(0);
      expect(mount('-o', 'remount,size=64m', disk).status).toBe(0);
      expect((await trainIn(store, output)).code).toBe(0);
      expect(promised(output)).toEqual(whole);
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});
