import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askedNow } from '../../../src/cli/nodes/slurm-asked.ts';
import { jobMebibytes } from '../../../src/run/nodes/launch/job-memory.ts';
import { finishJob, type SlurmOptions } from '../../../src/run/nodes/launch/slurm.ts';
import { slurmScript } from '../../../src/run/nodes/launch/slurm-script.ts';
import { limitSeconds, refuseOwnOptions, refuseShortLimit } from '../../../src/run/nodes/launch/slurm-time.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice slurm-'));
  writeFileSync(join(folder, 'scontrol'), '#!/bin/sh\necho "$*"\nexit $REFUSED\n', { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Exit code of a task whose command is this, and what was asked of scontrol. */
function task(command: string, options: { refused?: boolean; failures?: string } = {}): [number | null, string] {
  const script = slurmScript(command, `'${join(folder, options.failures ?? 'x.failed')}'`);
  const PATH = `${folder}:${process.env.PATH}`;
  const env = { PATH, REFUSED: options.refused ? '1' : '0', SLURM_JOB_ID: '9', SLURM_RESTART_COUNT: '7' };
  const { status, stdout } = spawnSync('sh', ['-c', script], { env, encoding: 'utf8' });
  return [status, stdout.trim()];
}

const failed = (): string | null => (existsSync(join(folder, 'x.failed')) ? read() : null);
const read = (): string => readFileSync(join(folder, 'x.failed'), 'utf8');

describe('the script of a task', () => {
  it('is queued again at every time limit, and never ends well where that is refused', () => {
    for (let i = 0; i < 4; i++) expect(task("sh -c 'exit 130'")).toEqual([0, 'requeue 9']);
    expect(failed()).toBeNull();
    expect(task("sh -c 'exit 130'", { refused: true })).toEqual([130, 'requeue 9']);
    expect(task("sh -c 'exit 1'", { refused: true })).toEqual([1, 'requeue 9']);
    rmSync(join(folder, 'x.failed'));
  });

  it('is tried three times where it fails, or is killed for its memory, and counts nothing else', () => {
    const killed = "sh -c 'kill -9 $$'";
    expect(task(killed)).toEqual([0, 'requeue 9']);
    expect(failed()).toBe('137\n');
    expect(task("sh -c 'exit 130'")).toEqual([0, 'requeue 9']);
    expect(task("sh -c 'exit 1'")).toEqual([0, 'requeue 9']);
    expect(failed()).toBe('137\n1\n');
    expect(task("sh -c 'exit 139'")).toEqual([139, '']);
    // The next retry begins anew.
    expect(failed()).toBeNull();
    expect(task(killed)).toEqual([0, 'requeue 9']);
    expect(task('true')).toEqual([0, '']);
    expect(failed()).toBeNull();
  });

  it('is not tried again where that cannot help, or cannot be counted', () => {
    for (const code of [2, 3, 4]) expect(task(`sh -c 'exit ${code}'`)).toEqual([code, '']);
    expect(task("sh -c 'exit 1'", { failures: 'no/such/x.failed' })).toEqual([1, '']);
  });

  it('hands a signal on, and waits for the process', () => {
    const command = `sh -c 'trap "exit 130" USR1; kill -USR1 $PPID; while :; do :; done'`;
    expect(task(command)).toEqual([0, 'requeue 9']);
    expect(failed()).toBeNull();
  });
});

describe('what Slurm is asked for', () => {
  it.each([
    ['90', 5400],
    ['2:00', 120],
    ['4:00:00', 14_400],
    ['2-0', 172_800],
    ['1-2:30', 95_400],
    ['1-0:0:5', 86_405],
    ['0', null],
    ['UNLIMITED', null],
  ])('a limit of %s is %s seconds', (text, seconds) => {
    expect(limitSeconds(text)).toBe(seconds);
  });

  it('refuses a limit that leaves no time, and one of a wrong form', () => {
    for (const wrong of ['banana', '4h', '1:2:3:4', '', '-5'])
      expect(() => limitSeconds(wrong)).toThrow('--time: expected a time limit as sbatch takes it');
    expect(() => refuseShortLimit('2:00', 300)).toThrow('expected a limit of 420 seconds or more');
    expect(() => refuseShortLimit('6:59', 300)).toThrow('Give a --time of 7 (minutes) or more');
    expect(() => refuseShortLimit('7', 300)).not.toThrow();
    expect(() => refuseShortLimit('0', 300)).not.toThrow();
    const values = { 'array-limit': undefined, cpus: undefined, memory: undefined, warn: undefined, sbatch: [] };
    expect(() => askedNow({ ...values, time: '5' }, {})).toThrow('--time');
    expect(askedNow({ ...values, time: undefined }, { time: '9', warnSeconds: 60 })).toMatchObject({ time: '9' });
  });

  it('takes no option of sbatch that it sets itself', () => {
    for (const own of ['--time=5', '-t5', '--signal=USR1@5', '--array=0-3', '--no-requeue', '--comment=x'])
      expect(() => refuseOwnOptions(['--partition=cpu', own])).toThrow(`got ${own}`);
    expect(() => refuseOwnOptions(['--mem=8G', '--account=x', '--time-min=5'])).not.toThrow();
  });

  it('is memory for the budget, models, Node and threads, unless --sbatch says how much', () => {
    expect(jobMebibytes({ memory: 1e9, cpus: 4, models: false })).toBe(1466);
    expect(jobMebibytes({ memory: 1e9, cpus: 8, models: true })).toBe(1908 + 512 + 256);
    const options = { program: ['sluice'], run: '/out', logs: '/out/tasks', arrayLimit: 1000, cpus: 4, memory: '1GB' };
    const given = { ...options, ask: { task: 2000, finish: 1466 }, time: '90', warnSeconds: 300 };
    const args = (sbatch: SlurmOptions['sbatch']): readonly string[] => finishJob({ ...given, sbatch }).args;
    expect(args([])).toContain('--mem=1466M');
    expect(args(['--mem-per-cpu=2G']).filter((a) => a.startsWith('--mem'))).toEqual(['--mem-per-cpu=2G']);
  });
});
