import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refuseDeciding, refuseOtherInput } from '../../../src/cli/nodes/run-shard.ts';
import { shardChoice } from '../../../src/cli/nodes/shard-option.ts';
import { ConfigError } from '../../../src/errors.ts';
import type { FleetPhase } from '../../../src/run/nodes/fleet.ts';
import { indexedJob, jobNameOf, refuseName, storeEnvironment } from '../../../src/run/nodes/launch/kubernetes.ts';
import { submitRayJob } from '../../../src/run/nodes/launch/ray.ts';
import { phaseJob, queuedOf, ranges, type SlurmOptions } from '../../../src/run/nodes/launch/slurm.ts';

const slurm: SlurmOptions = {
  program: ['/usr/bin/node', '/opt/sluice/cli.js'],
  run: '/shared/an out',
  logs: '/shared/an out/tasks',
  arrayLimit: 1000,
  cpus: 4,
  memory: '1GB',
  ask: { task: 1466, finish: 1466 },
  time: '4:00:00',
  warnSeconds: 300,
  sbatch: ['--partition=cpu'],
};
const phase: FleetPhase = { name: 'split-0', tasks: 5000, splits: null, barrier: null, number: 0, round: null };

describe('the part of a process', () => {
  it.each([
    ['3/8', {}, { index: 3, count: 8 }],
    [
      undefined,
      {
        SLURM_ARRAY_TASK_ID: '2',
        SLURM_ARRAY_TASK_COUNT: '4',
        SLURM_ARRAY_TASK_MIN: '0',
        SLURM_ARRAY_TASK_MAX: '3',
      },
      { index: 2, count: 4 },
    ],
    [undefined, { JOB_COMPLETION_INDEX: '5', SLUICE_SHARDS: '8' }, { index: 5, count: 8 }],
    [undefined, { JOB_COMPLETION_INDEX: '5' }, { index: 5, count: 64 }],
    [undefined, {}, { index: 0, count: 1 }],
  ])('%s %j is %j', (given, env, choice) => {
    expect(shardChoice(given, 64, env)).toEqual(choice);
  });

  it('takes no option that the plan has decided', () => {
    const parsed = { input: [], set: [], limit: undefined, fresh: false, shard: '0/4', workers: '2', wait: true };
    expect(() => refuseDeciding('out', parsed)).not.toThrow();
    const given = { ...parsed, set: ['length.min_words=9'], limit: '5', sample: '1%', tokens: 'bytes', input: ['x'] };
    expect(() => refuseDeciding('out', { ...given, 'text-field': 'body' })).toThrow(
      'got --text-field, --set, --tokens, --limit, --sample',
    );
    expect(() => refuseDeciding('out', { ...parsed, limit: '5' })).toThrow('Leave it out. For another output plan');
  });

  it('reads what was planned, and nothing else', () => {
    const planned = [resolve('in/*.jsonl'), 's3://bucket/in/'];
    expect(() => refuseOtherInput('out', [], planned)).not.toThrow();
    expect(() => refuseOtherInput('out', ['./in/*.jsonl', 's3://bucket/in/'], planned)).not.toThrow();
    expect(() => refuseOtherInput('out', ['in/*.jsonl'], planned)).toThrow("got --input 'in/*.jsonl'");
    expect(() => refuseOtherInput('out', ['in/*.jsonl', 's3://other/in/'], planned)).toThrow(ConfigError);
  });

  it('is refused where it is none, and in an array with gaps', () => {
    expect(() => shardChoice('8/8', 64, {})).toThrow("0/8 to 7/8, got '8/8'");
    expect(() => shardChoice('4/4', 64, {})).toThrow('--shard 0/4 to 3/4; --shard 0/1 is everything');
    expect(() => shardChoice('0/0', 64, {})).toThrow("0/8 to 7/8, got '0/0'");
    const gaps = {
      SLURM_ARRAY_TASK_ID: '7',
      SLURM_ARRAY_TASK_COUNT: '2',
      SLURM_ARRAY_TASK_MIN: '3',
      SLURM_ARRAY_TASK_MAX: '7',
    };
    expect(() => shardChoice(undefined, 64, gaps)).toThrow('an array from 3 to 7 with 2 tasks');
    const refusal = (env: Record<string, string>) => () => shardChoice(undefined, 64, env);
    expect(refusal({ SLURM_ARRAY_TASK_ID: '1' })).toThrow(
      'SLURM_ARRAY_TASK_COUNT: expected a whole number, as the scheduler sets it, got a variable that is not set',
    );
    expect(
      refusal({ ...gaps, SLURM_ARRAY_TASK_ID: 'x', SLURM_ARRAY_TASK_MIN: '0', SLURM_ARRAY_TASK_MAX: '1' }),
    ).toThrow("SLURM_ARRAY_TASK_ID: expected a whole number, as the scheduler sets it, got 'x'");
    expect(refusal({ JOB_COMPLETION_INDEX: '64' })).toThrow('an index below 64, the number of shards, got 64');
    expect(refusal({ JOB_COMPLETION_INDEX: '1', SLUICE_SHARDS: 'all' })).toThrow('SLUICE_SHARDS: expected');
  });
});

describe('Slurm', () => {
  it('gets an array within its limit for more logical shards than that', () => {
    const all = Array.from({ length: 5000 }, (_, i) => i);
    const job = phaseJob(phase, all, new Set(), slurm)!;
    expect(job.args).toContain('--array=0-999');
    expect(job.args).toContain('--signal=B:USR1@300');
    expect(job.args).toContain('--mem=1466M');
    expect(job.args.at(-1)).toBe('--partition=cpu');
    expect(job.script).toContain(
      "/usr/bin/node /opt/sluice/cli.js run '/shared/an out' --phase split-0 --workers 4 --memory 1GB " +
        '--shard "$SLURM_ARRAY_TASK_ID/1000" &',
    );
  });

  it('gets the array tasks of missing shards only, less those in the queue', () => {
    const queued = queuedOf(
      [
        '12|7|sluice-split-0|None|sluice:/shared/an out',
        '12|8|sluice-split-0|None|sluice:/another',
        '12|9|sluice-split-0|DependencyNeverSatisfied|sluice:/shared/an out',
        '13|N/A|x|Priority|',
      ],
      slurm.run,
    ).get('sluice-split-0')!;
    expect([...queued.ids]).toEqual(['12']);
    const job = phaseJob(phase, [7, 1003, 2003, 4008, 4009], queued.tasks, slurm)!;
    expect(job.args).toContain('--array=3,8-9');
    expect(phaseJob(phase, [7, 1007], queued.tasks, slurm)).toBeNull();
    expect(ranges([0, 1, 2, 5, 7, 8])).toBe('0-2,5,7-8');
  });
});

describe('Kubernetes', () => {
  it('gets an Indexed Job of as many pods as parts', () => {
    const options = {
      name: 'x',
      image: 'i',
      program: ['sluice'],
      run: '/shared/out',
      stored: false,
      volume: { claim: 'v', mount: '/shared' },
      secret: null,
      pods: 16,
      cpus: 4,
      memory: '1GB',
      env: {},
    };
    expect(indexedJob(options, 1536)).toMatchObject({
      kind: 'Job',
      spec: {
        completions: 16,
        completionMode: 'Indexed',
        podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] },
        template: {
          spec: {
            containers: [
              {
                command: ['sluice', 'run', '/shared/out', '--wait', '--workers', '4', '--memory', '1GB'],
                env: [{ name: 'SLUICE_SHARDS', value: '16' }],
                resources: { limits: { memory: '1536Mi' } },
              },
            ],
          },
        },
      },
    });
  });
});

describe('a run in a store on Kubernetes', () => {
  it('gets a disk of its own, and the place of the store', () => {
    const env = storeEnvironment({ AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: '', AWS_SECRET_ACCESS_KEY: 's' });
    expect(env).toEqual({ AWS_REGION: 'eu-west-1' });
    const where = { name: 'x', image: 'i', program: ['sluice'], run: 's3://b/out', stored: true, volume: null };
    const job = indexedJob({ ...where, secret: 'aws', pods: 2, cpus: 1, memory: '1GB', env }, 1536);
    const containers = [
      {
        env: [
          { name: 'SLUICE_SHARDS', value: '2' },
          { name: 'SLUICE_CACHE', value: '/cache' },
          { name: 'AWS_REGION', value: 'eu-west-1' },
        ],
        envFrom: [{ secretRef: { name: 'aws' } }],
        volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
      },
    ];
    expect(job).toMatchObject({ spec: { template: { spec: { containers, volumes: [{ emptyDir: {} }] } } } });
  });

  it('has a name of its own, a DNS label', () => {
    expect(jobNameOf('s3://Bucket/runs/one')).toMatch(/^sluice-s3-bucket-runs-one-[0-9a-f]{8}$/);
    expect(jobNameOf('/a/out')).not.toBe(jobNameOf('/b/out'));
    for (const run of ['/shared/out', '/', `/${'long_name/'.repeat(20)}`, '/資料'])
      expect(() => refuseName(jobNameOf(run), 1_000_000)).not.toThrow();
    for (const name of ['Bad Name', '-a', 'a-', 'a.b', 'a'.repeat(61), ''])
      expect(() => refuseName(name, 64)).toThrow('--name: expected a DNS label of at most 60 characters');
    expect(() => refuseName('a'.repeat(60), 64)).not.toThrow();
  });
});

describe('Ray', () => {
  it('gets a job once, without the headers of a browser', async () => {
    const jobs = new Map<string, string>();
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (d: Buffer) => {
        body += d.toString();
      });
      request.on('end', () => {
        if (Object.keys(request.headers).some((h) => h.startsWith('sec-fetch'))) response.statusCode = 405;
        else if (request.method === 'GET') response.statusCode = jobs.has(request.url!.split('/').at(-1)!) ? 200 : 404;
        else {
          const job = JSON.parse(body) as { submission_id: string; entrypoint: string };
          jobs.set(job.submission_id, job.entrypoint);
        }
        response.end('{}');
      });
    });
    await new Promise<void>((ok) => server.listen(0, '127.0.0.1', ok));
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const job = { submissionId: 'sluice-out-0', command: ['sluice', 'run', '/a b'], cpus: 4 };
      expect(await submitRayJob(address, job)).toBe(true);
      expect(await submitRayJob(address, job)).toBe(false);
      expect([...jobs]).toEqual([['sluice-out-0', "sluice run '/a b'"]]);
    } finally {
      server.close();
    }
  });
});
